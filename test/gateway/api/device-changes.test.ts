/** Changing one device over HTTP: its description, against lost updates; its life; its trail. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeEach(async () => {
  world = new ApiWorld();
  const { registry } = world.context;
  await registry.add({ enterprise: 'acme', device: 'box', kind: 'gateway' });
  await registry.add({ enterprise: 'acme', device: 'm', profile: 'env-sensor', serial: 'sn-1' });
});
afterEach(() => world.close());

const url = '/api/v1/devices/acme.m';
const patch = (payload: object, ifMatch?: string) =>
  world.ask('PATCH', url, {
    payload,
    headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
  });
const tag = async () => String((await world.ask('GET', url)).headers.etag);
const post = (event: string, payload?: object) =>
  world.ask('POST', `${url}/${event}`, payload === undefined ? {} : { payload });

describe('PATCH', () => {
  it('changes what it names, and answers the device with its new tag', async () => {
    const before = await tag();
    const answer = await patch({ district: 'wujin', gateway: 'box' });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      id: 'acme.m',
      profile: 'env-sensor',
      district: 'wujin',
      gateway: 'box',
      serial: 'sn-1',
    });
    expect(answer.headers.etag).toBe(await tag());
    expect(answer.headers.etag).not.toBe(before);
    expect(world.onboarding.told).toEqual(['identity acme.m']);
    const without = await patch({ gateway: null, serial: null });
    expect(without.json()).toMatchObject({ gateway: null, serial: null, district: 'wujin' });
  });

  it('leaves the session alone when only the serial changes', async () => {
    await patch({ serial: 'sn-2' });
    expect(world.onboarding.told).toEqual(['directory acme.m']);
  });

  it('is refused when somebody else was faster', async () => {
    const read = await tag();
    expect((await patch({ district: 'wujin' }, read)).statusCode).toBe(200);
    const late = await patch({ district: 'xinbei' }, read);
    expect(late.statusCode).toBe(412);
    expect(late.json().code).toBe('api.version-mismatch');
    expect((await world.ask('GET', url)).json().district).toBe('wujin');
  });

  it('lets one of two at the same moment win', async () => {
    const read = await tag();
    const answers = await Promise.all([
      patch({ district: 'wujin' }, read),
      patch({ district: 'xinbei' }, read),
    ]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 412]);
  });

  it.each([
    ['*', 200],
    ['"nonsense", {tag}', 200],
    ['W/{tag}', 412],
    ['"nonsense"', 412],
    ['""', 412],
    ['{tag}, ', 400],
    ['1', 400],
    ['', 400],
  ])('with If-Match %s answers %i', async (header, status) => {
    const answer = await patch({ district: 'wujin' }, header.replace('{tag}', await tag()));
    expect(answer.statusCode).toBe(status);
  });

  it.each([
    [{ profile: 'nothing' }, 400, 'registry.unknown-profile'],
    [{ gateway: 'm2' }, 400, 'registry.unknown-gateway'],
    [{ industry: 'steel' }, 400, 'registry.device-invalid'],
    [{ enterprise: 'beta' }, 400, 'api.bad-request'],
    [{ state: 'active' }, 400, 'api.bad-request'],
    [[], 400, 'api.bad-request'],
  ])('refuses %j', async (body, status, code) => {
    const answer = await patch(body);
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(world.onboarding.told).toEqual([]);
  });

  it('does not make what is not there', async () => {
    const answer = await world.ask('PATCH', '/api/v1/devices/acme.none', {
      payload: { district: 'wujin' },
      headers: { 'if-match': '*' },
    });
    expect(answer.json()).toMatchObject({ status: 404, details: ['acme.none'] });
  });
});

describe('the life of a device', () => {
  it('is changed with a cause, in the name of who asked', async () => {
    const suspended = await post('suspend', { cause: 'stolen' });
    expect(suspended.json()).toMatchObject({ state: 'suspended', word: 'blocked' });
    expect((await post('resume')).json()).toMatchObject({
      state: 'registered',
      word: 'registered',
    });
    const text = await world.issue('enterprise', 'acme');
    const revoked = await world.app.inject({
      method: 'POST',
      url: `${url}/revoke`,
      headers: { authorization: `Bearer ${text}` },
    });
    expect(revoked.json()).toMatchObject({ state: 'revoked', word: 'blocked' });
    const { id } = (await world.context.registry.tokens.verify(text))!;
    const trail = (await world.ask('GET', `${url}/audit`)).json().items;
    expect(trail.slice(0, 3)).toMatchObject([
      { event: 'revoke', from: 'registered', to: 'revoked', actor: `token:${id}` },
      { event: 'resume', from: 'suspended', to: 'registered', actor: 'operator' },
      { event: 'suspend', to: 'suspended', cause: 'stolen', at: '2026-01-01T00:00:00.000Z' },
    ]);
  });

  it('takes no step that its state does not allow', async () => {
    expect((await post('resume')).json()).toMatchObject({
      status: 409,
      code: 'device.state-not-allowed',
    });
    await post('decommission');
    for (const event of ['suspend', 'resume', 'revoke', 'decommission']) {
      expect((await post(event)).statusCode, event).toBe(409);
    }
    expect((await post('suspend', { cause: 'x'.repeat(300) })).statusCode).toBe(400);
    expect((await world.ask('POST', '/api/v1/devices/acme.none/suspend')).statusCode).toBe(404);
  });

  it('begins anew only when asked to', async () => {
    await post('revoke');
    const body = { enterprise: 'acme', device: 'm', profile: 'generic' };
    const refused = await world.ask('POST', '/api/v1/devices', { payload: body });
    expect(refused.json().code).toBe('registry.exists');
    world.onboarding.told.length = 0;
    const again = await world.ask('POST', '/api/v1/devices', { payload: { ...body, again: true } });
    expect(again.statusCode).toBe(201);
    expect((await world.ask('GET', url)).json()).toMatchObject({ state: 'registered' });
    expect(world.onboarding.told).toEqual(['identity acme.m']);
  });

  it('is shown in lists, which it filters, with who is online', async () => {
    await world.context.registry.lives.apply([
      {
        enterprise: 'acme',
        device: 'm',
        event: 'store',
        atMs: Date.UTC(2026, 0, 2),
        cause: '',
        actor: 'device',
      },
    ]);
    world.onboarding.online.add('acme.m');
    const list = async (query: string) =>
      (await world.ask('GET', `/api/v1/devices?${query}`)).json().items;
    expect(await list('state=active')).toMatchObject([
      {
        id: 'acme.m',
        word: 'active',
        online: true,
        activatedAt: '2026-01-02T00:00:00.000Z',
        activatedAtMs: Date.UTC(2026, 0, 2),
        lastRowAt: '2026-01-02T00:00:00.000Z',
      },
    ]);
    expect(await list('state=registered')).toMatchObject([
      { id: 'acme.box', online: false, activatedAt: null, lastRowAtMs: null },
    ]);
    expect((await world.ask('GET', '/api/v1/devices?state=broken')).statusCode).toBe(400);
  });

  it('ends sessions when the secret is reset', async () => {
    await post('secret');
    expect(world.onboarding.told).toEqual(['identity acme.m']);
    const trail = (await world.ask('GET', `${url}/audit?limit=1`)).json();
    expect(trail).toMatchObject({ items: [{ event: 'secret-reset' }], next: expect.any(String) });
    const more = (await world.ask('GET', `${url}/audit?limit=1&after=${trail.next}`)).json();
    expect(more.items[0].id).toBeLessThan(trail.items[0].id);
  });
});

describe('an import', () => {
  const importing = (csv: string, query = '') =>
    world.ask('POST', `/api/v1/devices/import${query}`, {
      payload: csv,
      headers: { 'content-type': 'text/csv' },
    });

  it('tells whose sessions must begin anew, and only when it was committed', async () => {
    const csv = 'enterprise,device,profile\nacme,m,generic\nacme,n,generic\n';
    await importing(csv, '?existing=update&dryRun=true');
    expect(world.onboarding.told).toEqual([]);
    await importing(csv, '?existing=update');
    expect(world.onboarding.told).toEqual(['identity acme.m', 'directory all']);
  });
});
