/** The directory over HTTP: find, register, new secret. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { samplePayload } from '../../../gateway/onboarding/sample-payload.ts';
import { checkReading } from '../../../gateway/pipeline/check.ts';
import { KnownDevice } from '../../../gateway/pipeline/known-device.ts';
import { compileRules } from '../../../gateway/pipeline/signal-check.ts';
import { native } from '../../../model/dialects/native.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { builtInProfiles } from '../../../model/profiles/index.ts';
import { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = new ApiWorld();
});
afterEach(() => world.close());

const post = (url: string, payload: object | string) => world.ask('POST', url, { payload });

async function register(...keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const [enterprise, device] = key.split('.') as [string, string];
    await world.context.registry.add({ enterprise, device, profile: 'env-sensor' });
  }
}

describe('POST /api/v1/devices', () => {
  it('answers a connection card whose credential and sample are good', async () => {
    const answer = await post('/api/v1/devices', {
      enterprise: 'acme',
      device: 'press-1',
      profile: 'generic',
    });
    expect(answer.statusCode).toBe(201);
    const card = answer.json();
    expect(Object.keys(card).slice(0, 5)).toEqual([
      'clientId',
      'username',
      'password',
      'topic',
      'sample',
    ]);
    expect(card).toMatchObject({
      clientId: 'acme.press-1',
      username: 'acme/press-1',
      topic: 'onramp/v1/acme/press-1/telemetry',
    });
    const device = await world.context.registry.device('acme', 'press-1');
    expect(secretHash(card.password)).toEqual(device?.secretHash);
    expect(native.decodeReadings(Buffer.from(card.sample))).toHaveLength(1);
  });

  it('leaves the device open in the topic of a gateway', async () => {
    const body = { enterprise: 'acme', device: 'box', kind: 'gateway' };
    const card = (await post('/api/v1/devices', body)).json();
    expect(card.clientId).toBe('acme.box');
    expect(card.topic).toBe('onramp/v1/acme/{device}/telemetry');
  });

  it('takes a secret that somebody brings along', async () => {
    const secret = 'a secret of 24 letters!!';
    const body = { enterprise: 'acme', device: 'm', profile: 'generic', secret };
    expect((await post('/api/v1/devices', body)).json().password).toBe(secret);
  });

  it.each([
    [{ enterprise: 'ACME', device: 'm', profile: 'generic' }, 400, 'registry.id-invalid'],
    [{ enterprise: 'acme', device: 'm', profile: 'nothing' }, 400, 'registry.unknown-profile'],
    [
      { enterprise: 'acme', device: 'm', profile: 'generic', secret: 'short' },
      400,
      'registry.secret-too-short',
    ],
    [
      { enterprise: 'acme', device: 'm', profile: 'generic', gateway: 'box' },
      400,
      'registry.unknown-gateway',
    ],
    [{ enterprise: 'acme', device: 'taken', profile: 'generic' }, 409, 'registry.exists'],
  ])('refuses %j', async (body, status, code) => {
    await register('acme.taken');
    const answer = await post('/api/v1/devices', body);
    expect(answer.statusCode).toBe(status);
    expect(answer.json().code).toBe(code);
  });

  it('names every mistake of a body at once', async () => {
    const answer = await post('/api/v1/devices?verbose=1', {
      enterprise: 7,
      kind: 'robot',
      secret: 'x'.repeat(300),
      colour: 'red',
    });
    expect(answer.statusCode).toBe(400);
    const { code, details } = answer.json();
    expect(code).toBe('api.bad-request');
    const places = details.map((detail: string) => detail.split(':')[0]).sort();
    expect(places).toEqual([
      'body.colour',
      'body.device',
      'body.enterprise',
      'body.kind',
      'body.secret',
      'query.verbose',
    ]);
  });

  it('refuses what is not JSON, and a body that is too large', async () => {
    const json = { 'content-type': 'application/json' };
    for (const payload of ['{"enterprise":', '[]', 'null', '"x"', '{"__proto__":{"x":1}}']) {
      const answer = await world.ask('POST', '/api/v1/devices', { payload, headers: json });
      expect(answer.statusCode, payload).toBe(400);
      expect(answer.json().code).toBe('api.bad-request');
    }
    const text = await world.ask('POST', '/api/v1/devices', {
      payload: 'enterprise=acme',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(text.statusCode).toBe(400);
    const huge = await world.ask('POST', '/api/v1/devices', {
      payload: `{"enterprise":"${'a'.repeat(2 * 1024 * 1024)}"}`,
      headers: json,
    });
    expect(huge.statusCode).toBe(413);
    expect(huge.json().code).toBe('api.body-too-large');
  });
});

describe('the sample payload', () => {
  it.each([...builtInProfiles.values()])('of $id passes the check, strictly', (profile) => {
    const [raw] = native.decodeReadings(Buffer.from(samplePayload(profile)));
    const known = new KnownDevice({
      enterprise: 'acme',
      device: 'm',
      profile: profile.id,
      district: 'wujin',
      industry: '35',
    });
    const rules = profile.id === 'generic' ? null : compileRules(profile);
    const context = { nowMs: 1e12, strict: true, ageMsMax: 1e9, aheadMsMax: 1e5 };
    const checked = checkReading(raw!, known, rules, context);
    expect(checked).toMatchObject({ ok: true, refusedFields: null });
    const expected = profile.signals.filter((signal) => signal.key).length;
    if (rules !== null) expect(Object.keys(raw!.values)).toHaveLength(expected);
  });

  it('of an added profile without key signals, narrow ranges included', () => {
    const sample = samplePayload({
      id: 'acme.odd',
      name: { zh: '奇', en: 'odd' },
      production: true,
      signals: [
        { id: 'a', name: { zh: 'a', en: 'a' }, unit: '', ucum: '', type: 'int', range: [3, 3] },
        {
          id: 'b',
          name: { zh: 'b', en: 'b' },
          unit: '',
          ucum: '',
          type: 'float',
          range: [0.0001, 0.0002],
        },
        { id: 'c', name: { zh: 'c', en: 'c' }, unit: '', ucum: '', type: 'enum', values: ['x'] },
        { id: 'd', name: { zh: 'd', en: 'd' }, unit: '', ucum: '', type: 'float' },
        { id: 'e', name: { zh: 'e', en: 'e' }, unit: '', ucum: '', type: 'string' },
        { id: 'f', name: { zh: 'f', en: 'f' }, unit: '', ucum: '', type: 'bool' },
      ],
    });
    const { values } = JSON.parse(sample);
    expect(values).toMatchObject({ a: 3, c: 'x', f: true });
    expect(values.b).toBeGreaterThanOrEqual(0.0001);
    expect(values.b).toBeLessThanOrEqual(0.0002);
  });
});

describe('GET /api/v1/devices', () => {
  it('pages in the order of keys', async () => {
    await register('acme.a', 'acme.b', 'acme.c', 'beta.a', 'beta.b');
    const seen: string[] = [];
    let after = '';
    for (;;) {
      const answer = await world.ask('GET', `/api/v1/devices?limit=2${after}`);
      const page = answer.json();
      seen.push(...page.items.map((item: { id: string }) => item.id));
      if (page.next === null) break;
      after = `&after=${page.next}`;
    }
    expect(seen).toEqual(['acme.a', 'acme.b', 'acme.c', 'beta.a', 'beta.b']);
  });

  it('filters', async () => {
    await register('acme.a', 'beta.b');
    await world.context.registry.add({
      enterprise: 'beta',
      device: 'c',
      profile: 'generic',
      district: 'wujin',
    });
    const ids = async (query: string) =>
      (await world.ask('GET', `/api/v1/devices?${query}`))
        .json()
        .items.map((item: { id: string }) => item.id);
    expect(await ids('enterprise=beta')).toEqual(['beta.b', 'beta.c']);
    expect(await ids('district=wujin')).toEqual(['beta.c']);
    expect(await ids('profile=env-sensor')).toEqual(['acme.a', 'beta.b']);
    expect(await ids('text=eta.c')).toEqual(['beta.c']);
    expect(await ids("text=' OR 1=1 --")).toEqual([]);
  });

  it.each([
    ['limit=0', 'query.limit'],
    ['limit=1001', 'query.limit'],
    ['limit=-1', 'query.limit'],
    ['limit=1e2', 'query.limit'],
    ['limit=99999999999999999999', 'query.limit'],
    ['limit=1&limit=2', 'query.limit'],
    [`text=${'x'.repeat(300)}`, 'query.text'],
    ['order=desc', 'query.order'],
  ])('refuses %s', async (query, place) => {
    const answer = await world.ask('GET', `/api/v1/devices?${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().details[0]).toMatch(new RegExp(`^${place}: `));
  });

  it('refuses a cursor that is none', async () => {
    const answer = await world.ask('GET', '/api/v1/devices?after=nonsense');
    expect(answer.statusCode).toBe(400);
    expect(answer.json().code).toBe('api.bad-request');
  });

  it('bounds what it repeats of hostile input', async () => {
    const query = Array.from({ length: 100 }, (_, i) => `${'k'.repeat(80)}${i}=1`).join('&');
    const answer = await world.ask('GET', `/api/v1/devices?${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().details.length).toBeLessThanOrEqual(20);
    expect(answer.body.length).toBeLessThan(8000);
  });
});

describe('one device', () => {
  it('is shown without its secret', async () => {
    await register('acme.a');
    const answer = await world.ask('GET', '/api/v1/devices/acme.a');
    expect(answer.json()).toMatchObject({ id: 'acme.a', profile: 'env-sensor', kind: 'device' });
    expect(answer.body).not.toMatch(/secret/i);
  });

  it('is not found, or not even a name', async () => {
    expect((await world.ask('GET', '/api/v1/devices/acme.none')).json()).toMatchObject({
      code: 'registry.not-found',
      details: ['acme.none'],
    });
    for (const key of ['acme', 'acme.b.c', 'ACME.a', '..', `${'a'.repeat(64)}.${'b'.repeat(65)}`]) {
      const answer = await world.ask('GET', `/api/v1/devices/${encodeURIComponent(key)}`);
      expect([400, 404, 414]).toContain(answer.statusCode);
      expect(answer.json().code).toMatch(/^api\./);
    }
    const longest = `${'a'.repeat(64)}.${'b'.repeat(64)}`;
    expect((await world.ask('GET', `/api/v1/devices/${longest}`)).statusCode).toBe(404);
  });

  it('gets a new secret, and the old one is void', async () => {
    const first = (
      await post('/api/v1/devices', { enterprise: 'acme', device: 'm', profile: 'generic' })
    ).json();
    const second = (await world.ask('POST', '/api/v1/devices/acme.m/secret')).json();
    expect(second.password).not.toBe(first.password);
    const device = await world.context.registry.device('acme', 'm');
    expect(device?.secretHash).toEqual(secretHash(second.password));
    const given = await post('/api/v1/devices/acme.m/secret', { secret: 'g'.repeat(32) });
    expect(given.json().password).toBe('g'.repeat(32));
    expect((await post('/api/v1/devices/acme.none/secret', {})).statusCode).toBe(404);
    expect((await post('/api/v1/devices/acme.m/secret', { secret: 'x' })).statusCode).toBe(400);
  });
});
