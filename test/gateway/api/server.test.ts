/** The API on a real port: pages, errors of listening, garbage, and closing. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startApi } from '../../../gateway/api/server.ts';
import { OnrampError } from '../../../model/errors.ts';
import { ApiWorld, token } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = new ApiWorld();
});
afterEach(() => world.close());

const loopback = { host: '127.0.0.1', port: 0 };

/** Sends bytes as they are and reads what comes back. */
function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

describe('startApi', () => {
  it('picks a free port and says where it is', async () => {
    const api = await startApi(world.context, loopback);
    expect(api.url).toBe(`http://127.0.0.1:${api.port}`);
    expect(await (await fetch(`${api.url}/healthz`)).json()).toEqual({ alive: true });
    await api.close();
    await api.close();
    await expect(fetch(`${api.url}/healthz`)).rejects.toThrow();
  });

  it('says that a port is taken, and that an address is not ours', async () => {
    const api = await startApi(world.context, loopback);
    await expect(startApi(world.context, { ...loopback, port: api.port })).rejects.toMatchObject({
      code: 'config.port-busy',
    });
    await expect(startApi(world.context, { host: '203.0.113.1', port: 0 })).rejects.toMatchObject({
      code: 'config.invalid',
    });
    await api.close();
  });

  it('ends live views when it closes', async () => {
    const api = await startApi(world.context, loopback);
    const live = await fetch(`${api.url}/api/v1/live`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const whole = live.text();
    await api.close();
    expect(await whole).toContain('retry: 2000');
  });

  it('closes although an answer never ends', async () => {
    const asked = Promise.withResolvers<void>();
    world.context.store.readings = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    await world.context.registry.add({ enterprise: 'acme', device: 'm', profile: 'generic' });
    const api = await startApi(world.context, loopback);
    const stuck = fetch(`${api.url}/api/v1/devices/acme.m/readings`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const broken = expect(stuck).rejects.toThrow();
    await asked.promise;
    const closed = api.close();
    await world.clock.advanceAsync(5000);
    await closed;
    await broken;
  });

  it('answers garbage and endless headers in its own words', async () => {
    const api = await startApi(world.context, loopback);
    const garbage = await raw(api.port, 'HELO factory\r\n\r\n');
    expect(garbage).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(JSON.parse(garbage.split('\r\n\r\n')[1]!).code).toBe('api.bad-request');
    const headers = await raw(api.port, `GET / HTTP/1.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`);
    expect(headers).toMatch(/^HTTP\/1\.1 431 /);
    const noHost = await raw(api.port, 'GET /healthz HTTP/1.0\r\n\r\n');
    expect(noHost).toMatch(/^HTTP\/1\.1 421 /);
    await api.close();
  });

  it('tells the operator nothing but the code of our own faults', async () => {
    world.context.registry.list = async () => {
      throw new OnrampError('database.damaged', '/data/registry.db');
    };
    const answer = await world.ask('GET', '/api/v1/devices');
    expect(answer.statusCode).toBe(500);
    expect(answer.json().code).toBe('database.damaged');
  });
});

describe('the pages', () => {
  it('say how to build them when they are not built', async () => {
    const answer = await world.app.inject({ url: '/' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(answer.body).toContain('npm run');
  });

  it('are served without a token, and nothing beside them is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'onramp-pages-'));
    const dist = join(folder, 'dist');
    mkdirSync(join(dist, 'assets'), { recursive: true });
    writeFileSync(join(dist, 'index.html'), '<!doctype html><title>Onramp</title>');
    writeFileSync(join(dist, 'assets', 'index-abc123.js'), 'export {};');
    writeFileSync(join(dist, '.env'), 'SECRET=1');
    writeFileSync(join(folder, 'operator.token'), 'SECRET');
    const built = new ApiWorld({ pages: dist });
    const page = await built.app.inject({ url: '/' });
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    expect(page.headers['cache-control']).toBe('no-cache');
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    const script = await built.app.inject({ url: '/assets/index-abc123.js' });
    expect(script.headers['content-type']).toMatch(/^(text|application)\/javascript/);
    expect(script.headers['cache-control']).toContain('immutable');
    const outside = [
      '/../operator.token',
      '/%2e%2e/operator.token',
      '/..%2foperator.token',
      '/assets/..%2f..%2foperator.token',
      '/assets/../../operator.token',
      '//operator.token',
      '/.env',
      '/assets/',
      '/index.html%00.js',
    ];
    for (const url of outside) {
      const answer = await built.app.inject({ url });
      expect(answer.statusCode, url).toBeGreaterThanOrEqual(400);
      expect(answer.body).not.toContain('SECRET');
      expect(answer.json().code).toMatch(/^api\./);
    }
    expect((await built.app.inject({ url: '/api/v1/summary' })).statusCode).toBe(401);
    await built.close();
    rmSync(folder, { recursive: true });
  });
});
