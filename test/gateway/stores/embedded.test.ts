/**
 * The embedded store beside its contract.
 *
 * Injected: `kill -9` of its process at any moment; a disk that runs full and is freed; another
 * process that has the file; a thread that is lost; queries that take too long.
 * Must hold: what was answered `stored` is there, once; writes go on without a restart.
 */

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createStore, storeSettings } from '../../../gateway/stores/index.ts';
import type { Store } from '../../../gateway/stores/store.ts';
import { systemClock } from '../../../model/clock.ts';
import { SmallDisk, smallDisksWork } from '../../helpers/small-disk.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const logger = { info: () => {}, warn: () => {}, error: () => {} };
const writer = new URL('./embedded-writer.ts', import.meta.url).pathname;

async function open(dataFolder: string, settings: object = {}): Promise<Store> {
  const parsed = storeSettings.parse({ kind: 'embedded', memoryLimit: '300MB', ...settings });
  const store = await createStore(parsed, { clock: systemClock, dataFolder, logger });
  onTestFinished(() => store.stop());
  return store;
}

async function started(dataFolder: string, settings: object = {}): Promise<Store> {
  const store = await open(dataFolder, settings);
  await store.start();
  return store;
}

function write(store: Store, ...lines: string[]) {
  const text = lines.map((line) => `${line}\n`).join('');
  return store.write({ lines: Buffer.from(text), lineCount: lines.length });
}

const row = (seq: number, more = '') =>
  `m,device=d1,enterprise=e1 seq=${seq},quality=192${more} ${1000 + seq}`;
const everything = { profile: 'm', fromMs: 0, toMs: 1e12 };

