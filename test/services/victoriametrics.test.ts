/**
 * VictoriaMetrics 1.79.5 itself, beside the stores' contract.
 *
 * Injected: flags under which it would lose or double rows; a wrong password; timestamps it does
 * not keep; a server that is away, killed right after it took a write, or started again at once.
 * Must hold: it is not used when it would lose rows in silence; what was `stored` is there, once.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createStore, storeSettings } from '../../gateway/stores/index.ts';
import type { Store } from '../../gateway/stores/store.ts';
import { systemClock } from '../../model/clock.ts';
import type { DeviceProfile } from '../../model/profile.ts';
import { cnc } from '../contract/store-kinds.ts';
import { eventually } from '../helpers/eventually.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { VictoriaMetrics, victoriaMetricsPath } from '../helpers/victoria-metrics.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const needed = '-dedup.minScrapeInterval=1ms';

async function server(...flags: string[]): Promise<VictoriaMetrics> {
  const started = await VictoriaMetrics.start(flags);
  cleanups.push(() => started.remove());
  return started;
}

async function open(url: string, settings: object = {}, context: object = {}) {
  const warnings: string[] = [];
  const logger = {
    info: () => {},
    warn: (text: string) => void warnings.push(text),
    error: () => {},
  };
  const store = await createStore(
    storeSettings.parse({ kind: 'victoriametrics', url, ...settings }),
    {
      clock: systemClock,
      dataFolder: temporaryFolder(),
      logger,
      profile: async (id) => (id === cnc.id ? cnc : null),
      ...context,
    },
  );
  cleanups.push(() => store.stop());
  return { store, warnings };
}

const nowMs = Date.now();
const line = (seq: number, { profile = 'cnc', fields = '', ms = nowMs + seq } = {}) =>
  `${profile},device=d1,enterprise=e1 ${fields}seq=${seq},quality=192 ${ms}\n`;
const write = (store: Store, ...lines: string[]) =>
  store.write({ lines: Buffer.from(lines.join('')), lineCount: lines.length });
const stored = { status: 'stored' };
const machine = { enterprise: 'e1', device: 'd1', profile: 'cnc', limit: 100 };
const rowsOf = async (store: Store) =>
  (await store.ledger({ profile: 'cnc', fromMs: 0, toMs: nowMs + 1e8 }))[0]?.rows ?? 0;

describe.skipIf(victoriaMetricsPath === null)('VictoriaMetrics 1.79.5', () => {
  test('is not used with flags under which rows are lost or doubled; all are named', async () => {
    const flags = ['-storage.maxDailySeries=1000', '-influxSkipSingleField'];
    const { store } = await open((await server(...flags)).url);
    await expect(store.start()).rejects.toMatchObject({
      code: 'store.misconfigured',
      details: [
        expect.stringContaining('-dedup.minScrapeInterval=1ms'),
        expect.stringContaining('-storage.maxDailySeries=0'),
        expect.stringContaining('-influxSkipSingleField=false'),
      ],
    });
    const longer = await open((await server('-dedup.minScrapeInterval=10s')).url);
    await expect(longer.store.start()).rejects.toMatchObject({ code: 'store.misconfigured' });
  });

  test('free texts are left out, counted and said once; their rows are stored', async () => {
    const { store, warnings } = await open((await server(needed)).url);
    await store.start();
    expect(store.description).toMatch(/^victoriametrics/);
    const rows = [1, 2].map((seq) => line(seq, { fields: 'note="hello",state="run",' }));
    expect(await write(store, ...rows, line(3, { fields: 'state="lost",' }))).toEqual(stored);
    expect(await store.readings(machine)).toEqual([
      { timestampMs: nowMs + 3, seq: 3, values: {} },
      { timestampMs: nowMs + 2, seq: 2, values: { state: 'run' } },
      { timestampMs: nowMs + 1, seq: 1, values: { state: 'run' } },
    ]);
    expect(store.fieldsLeftOut).toBe(3);
    expect(warnings.map((text) => /texts of (\S+)/.exec(text)?.[1])).toEqual([
      'cnc.note',
      'cnc.state',
    ]);
    await write(store, line(4, { fields: 'note="again",' }));
    expect([store.fieldsLeftOut, warnings.length]).toEqual([4, 2]);
  });

  test('a value that is added to a profile later is found', async () => {
    const clock = Object.assign(new VirtualClock(), { nowMs: () => Date.now() });
    let values = ['off'];
    const known = async (): Promise<DeviceProfile> => ({
      ...cnc,
      signals: cnc.signals.map((signal) =>
        signal.id === 'state' ? { ...signal, values } : signal,
      ),
    });
    const { store } = await open((await server(needed)).url, {}, { clock, profile: known });
    await store.start();
    await write(store, line(1, { fields: 'state="off",' }));
    values = ['off', 'on'];
    await write(store, line(2, { fields: 'state="on",' }));
    await clock.advanceAsync(10_000);
    await write(store, line(3, { fields: 'state="on",' }));
    const states = (await store.readings(machine)).map((reading) => reading.values.state);
    expect(states).toEqual(['on', undefined, 'off']);
  });

  test('profiles and fields whose names run together are kept apart, databases too', async () => {
    const { url } = await server(needed);
    const { store } = await open(url);
    const other = (await open(url, { database: 'other' })).store;
    await store.start();
    await other.start();
    await write(
      store,
      line(1, { profile: 'a', fields: 'b_quality=1,' }),
      line(2, { profile: 'a_b', fields: 'c=2,' }),
    );
    expect(await store.readings({ ...machine, profile: 'a' })).toEqual([
      { timestampMs: nowMs + 1, seq: 1, values: { b_quality: 1 } },
    ]);
    expect(await store.totals(0)).toEqual({ enterprises: 1, devices: 1, rows: 2 });
    expect(await other.totals(0)).toEqual({ enterprises: 0, devices: 0, rows: 0 });
  });

  test('timestamps it would drop in silence are refused; its retention is compared', async () => {
    const { store, warnings } = await open((await server(needed, '-retentionPeriod=7d')).url, {
      retentionHours: 24,
    });
    await store.start();
    expect(warnings).toEqual([expect.stringContaining('keeps rows 168 hours, not 24 hours')]);
    const dayMs = 86_400_000;
    const lines = [-8, -6, 0, 1, 3].map((days, seq) => line(seq, { ms: nowMs + days * dayMs }));
    expect(await write(store, ...lines)).toMatchObject({
      status: 'rejected',
      lines: [{ index: 0 }, { index: 4 }],
    });
    expect((await store.readings(machine)).map(({ seq }) => seq)).toEqual([3, 2, 1]);
  });

  test('a wrong password is unauthorized, the right one writes', async () => {
    const flags = ['-httpAuth.username=onramp', '-httpAuth.password=richtig'];
    const { url } = await server(needed, ...flags);
    const passwordFile = join(temporaryFolder(), 'password');
    writeFileSync(passwordFile, 'falsch');
    const { store } = await open(url, { username: 'onramp', passwordFile });
    await expect(store.start()).rejects.toMatchObject({ code: 'store.unauthorized' });
    writeFileSync(passwordFile, 'richtig');
    await store.start();
    expect(await write(store, line(1))).toEqual(stored);
  });

  test('while it is away writes are unavailable and starting says so', async () => {
    const victoria = await server(needed);
    const { store } = await open(victoria.url);
    await store.start();
    await victoria.end();
    expect(await write(store, line(1))).toMatchObject({ status: 'unavailable' });
    const late = await open(victoria.url);
    await expect(late.store.start()).rejects.toMatchObject({ code: 'store.unavailable' });
    await victoria.begin();
    expect(await write(store, line(1))).toEqual(stored);
    expect(await rowsOf(store)).toBe(1);
  });

  test.each([
    ['then a write finds it away', true, false],
    ['then a write comes when it is back', false, false],
    ['then a reader comes first', false, true],
  ])('killed with what it had in memory, %s: all is there', async (_, away, readFirst) => {
    const victoria = await server(needed);
    // It tells the second of its start, by which the next one is known to be another.
    const startedS = Math.floor(Date.now() / 1000);
    await eventually(() => Math.floor(Date.now() / 1000)).toBeGreaterThan(startedS);
    const { store } = await open(victoria.url);
    await store.start();
    for (let seq = 1; seq <= 50; seq++) expect(await write(store, line(seq))).toEqual(stored);
    await victoria.end('SIGKILL');
    if (away) expect(await write(store, line(51))).toMatchObject({ status: 'unavailable' });
    await victoria.begin();
    if (readFirst) expect(await rowsOf(store)).toBe(50);
    expect(await write(store, line(51))).toEqual(stored);
    const [ledger] = await store.ledger({ profile: 'cnc', fromMs: 0, toMs: nowMs + 1e8 });
    expect(ledger).toMatchObject({ rows: 51, distinctSeq: 51, seqMin: 1, seqMax: 51 });
  });
});
