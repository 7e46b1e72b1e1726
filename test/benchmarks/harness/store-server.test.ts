/**
 * Somebody's store by its address. Injected: nobody listens, a server that never answers, a broker,
 * a web server, limits too small. Must hold: each is told apart in a clear sentence.
 */

import { createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkStore, detectStore } from '../../../benchmarks/harness/store-server.ts';
import { systemClock } from '../../../model/clock.ts';
import { Influxd, influxdPath } from '../../helpers/influxd.ts';
import { answerJson, scriptedHttpServer } from '../../helpers/scripted-http-server.ts';
import { freePort } from '../../helpers/services.ts';
import { VictoriaMetrics, victoriaMetricsPath } from '../../helpers/victoria-metrics.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

/** Address of a server that does `serve` with each connection. */
async function listening(serve: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

test('nobody listens', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  await expect(detectStore(url, systemClock)).rejects.toMatchObject({
    code: 'store.unavailable',
    details: [url, expect.stringContaining('ECONNREFUSED')],
  });
});

test('one that never answers is given up', async () => {
  const clock = new VirtualClock();
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  const url = await listening(() => resolve());
  const detected = detectStore(url, clock).catch((error: unknown) => error);
  await connected;
  await clock.advanceAsync(10_000);
  expect(await detected).toMatchObject({
    code: 'store.unavailable',
    details: [url, 'no answer within 10000 ms'],
  });
});

test.each([
  ['hangs up, as a broker does', (socket: Socket) => socket.once('data', () => socket.end())],
  ['says something else', (socket: Socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')],
])('a server that %s is another protocol', async (_, serve) => {
  const url = await listening(serve);
  await expect(detectStore(url, systemClock)).rejects.toMatchObject({ code: 'store.unsupported' });
});

test.each([
  [404, 'store.unsupported'],
  [401, 'store.unauthorized'],
  [503, 'store.unavailable'],
])('a web server that answers %i: %s', async (status, code) => {
  const { url } = await scriptedHttpServer((_, response) => answerJson(response, status, {}));
  await expect(detectStore(url, systemClock)).rejects.toMatchObject({ code });
});

test.each(['mqtt://127.0.0.1', 'influx', ''])('%o is no address of a store', async (url) => {
  await expect(detectStore(url, systemClock)).rejects.toMatchObject({ code: 'config.invalid' });
});

test('credentials do not belong into an address, and are not repeated', async () => {
  const url = 'http://writer:open-sesame@127.0.0.1:8086';
  for (const refused of [
    detectStore(url, systemClock),
    checkStore({ kind: 'influxdb', url }, 1, systemClock),
    detectStore(url.replace('http', 'ftp'), systemClock),
  ]) {
    const error = await refused.catch((error: unknown) => error as Error);
    expect(error).toMatchObject({ code: 'config.invalid' });
    expect((error as Error).message).not.toContain('sesame');
  }
  await expect(detectStore(url, systemClock)).rejects.toThrow(/must not hold credentials/);
});

test('InfluxDB 2 has metrics of its own, and 3 keeps them to itself', async () => {
  for (const status of [200, 401]) {
    const { url } = await scriptedHttpServer(({ path }, response) => {
      if (path === '/metrics') return answerJson(response, status, {});
      response.writeHead(204, { 'x-influxdb-version': 'v2.7.1' }).end();
    });
    expect(await detectStore(url, systemClock)).toBe('influxdb');
  }
});

describe.skipIf(influxdPath === null)('influxd', () => {
  test('is found, and refused before a run when its limits are too small', async () => {
    const influxd = await Influxd.start({ defaults: true });
    onTestFinished(() => influxd.remove());
    expect(await detectStore(influxd.url, systemClock)).toBe('influxdb');
    const store = { kind: 'influxdb', url: influxd.url, database: 'bench' } as const;
    await checkStore(store, 2000, systemClock);
    await expect(checkStore(store, 100_000, systemClock)).rejects.toMatchObject({
      code: 'store.limits-too-small',
      message: expect.stringContaining('max-values-per-tag is 100000'),
    });
  });
});

describe.skipIf(victoriaMetricsPath === null)('victoria-metrics', () => {
  test('is found, and refused when it would store a repeated write twice', async () => {
    const server = await VictoriaMetrics.start(['-retentionPeriod=100y']);
    onTestFinished(() => server.remove());
    expect(await detectStore(server.url, systemClock)).toBe('victoriametrics');
    const store = { kind: 'victoriametrics', url: server.url } as const;
    await expect(checkStore(store, 100_000, systemClock)).rejects.toMatchObject({
      code: 'store.misconfigured',
      message: expect.stringContaining('-dedup.minScrapeInterval=1ms'),
    });
  });
});
