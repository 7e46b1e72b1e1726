/** The walls between enterprises, and what each role may do, probed on every route there is. */

import { X509Certificate } from 'node:crypto';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Declared, Method } from '../../../gateway/api/route.ts';
import { createDevelopmentCa } from '../../../gateway/commands/development-ca.ts';
import { ApiWorld, declaredRoutes, letter, token } from './api-world.ts';

type Request = readonly [method: Method, url: string, options?: Partial<InjectOptions>];

const csv = { 'content-type': 'text/csv' };
let world: ApiWorld;
let routes: Declared[];
let certificate: string;
let fingerprint: string;
const tokens: Record<string, string> = {};

const validity = () => ({ notBeforeMs: world.clock.nowMs() - 60_000, days: 30 });

/** Gives an enterprise one of everything. */
async function settle(enterprise: string): Promise<void> {
  const { registry, deadLetters } = world.context;
  await registry.add({ enterprise, device: 'm', profile: 'env-sensor', serial: 'sn-1' });
  const signals = [{ id: 'force', name: { zh: 'f', en: 'f' }, unit: '', ucum: '', type: 'float' }];
  const profile = {
    id: `${enterprise}.press`,
    name: { zh: 'p', en: 'p' },
    production: true,
    signals,
  };
  await registry.addProfile(profile as never, enterprise);
  const expiresAtMs = world.clock.nowMs() + 3_600_000;
  await registry.claims.issue(
    { enterprise, id: 'c1', expiresAtMs, devicesMax: 5, serials: ['sn-9'] },
    'operator',
  );
  await registry.groupKeys.create({ enterprise, id: 'g1', profile: 'generic' }, 'operator');
  await registry.trust.add({ enterprise, certificate }, 'operator');
  await deadLetters.put([letter(enterprise.charCodeAt(0), { enterprise, device: 'm' })]);
  await world.issue('enterprise', enterprise);
}

beforeAll(async () => {
  world = new ApiWorld();
  routes = await declaredRoutes(world);
  ({ certificate } = await createDevelopmentCa('acme', validity()));
  fingerprint = new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
  await settle('acme');
  await settle('beta');
  tokens.operator = await world.issue('operator');
  tokens.enterprise = await world.issue('enterprise', 'acme');
  tokens.viewer = await world.issue('viewer');
  tokens['viewer of one'] = await world.issue('viewer', 'acme');
});
afterAll(() => world.close());

async function as(text: string, [method, url, options = {}]: Request) {
  const headers = { authorization: `Bearer ${text}`, ...options.headers };
  const answer = await world.app.inject({
    method,
    url,
    ...options,
    headers,
    payloadAsStream: true,
  });
  const stream = answer.stream();
  if (String(answer.headers['content-type']).startsWith('text/event-stream')) {
    stream.destroy();
    return { ...answer, body: '' };
  }
  let body = '';
  for await (const piece of stream) body += String(piece);
  return { statusCode: answer.statusCode, headers: answer.headers, body };
}

/** A path of `declared` about something of `enterprise`. */
function pathOf({ url }: Declared, enterprise: string): string {
  const second = url.includes('/claims/')
    ? 'c1'
    : url.includes('/groups/')
      ? 'g1'
      : url.includes('/authorities/')
        ? fingerprint
        : 'm';
  return url
    .replace('{key}', `${enterprise}.${second}`)
    .replace('{enterprise}', enterprise)
    .replace('{id}', url.includes('/profiles/') ? `${enterprise}.press` : 'nosuchtoken');
}

