/**
 * InfluxDB 1.6.7 itself, beside the stores' contract: authentication, retention, its defaults.
 *
 * Injected: a wrong password; a database that is dropped; a server that is frozen, killed and
 * restarted.
 * Must hold: each is told apart, nothing is lost, and the same batch is stored in the end.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { InfluxdOptions } from '../../benchmarks/harness/influxd.ts';
import { createStore, storeSettings } from '../../gateway/stores/index.ts';
import type { Store } from '../../gateway/stores/store.ts';
import { systemClock } from '../../model/clock.ts';
import { Influxd } from '../helpers/influxd.ts';
import { programIsThere } from '../helpers/services.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function server(options: InfluxdOptions = {}): Promise<Influxd> {
  const influxd = await Influxd.start(options);
  cleanups.push(() => influxd.remove());
  return influxd;
}

async function open(influxd: Influxd, settings: object = {}) {
  const warnings: string[] = [];
  const logger = { info: vi.fn(), warn: (text: string) => warnings.push(text), error: vi.fn() };
  const parsed = storeSettings.parse({ kind: 'influxdb', url: influxd.url, ...settings });
  const context = { clock: systemClock, dataFolder: temporaryFolder(), logger };
  const store = await createStore(parsed, context);
  cleanups.push(() => store.stop());
  return { store, warnings };
}

const now = Date.now();
const line = (seq: number, ms = now + seq) =>
  `m,device=d1,enterprise=e1 seq=${seq},quality=192 ${ms}\n`;
const write = (store: Store, ...lines: string[]) =>
  store.write({ lines: Buffer.from(lines.join('')), lineCount: lines.length });
const everything = { profile: 'm', fromMs: 0, toMs: now + 1e9 };

describe.skipIf(!programIsThere('influxd'))('InfluxDB 1.6.7', () => {
  test('says its version; the settings of a large city will do, the defaults will not', async () => {
    const { store, warnings } = await open(await server());
    await store.start();
    expect(store.description).toMatch(/^influxdb 1\.6\.7/);
    expect(warnings).toEqual([]);
    expect(await store.problemsFor?.(1_000_000)).toEqual([]);

    const small = await open(await server({ defaults: true }));
    await small.store.start();
    expect(await small.store.problemsFor?.(1000)).toEqual([]);
    const problems = (await small.store.problemsFor?.(100_000))?.join(' ') ?? '';
    expect(problems).toContain('max-values-per-tag is 100000');
    expect(problems).toContain('cache-snapshot-memory-size is 25m');
  });

  test('authentication: a wrong password is unauthorized, the right one writes', async () => {
    const influxd = await server({ env: { INFLUXDB_HTTP_AUTH_ENABLED: 'true' } });
    await influxd.query(`CREATE USER admin WITH PASSWORD 'richtig' WITH ALL PRIVILEGES`, '');
    const passwordFile = join(temporaryFolder(), 'password');
    writeFileSync(passwordFile, 'falsch');
    const { store } = await open(influxd, { username: 'admin', passwordFile });
    await expect(store.start()).rejects.toMatchObject({ code: 'store.unauthorized' });
    writeFileSync(passwordFile, 'richtig\n');
    await store.start();
    expect(await write(store, line(1))).toEqual({ status: 'stored' });
    expect(await store.ledger(everything)).toHaveLength(1);
  });

  test('retentionHours makes a policy, changes only its own, and refuses older lines', async () => {
    const influxd = await server();
    const policies = async (name: string) =>
      (await influxd.query('SHOW RETENTION POLICIES', name))[0]?.values;
    const first = await open(influxd, { retentionHours: 24 });
    await first.store.start();
    expect(await policies('onramp')).toEqual([['onramp', '24h0m0s', '1h0m0s', 1, true]]);
    expect(await write(first.store, line(1), line(2, now - 48 * 3_600_000))).toMatchObject({
      status: 'refused',
      reason: expect.stringContaining('retention'),
    });
    const second = await open(influxd, { retentionHours: 48 });
    await second.store.start();
    expect((await policies('onramp'))?.[0]?.slice(0, 2)).toEqual(['onramp', '48h0m0s']);

    await influxd.query('CREATE DATABASE theirs');
    const other = await open(influxd, { database: 'theirs', retentionHours: 24 });
    await other.store.start();
    expect(other.warnings).toHaveLength(1);
    expect((await policies('theirs'))?.[0]?.slice(0, 2)).toEqual(['autogen', '0s']);
  });

  test('a database dropped under way is made again', async () => {
    const influxd = await server();
    const { store } = await open(influxd);
    await store.start();
    await influxd.query('DROP DATABASE onramp');
    expect(await write(store, line(1))).toMatchObject({ status: 'unavailable' });
    expect(await write(store, line(1))).toEqual({ status: 'stored' });
  });

  test('frozen, killed and restarted: the same batch is stored in the end, once', async () => {
    const influxd = await server();
    const { store } = await open(influxd, { writeTimeoutMs: 500 });
    await store.start();
    expect(await write(store, line(1))).toEqual({ status: 'stored' });
    influxd.freeze(true);
    expect(await write(store, line(2))).toMatchObject({ status: 'unavailable' });
    influxd.freeze(false);
    await vi.waitFor(async () => {
      expect(await write(store, line(2))).toEqual({ status: 'stored' });
    }, 10_000);
    await influxd.kill();
    expect(await write(store, line(3))).toMatchObject({ status: 'unavailable' });
    await expect(store.totals(0)).rejects.toMatchObject({ code: 'store.unavailable' });
    await influxd.restart();
    expect(await write(store, line(2), line(3))).toEqual({ status: 'stored' });
    expect(await store.ledger(everything)).toEqual([
      { enterprise: 'e1', device: 'd1', rows: 3, distinctSeq: 3, seqMin: 1, seqMax: 3 },
    ]);
  });

  test('the ledger of many rows is read in slices, and agrees with the server', async () => {
    const { store } = await open(await server());
    await store.start();
    const perDevice = 2500;
    const lines: string[] = [];
    for (let device = 0; device < 100; device++) {
      for (let seq = 0; seq < perDevice; seq++) {
        const ms = now - 3_600_000 + seq * 1000 + device;
        lines.push(`m,device=d${device},enterprise=e1 seq=${seq},quality=192 ${ms}\n`);
      }
    }
    for (let at = 0; at < lines.length; at += 20_000) {
      expect(await write(store, ...lines.slice(at, at + 20_000))).toEqual({ status: 'stored' });
    }
    const ledger = await store.ledger(everything);
    expect(ledger).toHaveLength(100);
    const expected = { rows: perDevice, distinctSeq: perDevice, seqMin: 0, seqMax: perDevice - 1 };
    for (const device of ledger) expect(device).toMatchObject(expected);
    expect(await store.totals(0)).toEqual({ enterprises: 1, devices: 100, rows: 250_000 });
  });
});
