/** Who may ask, under which name, and what every answer carries. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../../model/limits.ts';
import { ApiWorld, declaredRoutes, token } from './api-world.ts';

const wrongTokens = [
  undefined,
  '',
  'Bearer',
  `Bearer ${token}x`,
  `Bearer ${token.slice(1)}`,
  `Basic ${token}`,
  token,
];

describe('the token', () => {
  let world: ApiWorld;
  beforeAll(() => {
    world = new ApiWorld();
  });
  afterAll(() => world.close());

  it('is needed for every route that is not open', async () => {
    const routes = await declaredRoutes(world);
    expect(routes.filter(({ access }) => access === 'open').map(({ url }) => url)).toEqual([
      '/api/v1/openapi.json',
      '/healthz',
      '/readyz',
    ]);
    let address = 1;
    for (const { method, url, access } of routes) {
      if (access === 'open') continue;
      for (const authorization of wrongTokens) {
        const answer = await world.app.inject({
          method,
          url: url.replace('{key}', 'acme.press-1').replace(/\{\w+\}/, 'acme'),
          headers: authorization === undefined ? {} : { authorization },
          remoteAddress: `10.0.0.${address}`,
        });
        expect(answer.statusCode, `${method} ${url}`).toBe(401);
        expect(answer.headers['www-authenticate']).toBe('Bearer realm="onramp"');
        expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
        expect(answer.json()).toMatchObject({
          type: 'urn:onramp:error:api.unauthorized',
          status: 401,
          code: 'api.unauthorized',
          details: [],
          messageZh: expect.stringMatching(/令牌/),
        });
      }
      address += 1;
    }
  });

  it('is not taken from the query', async () => {
    const answer = await world.app.inject({ url: `/api/v1/summary?token=${token}` });
    expect(answer.statusCode).toBe(401);
  });

  it('is not needed for health', async () => {
    expect((await world.app.inject({ url: '/healthz' })).statusCode).toBe(200);
    expect((await world.app.inject({ url: '/readyz' })).json()).toEqual({
      ready: true,
      reasons: [],
      warnings: [],
    });
    world.status = { ...world.status, notReady: ['No worker is running.'] };
    const answer = await world.app.inject({ url: '/readyz' });
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ ready: false, reasons: ['No worker is running.'] });
  });

  it('is needed to learn why the store is away; that it is does not make the gateway unready', async () => {
    const sinceMs = Date.UTC(2026, 0, 2);
    const unavailable = { sinceMs, reason: 'http://10.1.2.3:8086 refused' };
    const { shipper } = world.status;
    world.status = { ...world.status, notReady: [], shipper: { ...shipper, unavailable } };
    const answer = await world.app.inject({ url: '/readyz' });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      ready: true,
      warnings: [expect.stringContaining('2026-01-02T00:00:00.000Z')],
    });
    expect(answer.body).not.toContain('10.1.2.3');
  });
});

describe('the Host header', () => {
  const hosts = (world: ApiWorld, host: string) =>
    world.app.inject({ url: '/healthz', headers: { host } });

  it('must be loopback on a loopback address', async () => {
    const world = new ApiWorld({ settings: { publicUrl: 'https://onramp.example.com/live' } });
    const good = ['localhost', 'localhost:8080', '127.0.0.1:8080', '127.1.2.3', '[::1]:8080'];
    for (const host of [...good, 'LOCALHOST:1', 'onramp.example.com', 'Onramp.Example.com:443']) {
      expect((await hosts(world, host)).statusCode, host).toBe(200);
    }
    const bad = [
      'evil.example.com',
      'localhost.evil.com',
      '127.0.0.1.evil.com',
      '10.0.0.1',
      'x@127.0.0.1',
      '[::2]',
      'a b',
    ];
    for (const host of bad) {
      const answer = await hosts(world, host);
      expect(answer.statusCode, host).toBe(421);
      expect(answer.json().code).toBe('api.wrong-host');
    }
    const page = await world.app.inject({ url: '/', headers: { host: 'evil.example.com' } });
    expect(page.statusCode).toBe(421);
    const unknown = await world.app.inject({ url: '/x', headers: { host: 'evil.example.com' } });
    expect(unknown.statusCode).toBe(421);
    await world.close();
  });

  it('may be anything on the network', async () => {
    const world = new ApiWorld({ host: '0.0.0.0' });
    expect((await hosts(world, 'gateway.factory.lan:8080')).statusCode).toBe(200);
    await world.close();
  });
});

describe('answers', () => {
  let world: ApiWorld;
  beforeAll(() => {
    world = new ApiWorld();
  });
  afterAll(() => world.close());

  it('may not be sniffed, cached or framed', async () => {
    for (const url of ['/healthz', '/api/v1/devices', '/api/v1/devices/x', '/nowhere']) {
      const { headers } = await world.ask('GET', url);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it.each([
    '/nowhere',
    '/api/v1/nowhere',
    '/api/v1/summary/x',
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/api/v1/../../package.json',
  ])('say that there is nothing at %s', async (url) => {
    const answer = await world.ask('GET', url);
    expect(answer.statusCode).toBe(404);
    expect(answer.json().code).toBe('api.not-found');
  });

  it('refuse a broken address', async () => {
    const answer = await world.ask('GET', '/api/v1/devices/%E0%A4%A');
    expect(answer.statusCode).toBe(400);
    expect(answer.json().code).toBe('api.bad-request');
  });

  it('refuse a method that a resource does not have', async () => {
    const answer = await world.app.inject({
      method: 'DELETE',
      url: '/api/v1/devices/acme.press-1',
    });
    expect(answer.statusCode).toBe(404);
  });
});

describe('wrong tokens', () => {
  let world: ApiWorld;
  beforeAll(() => {
    world = new ApiWorld();
  });
  afterAll(() => world.close());

  const asking = (text: string, remoteAddress: string) =>
    world.app.inject({
      url: '/api/v1/devices',
      headers: { authorization: `Bearer ${text}` },
      remoteAddress,
    });

  /** A token of the right form that nobody was given. */
  const guess = (n: number, id = `guess${String(n).padStart(7, 'x')}`) =>
    `onramp_${id}_${String(n).padStart(43, 'y')}`;

  it('shut nobody else out who has the same address', async () => {
    const codes = new Set<number>();
    for (let n = 0; n < 600; n++) {
      // Five a second, for two minutes.
      world.clock.advance(200);
      codes.add((await asking(guess(n), '10.0.3.1')).statusCode);
      if (n % 30 > 0) continue;
      const fresh = await world.issue('viewer');
      expect((await asking(fresh, '10.0.3.1')).statusCode).toBe(200);
    }
    expect([...codes]).toEqual([401]);
  });

  it('at one token are held back, ever longer; the token, known to be right, is not', async () => {
    const good = await world.issue('viewer');
    const id = good.split('_')[1]!;
    expect((await asking(good, '127.0.0.1')).statusCode).toBe(200);
    const codes: number[] = [];
    for (let n = 0; n < 12; n++) codes.push((await asking(guess(n, id), '127.0.0.1')).statusCode);
    expect(codes).toEqual([...Array(10).fill(401), 429, 429]);
    const held = await asking(guess(13, id), '127.0.0.1');
    expect(held.json()).toMatchObject({ code: 'api.too-many-failures', status: 429 });
    expect(held.headers['retry-after']).toBe('1');
    expect((await asking(await world.issue('viewer'), '127.0.0.1')).statusCode).toBe(200);
    expect((await asking(good, '127.0.0.1')).statusCode).toBe(200);
    expect((await asking(token, '127.0.0.1')).statusCode).toBe(200);
    expect((await asking(guess(14, id), '10.0.0.9')).statusCode).toBe(401);
    world.clock.advance(1000);
    expect((await asking(guess(15, id), '127.0.0.1')).statusCode).toBe(401);
    expect((await asking(guess(16, id), '127.0.0.1')).headers['retry-after']).toBe('2');
  });

  it('become wrong at once when they are revoked', async () => {
    const text = await world.issue('viewer');
    expect((await asking(text, '10.0.1.1')).statusCode).toBe(200);
    const { tokens } = world.context.registry;
    await tokens.revoke((await tokens.verify(text))!.id, 'operator');
    expect((await asking(text, '10.0.1.1')).statusCode).toBe(401);
  });

  it('cost no more than a moment each, ten thousand of them', async () => {
    let verified = 0;
    const { tokens } = world.context.registry;
    const verify = tokens.verify.bind(tokens);
    tokens.verify = (text) => {
      verified += 1;
      return verify(text);
    };
    for (let n = 0; n < 10_000; n++) await asking(guess(n), '10.0.2.1');
    expect(verified).toBe(limits.apiTokenLookUpsBurstMax);
    const shed = await asking(guess(1), '10.0.2.1');
    expect([shed.statusCode, shed.headers['retry-after']]).toEqual([429, '1']);
    world.clock.advance(1000);
    expect((await asking(await world.issue('viewer'), '10.0.2.1')).statusCode).toBe(200);
  });

  it('that are none are refused without a look', async () => {
    let verified = 0;
    const { tokens } = world.context.registry;
    tokens.verify = async () => {
      verified += 1;
      return null;
    };
    const codes = new Set<number>();
    for (let n = 0; n < 300; n++) codes.add((await asking(`guess-${n}`, '10.0.4.1')).statusCode);
    expect([[...codes], verified]).toEqual([[401], 0]);
  });
});