describe('roles', () => {
  it.each(['operator', 'enterprise', 'viewer', 'viewer of one'])(
    'let a token of the %s do what is declared, and refuse the rest',
    async (name) => {
      const role = name.split(' ')[0] as 'operator' | 'enterprise' | 'viewer';
      const confined = name === 'enterprise' || name === 'viewer of one';
      let allowed = 0;
      for (const declared of routes) {
        const { method, access } = declared;
        if (access === 'open') continue;
        const expected =
          role === 'operator' ||
          (access.roles.includes(role) &&
            (role !== 'viewer' || method === 'GET') &&
            !(confined && access.scope === 'gateway'));
        const answer = await as(tokens[name]!, [method, pathOf(declared, 'acme')]);
        const what = `${name}: ${method} ${declared.url} ${answer.body}`;
        expect(answer.statusCode, what).not.toBe(401);
        if (expected) expect(answer.statusCode, what).not.toBe(403);
        else
          expect([answer.statusCode, JSON.parse(answer.body).code], what).toEqual([
            403,
            'api.forbidden',
          ]);
        allowed += expected ? 1 : 0;
      }
      const counts = { operator: [45, 60], enterprise: [28, 40], viewer: [18, 25] };
      const [least, most] = counts[role];
      expect(allowed).toBeGreaterThanOrEqual(name === 'viewer of one' ? 15 : least!);
      expect(allowed).toBeLessThanOrEqual(most!);
    },
  );

  it('are nothing for a token that is revoked or expired, on every route', async () => {
    const { tokens: registered } = world.context.registry;
    const void_ = await world.issue('operator');
    await registered.revoke((await registered.verify(void_))!.id, 'operator');
    let host = 1;
    for (const declared of routes) {
      if (declared.access === 'open') continue;
      const remoteAddress = `10.1.0.${host++}`;
      const request: Request = [declared.method, pathOf(declared, 'acme'), { remoteAddress }];
      expect((await as(void_, request)).statusCode).toBe(401);
    }
  });

  it("tell no enterprise of others' imports", async () => {
    const statusOf = async (name: string) =>
      (await as(tokens[name]!, ['GET', '/api/v1/imports/current'])).statusCode;
    const names = ['operator', 'viewer', 'enterprise', 'viewer of one'];
    expect(await Promise.all(names.map(statusOf))).toEqual([200, 200, 403, 403]);
  });

  it('hide what viewers may not see', async () => {
    for (const name of ['viewer', 'viewer of one']) {
      const letters = JSON.parse((await as(tokens[name]!, ['GET', '/api/v1/dead-letters'])).body);
      expect(letters.items[0]).toMatchObject({ payload: null, detail: expect.any(String) });
      for (const url of ['/api/v1/audit', '/api/v1/devices/acme.m/audit']) {
        const { items } = JSON.parse((await as(tokens[name]!, ['GET', url])).body);
        expect(items.length).toBeGreaterThan(0);
        expect(new Set(items.map((item: { actor: unknown }) => item.actor))).toEqual(
          new Set([null]),
        );
      }
    }
    const own = await as(tokens.enterprise!, ['GET', '/api/v1/dead-letters']);
    expect(JSON.parse(own.body).items[0].payload).toContain('force');
  });
});

/** Attempts at what is `enterprise`'s, for each route that takes one. */
function attempts(enterprise: string): Record<string, Partial<InjectOptions> & { url?: string }> {
  const json = (payload: object) => ({ payload });
  const device = { enterprise, device: 'new', profile: 'generic' };
  return {
    'GET /api/v1/devices/{key}': {},
    'PATCH /api/v1/devices/{key}': { ...json({ district: 'wujin' }), headers: { 'if-match': '*' } },
    'POST /api/v1/devices/{key}/secret': {},
    'POST /api/v1/devices/{key}/suspend': json({ cause: 'x' }),
    'POST /api/v1/devices/{key}/resume': {},
    'POST /api/v1/devices/{key}/revoke': {},
    'POST /api/v1/devices/{key}/decommission': {},
    'POST /api/v1/devices/{key}/commands': json({ setpoint: 1 }),
    'GET /api/v1/devices/{key}/commands/{id}': {},
    'GET /api/v1/devices/{key}/readings': {},
    'GET /api/v1/devices/{key}/audit': {},
    'GET /api/v1/devices/{key}/events': { headers: { accept: 'text/event-stream' } },
    'GET /api/v1/enterprises/{enterprise}': {},
    'GET /api/v1/claims/{key}': {},
    'POST /api/v1/claims/{key}/revoke': {},
    'POST /api/v1/claims/{key}/serials': json({ serials: ['sn-2'] }),
    'POST /api/v1/groups/{key}/revoke': {},
    'POST /api/v1/authorities/{key}/revoke': {},
    'POST /api/v1/devices': json(device),
    'POST /api/v1/claims': json({ enterprise, devicesMax: 1 }),
    'POST /api/v1/groups': json({ enterprise, profile: 'generic' }),
    'POST /api/v1/authorities': json({ enterprise, certificate }),
    'POST /api/v1/dead-letters/replay': json({ enterprise, after: 1 }),
    'GET /api/v1/counts': { url: `/api/v1/counts?enterprise=${enterprise}` },
    'POST /api/v1/devices/import': {
      url: `/api/v1/devices/import?enterprise=${enterprise}`,
      headers: csv,
      payload: `enterprise,device,profile\n${enterprise},x,generic\n`,
    },
    'POST /api/v1/profiles': {
      url: `/api/v1/profiles?enterprise=${enterprise}&name=x`,
      headers: csv,
      payload: 'name,type\nforce,float\n',
    },
  };
}

