/**
 * Injected: InfluxDB stopped and started again; InfluxDB behind a proxy that answers 503; a store
 * that is away until the journal has reached its limit; one profile whose every line the store
 * refuses.
 * Must hold: readings are accepted until the limit, then devices wait, unacknowledged; every
 * acknowledged `seq` is in the store, once; other profiles are not held up; what is refused is a
 * dead letter; the counters add up.
 */

import { createServer, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestGateway } from '../helpers/gateway.ts';
import { Influxd } from '../helpers/influxd.ts';
import { reconcileThroughGateway } from '../helpers/reconcile.ts';
import { programIsThere } from '../helpers/services.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Passes requests on, or answers writes with 503 while `refusing`. */
async function startProxy(target: string) {
  const proxy = { url: '', refusing: false, refused: 0 };
  const server = createServer((incoming, outgoing) => {
    if (proxy.refusing && incoming.url?.startsWith('/write')) {
      proxy.refused++;
      incoming.resume();
      outgoing.writeHead(503, { 'Retry-After': '1' }).end('{"error":"engine: cache full"}');
      return;
    }
    const { method, headers, url } = incoming;
    const passed = request(new URL(url ?? '/', target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return proxy;
}

describe.skipIf(!programIsThere('influxd'))('InfluxDB', () => {
  let influxd: Influxd;
  beforeEach(async () => {
    influxd = await Influxd.start();
    cleanups.push(() => influxd.stop());
  });

  async function start(url = influxd.url, more = {}) {
    const store = { kind: 'influxdb' as const, url, database: 'onramp' };
    const gateway = await TestGateway.start({ store, ...more });
    cleanups.push(() => gateway.stop());
    return gateway;
  }

  test('stopped under load and started again: nothing is lost', async () => {
    const gateway = await start();
    const played = gateway.simulate({ devices: 60, duration: '14s', interval: '200ms' });
    await later(3000);
    await influxd.stop();
    await later(6000);
    const { shipper, readings } = await gateway.status();
    expect(shipper.unavailable).not.toBeNull();
    expect(readings.waiting).toBeGreaterThan(0);
    await influxd.restart();
    const ledger = await gateway.settle(await played);
    expect(ledger).toMatchObject({ lost: 0, duplicated: 0, examples: [] });
    expect(ledger.acked).toBe(ledger.sent);
  }, 120_000);

  test('away when the gateway starts: devices connect and their readings arrive later', async () => {
    await influxd.stop();
    const gateway = await start();
    const played = gateway.simulate({ devices: 20, duration: '4s' });
    const result = await played;
    await influxd.restart();
    const ledger = await gateway.settle(result);
    expect(ledger).toMatchObject({ lost: 0, duplicated: 0, examples: [] });
    expect(ledger.acked).toBe(ledger.sent);
  }, 120_000);

  test('answering 503: writes are repeated until it answers otherwise', async () => {
    const proxy = await startProxy(influxd.url);
    const gateway = await start(proxy.url);
    const played = gateway.simulate({ devices: 60, duration: '10s', interval: '200ms' });
    await later(2000);
    proxy.refusing = true;
    await later(5000);
    proxy.refusing = false;
    const ledger = await gateway.settle(await played);
    expect(proxy.refused).toBeGreaterThan(0);
    expect(ledger).toMatchObject({ lost: 0, duplicated: 0, examples: [] });
    expect(ledger.acked).toBe(ledger.sent);
  }, 120_000);

  test('one profile poisoned: the others are stored, its readings are dead letters to replay', async () => {
    await influxd.query('CREATE DATABASE onramp');
    // A field that exists as text refuses every number that follows, on each shard.
    await influxd.write('onramp', `power-meter,device=x,enterprise=x p="text" ${Date.now()}`);
    const gateway = await start();
    const result = await gateway.simulate({ devices: 60, duration: '6s' });
    const status = await gateway.settled();
    const entries = [...result.ledger()];
    const meters = entries.filter(({ profile }) => profile === 'power-meter');
    const others = entries.filter(({ profile }) => profile !== 'power-meter');
    expect(meters.length).toBeGreaterThan(0);
    expect(await reconcileThroughGateway(gateway.client, others)).toMatchObject({
      lost: 0,
      duplicated: 0,
    });
    expect(await reconcileThroughGateway(gateway.client, meters)).toMatchObject({ stored: 0 });
    const refused = meters.reduce((sum, { sent }) => sum + sent, 0);
    expect(status.readings.deadLettered).toBe(refused);

    await influxd.query('DROP MEASUREMENT "power-meter"', 'onramp');
    let replayed = 0;
    for (let rounds = 0; replayed < refused && rounds < 20; rounds++) {
      const report = await gateway.client.post('/api/v1/dead-letters/replay', { limit: 1000 });
      replayed += (report as { stored: number }).stored;
    }
    expect(await reconcileThroughGateway(gateway.client, meters)).toMatchObject({
      lost: 0,
      duplicated: 0,
    });
  }, 120_000);

  test("the journal's limit reached: devices wait, unacknowledged, and lose nothing", async () => {
    const gateway = await start(influxd.url, {
      journal: { bytesMax: 1024 ** 2, diskReserveBytes: 0 },
    });
    await influxd.stop();
    const played = gateway.simulate({
      devices: 150,
      duration: '25s',
      interval: '50ms',
      more: { report: 'full' },
    });
    await expect
      .poll(async () => (await gateway.status()).notReady.join(), { timeout: 60_000 })
      .toContain('journal is full');
    const { journal } = await gateway.status();
    // One commit and what was written since the last measurement may stand above the limit.
    expect(journal.unshippedBytes).toBeLessThan(8 * 1024 ** 2);
    await influxd.restart();
    const result = await played;
    const ledger = await gateway.settle(result);
    expect(ledger).toMatchObject({ lost: 0, duplicated: 0, examples: [] });
    expect((await gateway.status()).notReady).toEqual([]);
  }, 180_000);
});
