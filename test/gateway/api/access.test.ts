/** Who may ask, under which name, and what every answer carries. */

import { fastify } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resources } from '../../../gateway/api/routes.ts';
import { ApiWorld, token } from './api-world.ts';

const guarded = [
  ['GET', '/metrics'],
  ['GET', '/api/v1/summary'],
  ['GET', '/api/v1/devices'],
  ['POST', '/api/v1/devices'],
  ['GET', '/api/v1/devices/acme.press-1'],
  ['POST', '/api/v1/devices/acme.press-1/secret'],
  ['GET', '/api/v1/devices/acme.press-1/readings'],
  ['POST', '/api/v1/devices/import'],
  ['POST', '/api/v1/devices/import-city'],
  ['GET', '/api/v1/devices/export'],
  ['GET', '/api/v1/profiles'],
  ['GET', '/api/v1/profiles/generic'],
  ['POST', '/api/v1/profiles'],
  ['GET', '/api/v1/dead-letters'],
  ['GET', '/api/v1/dead-letters/counts'],
  ['POST', '/api/v1/dead-letters/replay'],
  ['GET', '/api/v1/live'],
] as const;

describe('the token', () => {
  let world: ApiWorld;
  beforeAll(() => {
    world = new ApiWorld();
  });
  afterAll(() => world.close());

  it.each(guarded)('is needed for %s %s', async (method, url) => {
    const wrong = [
      undefined,
      '',
      'Bearer',
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      `Basic ${token}`,
      token,
    ];
    for (const authorization of wrong) {
      const answer = await world.app.inject({
        method,
        url,
        headers: authorization === undefined ? {} : { authorization },
      });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="onramp"');
      expect(answer.json().error).toMatchObject({ code: 'api.unauthorized', details: [] });
      expect(answer.json().error.messageZh).toMatch(/令牌/);
    }
  });

  it('is needed for every route there is', async () => {
    const app = fastify();
    const routes: string[] = [];
    app.addHook('onRoute', ({ method, url }) => {
      if (method !== 'HEAD') routes.push(`${method} ${url.replace(':key', 'acme.press-1')}`);
    });
    for (const resource of resources) resource(app, world.context);
    await app.ready();
    const known = guarded.map(([method, url]) => `${method} ${url}`);
    expect(routes.map((route) => route.replace(':id', 'generic')).sort()).toEqual(known.sort());
    await app.close();
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
      expect(answer.json().error.code).toBe('api.wrong-host');
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
    expect(answer.json().error.code).toBe('api.not-found');
  });

  it('refuse a broken address', async () => {
    const answer = await world.ask('GET', '/api/v1/devices/%E0%A4%A');
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error.code).toBe('api.bad-request');
  });

  it('refuse a method that a resource does not have', async () => {
    const answer = await world.app.inject({
      method: 'DELETE',
      url: '/api/v1/devices/acme.press-1',
    });
    expect(answer.statusCode).toBe(404);
  });
});