describe("another enterprise's", () => {
  const taking = () =>
    routes.filter(
      ({ access }) =>
        access !== 'open' &&
        access.roles.length > 0 &&
        ['path', 'query', 'body'].includes(access.scope),
    );

  it('attempts are known for every route that takes one', () => {
    const names = taking().map(({ method, url }) => `${method} ${url}`);
    expect(names.sort()).toEqual(Object.keys(attempts('beta')).sort());
  });

  it('things are not found, exactly as those of an enterprise that does not exist', async () => {
    const { registry } = world.context;
    const trail = async () =>
      (await registry.lives.audit({ enterprise: 'beta' }, { limit: 500 })).items;
    const before = await trail();
    const toldBefore = world.onboarding.told.length;
    const replaysBefore = world.replays.length;
    let probes = 0;
    for (const declared of taking()) {
      const { method, url, access } = declared;
      for (const name of ['enterprise', 'viewer of one']) {
        const may =
          access !== 'open' &&
          access.roles.includes(name === 'enterprise' ? 'enterprise' : 'viewer');
        if (!may) continue;
        const probe = async (enterprise: string) => {
          const options = attempts(enterprise)[`${method} ${url}`]!;
          const request: Request = [method, options.url ?? pathOf(declared, enterprise), options];
          const { statusCode, headers, body } = await as(tokens[name]!, request);
          const { date: _, ...compared } = headers;
          return { statusCode, headers: compared, body: body.replaceAll(enterprise, 'E') };
        };
        const foreign = await probe('beta');
        expect(foreign.statusCode, `${method} ${url} ${foreign.body}`).toBe(404);
        expect(JSON.parse(foreign.body).code).toBe('registry.not-found');
        expect(foreign).toEqual(await probe('zeta'));
        probes += 1;
      }
    }
    expect(probes).toBeGreaterThan(30);
    expect(await trail()).toEqual(before);
    expect(await registry.enterprise('zeta')).toBeNull();
    expect(world.onboarding.told).toHaveLength(toldBefore);
    expect(world.replays).toHaveLength(replaysBefore);
  });

  it('things look like what is missing in its own', async () => {
    for (const declared of routes) {
      const { method, url, access } = declared;
      if (access === 'open' || access.scope !== 'path' || !url.includes('{key}')) continue;
      if (!access.roles.includes('enterprise')) continue;
      const options = attempts('acme')[`${method} ${url}`]!;
      const ask = async (key: string) =>
        as(tokens.enterprise!, [method, url.replace('{key}', key), options]);
      const missing = await ask('acme.none');
      const foreign = await ask('beta.none');
      expect(missing.statusCode, `${method} ${url}`).toBe(404);
      expect(missing.body.replaceAll('acme', 'beta'), `${method} ${url}`).toBe(foreign.body);
      expect(foreign.body).toContain('beta.none');
    }
  });

  it('things are in no list, and asking for them is an empty one', async () => {
    const lists = routes.filter(({ access }) => access !== 'open' && access.scope === 'list');
    expect(lists.length).toBeGreaterThanOrEqual(8);
    for (const { url } of lists) {
      for (const name of ['enterprise', 'viewer of one']) {
        const get = async (query: string) => (await as(tokens[name]!, ['GET', url + query])).body;
        const own = await get('');
        expect(own, url).toContain('acme');
        expect(own, url).not.toContain('beta');
        expect(own, url).toBe(await get('?enterprise=acme'));
        const foreign = await get('?enterprise=beta');
        expect(foreign, url).not.toContain('beta');
        expect(foreign, url).toBe(await get('?enterprise=zeta'));
        expect(foreign, url).not.toContain('acme');
        expect(foreign.length, url).toBeLessThan(150);
      }
    }
  });

  it('profiles are not there, and all others are', async () => {
    const listed = JSON.parse((await as(tokens.enterprise!, ['GET', '/api/v1/profiles'])).body);
    const ids = listed.items.map(({ id }: { id: string }) => id);
    expect(ids).toContain('acme.press');
    expect(ids).toContain('generic');
    expect(ids).not.toContain('beta.press');
    const one = async (id: string) => as(tokens.enterprise!, ['GET', `/api/v1/profiles/${id}`]);
    expect((await one('acme.press')).statusCode).toBe(200);
    const foreign = await one('beta.press');
    expect(foreign.statusCode).toBe(404);
    expect(foreign.body).toBe((await one('zeta.press')).body.replaceAll('zeta', 'beta'));
  });

  it('rows in an import are bad ones', async () => {
    const answer = await as(tokens.enterprise!, [
      'POST',
      '/api/v1/devices/import?badRows=skip',
      { headers: csv, payload: 'enterprise,device,profile\nbeta,x,generic\nacme,x,generic\n' },
    ]);
    expect(JSON.parse(answer.body)).toMatchObject({ added: 1, badRows: 1 });
    expect(await world.context.registry.get('beta', 'x')).toBeNull();
  });
});