/** Starts a process that writes; resolves with the last batch it stored when it was killed. */
async function writeUntilKilled(folder: string, first: number, batches: number): Promise<number> {
  const child = spawn(process.execPath, [writer, folder, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last = first - 1;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    // Not right after an answer, when it would always be idle.
    if (last >= first + batches) setTimeout(() => child.kill('SIGKILL'), (last * 7) % 23);
  }
  return last;
}

test('kill -9 while it writes: everything answered stored is there, once', async () => {
  const folder = temporaryFolder();
  let last = -1;
  for (const batches of [2, 5, 9]) {
    last = await writeUntilKilled(folder, last + 1, batches);
    const store = await started(folder);
    const ledgers = await Promise.all(
      ['m0', 'm1', 'm2'].map((profile) => store.ledger({ ...everything, profile })),
    );
    const devices = ledgers.flat();
    const rows = devices.reduce((sum, device) => sum + device.rows, 0);
    const distinct = devices.reduce((sum, device) => sum + device.distinctSeq, 0);
    expect(distinct).toBe(rows);
    expect(rows % 500).toBe(0);
    expect(rows).toBeGreaterThanOrEqual((last + 1) * 500);
    expect(rows).toBeLessThanOrEqual((last + 2) * 500);
    await store.stop();
  }
});

describe.skipIf(!smallDisksWork())('on a small disk', () => {
  test('a full disk is unavailable; freed, it goes on without a restart', async () => {
    const disk = new SmallDisk(32 * 1024 * 1024);
    onTestFinished(() => disk.remove());
    const store = await started(disk.folder);
    expect(await write(store, row(1))).toEqual({ status: 'stored' });
    let stored = 1;
    for (let round = 0; round < 3; round++) {
      disk.fill();
      let failed = false;
      for (let batch = 0; batch < 60 && !failed; batch++) {
        const text = `,t="${'x'.repeat(50)}"`;
        const lines = Array.from({ length: 500 }, (_, n) => row(stored + 1 + n, text));
        const result = await write(store, ...lines);
        if (result.status === 'stored') stored += 500;
        else {
          expect(result.status).toBe('unavailable');
          failed = true;
        }
      }
      expect(failed).toBe(true);
      disk.free();
      expect(await write(store, row(stored + 1))).toEqual({ status: 'stored' });
      stored += 1;
      const [ledger] = await store.ledger(everything);
      expect(ledger).toMatchObject({ rows: stored, distinctSeq: stored, seqMax: stored });
    }
    await store.stop();
    const again = await started(disk.folder);
    expect((await again.ledger(everything))[0]).toMatchObject({ rows: stored });
    await again.stop();
  });
});

test('a file that another process has is tried again', async () => {
  const folder = temporaryFolder();
  const child = spawn(process.execPath, [writer, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const store = await open(folder);
  await expect(store.start()).rejects.toMatchObject({ code: 'store.unavailable' });
  expect(await write(store, row(1))).toMatchObject({ status: 'unavailable' });
  child.kill('SIGKILL');
  await ended;
  expect(await write(store, row(1))).toEqual({ status: 'stored' });
  await store.stop();
});

test('stopped, it neither writes nor starts by itself; started again, it does', async () => {
  const folder = temporaryFolder();
  const store = await started(folder);
  expect(store.description).toMatch(/^embedded \(DuckDB v\d/);
  await write(store, row(1));
  await store.stop();
  expect(await write(store, row(2))).toMatchObject({ status: 'unavailable' });
  await expect(store.totals(0)).rejects.toMatchObject({ code: 'store.unavailable' });
  await store.start();
  expect(await write(store, row(2))).toEqual({ status: 'stored' });
  expect(readdirSync(folder)).toContain('readings.duckdb');
  await store.stop();
});

test('reads run beside writes, and a read that takes too long fails alone', async () => {
  const store = await started(temporaryFolder(), { queryTimeoutMs: 100 });
  for (let batch = 0; batch < 10; batch++) {
    const lines = Array.from({ length: 20_000 }, (_, n) => {
      const seq = batch * 20_000 + n;
      return `m,device=d${seq},enterprise=e1 seq=${seq},quality=192 ${1000 + seq}`;
    });
    expect(await write(store, ...lines)).toEqual({ status: 'stored' });
  }
  const reads = Array.from({ length: 6 }, () => store.ledger(everything));
  const written = write(store, row(1));
  const outcomes = await Promise.allSettled(reads);
  expect(await written).toEqual({ status: 'stored' });
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') {
      expect(outcome.reason).toMatchObject({ code: 'store.unavailable' });
    } else expect(outcome.value).toHaveLength(200_000);
  }
  expect(await store.readings({ enterprise: 'e1', device: 'd7', profile: 'm', limit: 1 })).toEqual([
    { timestampMs: 1007, seq: 7, values: {} },
  ]);
});

test('reads go on while measurements are made and widened', async () => {
  const store = await started(temporaryFolder());
  const query = { enterprise: 'e1', device: 'd1', profile: 'm', limit: 5 };
  const reads: Promise<unknown>[] = [];
  for (let n = 0; n < 12; n++) {
    const lines = [row(n, `,f${n}=1`), `m${n},device=d1,enterprise=e1 seq=1,quality=192 1000`];
    const written = write(store, ...lines);
    for (let ask = 0; ask < 4; ask++) reads.push(store.readings(query), store.totals(0));
    expect(await written).toEqual({ status: 'stored' });
    await Promise.all(reads.splice(0));
  }
  expect((await store.readings(query))[0]?.values).toEqual({ f11: 1 });
});

test('waiting reads are bounded', async () => {
  const store = await started(temporaryFolder());
  await write(store, row(1));
  const outcomes = await Promise.allSettled(Array.from({ length: 80 }, () => store.totals(0)));
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(16);
  expect(await write(store, row(2))).toEqual({ status: 'stored' });
});

test('what does not fit its measurement is rejected with its reason, the rest is stored', async () => {
  const bad = [
    ['m,device=d1,enterprise=e1 device="x" 1', 'device is stored as a tag'],
    ['m,seq=1 a=1 1', 'seq is stored as a field'],
    ['m a=1,a="x" 1', 'field a is a text'],
    ['m time=1 1', 'time is the name'],
    ['m a\tb=1 1', 'control characters'],
    ['m\tn a=1 1', 'control characters'],
    [`m ${'n'.repeat(300)}=1 1`, 'longer than 256'],
  ] as const;
  const store = await started(temporaryFolder());
  const result = await write(store, row(1), ...bad.map(([line]) => line), row(2));
  expect(result).toEqual({
    status: 'rejected',
    lines: bad.map(([, reason], at) => ({
      index: at + 1,
      reason: expect.stringContaining(reason),
    })),
  });
  expect((await store.ledger(everything))[0]).toMatchObject({ rows: 2 });
});

test('tables of measurements never meet those of the store itself', async () => {
  const store = await started(temporaryFolder());
  for (const name of ['onramp_columns', 'onramp_staging', 'ONRAMP_x', 'select', 'main', 'temp']) {
    const line = `${name},device=d1,enterprise=e1 seq=1,quality=192 1000`;
    expect(await write(store, line, line)).toEqual({ status: 'stored' });
    expect(await write(store, line)).toEqual({ status: 'stored' });
    const query = { enterprise: 'e1', device: 'd1', profile: name, limit: 5 };
    expect(await store.readings(query)).toHaveLength(1);
  }
  expect(await store.totals(0)).toEqual({ enterprises: 1, devices: 1, rows: 6 });
});

test('a measurement has at most 1024 columns; the rest of a batch is stored', async () => {
  const store = await started(temporaryFolder());
  const fields = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => `f${from + n}=1`).join(',');
  const result = await write(
    store,
    `m ${fields(0, 1000)} 1`,
    `m ${fields(990, 1030)} 2`,
    `m ${fields(1000, 1024)} 3`,
  );
  expect(result).toMatchObject({ status: 'rejected', lines: [{ index: 1 }] });
});