describe('an enterprise', () => {
  it('need not say which one it is', async () => {
    const posted = async (name: string, url: string, payload: object) =>
      as(tokens[name]!, ['POST', url, { payload }]);
    const things: [url: string, thing: object][] = [
      ['/api/v1/devices', { device: 'unsaid', profile: 'generic' }],
      ['/api/v1/claims', { devicesMax: 1 }],
      ['/api/v1/groups', { profile: 'generic' }],
      [
        '/api/v1/authorities',
        { certificate: (await createDevelopmentCa('acme', validity())).certificate },
      ],
    ];
    for (const [url, thing] of things) {
      const made = await posted('enterprise', url, thing);
      expect([made.statusCode, made.body], url).toEqual([201, expect.stringContaining('acme')]);
      const unsaid = await posted('operator', url, thing);
      expect([unsaid.statusCode, JSON.parse(unsaid.body).details], url).toEqual([
        400,
        ['body.enterprise: is needed'],
      ]);
    }
    expect(await world.context.registry.get('acme', 'unsaid')).not.toBeNull();
    const profile = { headers: csv, payload: 'name,type\nforce,float\n' };
    const url = '/api/v1/profiles?name=unsaid';
    expect((await as(tokens.enterprise!, ['POST', url, profile])).statusCode).toBe(201);
    const unsaid = await as(tokens.operator!, ['POST', url, profile]);
    expect(JSON.parse(unsaid.body).details).toEqual(['query.enterprise: is needed']);
  });

  it('is told whose token would do', async () => {
    const told = async (name: string, method: Method, url: string) =>
      JSON.parse((await as(tokens[name]!, [method, url, { payload: {} }])).body);
    expect(await told('viewer of one', 'POST', '/api/v1/claims')).toMatchObject({
      code: 'api.forbidden',
      details: ['operator, enterprise (its own)'],
      title: expect.stringMatching(/whose role may/),
      messageZh: expect.stringMatching(/角色/),
    });
    const trials = await told('enterprise', 'POST', '/api/v1/trials');
    expect(trials.details).toEqual(['operator']);
  });
});

describe('the operator', () => {
  it('sees everybody, with the token of the file as with one of its own', async () => {
    for (const text of [token, tokens.operator!]) {
      expect((await as(text, ['GET', '/api/v1/devices/beta.m'])).statusCode).toBe(200);
      const list = (await as(text, ['GET', '/api/v1/enterprises'])).body;
      expect(JSON.parse(list).items).toHaveLength(2);
    }
  });

  it("keeps an enterprise's limits to itself", async () => {
    const shown = async (name: string) =>
      JSON.parse((await as(tokens[name]!, ['GET', '/api/v1/enterprises/acme'])).body);
    expect(await shown('operator')).toHaveProperty('limits');
    expect(await shown('viewer')).toHaveProperty('limits');
    expect(await shown('enterprise')).not.toHaveProperty('limits');
  });
});
