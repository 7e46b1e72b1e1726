/**
 * InfluxDB 1.6.7 with limits that are too small, under a real shipper.
 *
 * Injected: max-values-per-tag = 5 (or max-series-per-database) and an index in memory; later the
 * limit is raised and the server started again. Must hold: no good reading becomes a dead letter,
 * the reason has its code, a bad line is still found, and in the end every row is there once.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Commit, zeroCounters } from '../../gateway/journal/commit.ts';
import { nodeFiles } from '../../gateway/journal/files.ts';
import { JournalWriter } from '../../gateway/journal/writer.ts';
import type { DeadLetter } from '../../gateway/shipping/dead-letters.ts';
import { Feeds } from '../../gateway/shipping/feeds.ts';
import { Shipper } from '../../gateway/shipping/shipper.ts';
import { createStore, storeSettings } from '../../gateway/stores/index.ts';
import { limitExceeded } from '../../gateway/stores/influxdb/capacity.ts';
import { systemClock } from '../../model/clock.ts';
import { eventually } from '../helpers/eventually.ts';
import { Influxd, influxdPath } from '../helpers/influxd.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const nowMs = Date.now();

/** One reading of each device from `first` on; the last one is poison if `bad`. */
function commit(first: number, devices: number, bad = false): Commit {
  const numbers = Array.from({ length: devices }, (_, n) => first + n);
  const last = first + devices - 1;
  return {
    committedAtMs: nowMs,
    timestampsMs: numbers.map(() => nowMs),
    lineCounts: numbers.map(() => 1),
    lines: numbers
      .map((n) => {
        const power = bad && n === last ? '"much"' : '1';
        return `cnc,device=d${n},enterprise=e power=${power},seq=${n},quality=192 ${nowMs}\n`;
      })
      .join(''),
    refusals: [],
    touched: [],
    counters: { ...zeroCounters, received: last, accepted: last },
  };
}

const limits = [
  ['max-values-per-tag', 'INFLUXDB_DATA_MAX_VALUES_PER_TAG'],
  ['max-series-per-database', 'INFLUXDB_DATA_MAX_SERIES_PER_DATABASE'],
] as const;

describe.skipIf(influxdPath === null).each(limits)('%s', (name, variable) => {
  const inmem = { INFLUXDB_DATA_INDEX_VERSION: 'inmem' };

  test('readings of devices beyond the limit wait, and go on when it is raised', async () => {
    const influxd = await Influxd.start({ env: { ...inmem, [variable]: '5' } });
    cleanups.push(() => influxd.remove());
    const folder = join(temporaryFolder(), 'journal');
    mkdirSync(folder);
    const journal = { folder, generation: 'w0', segmentBytesMax: 64 * 1024, files: nodeFiles };
    const writer = await JournalWriter.create(journal);
    cleanups.push(() => writer.close());
    const logger = { info: () => {}, warn: () => {}, error: () => {} };
    const store = await createStore(storeSettings.parse({ kind: 'influxdb', url: influxd.url }), {
      clock: systemClock,
      dataFolder: folder,
      logger,
    });
    await store.start();
    cleanups.push(() => store.stop());
    const feeds = new Feeds({
      folder,
      totalsPath: join(folder, '..', 'shipped.json'),
      files: nodeFiles,
      liveGenerations: () => new Set(['w0']),
      onDiscarded: () => {},
    });
    const letters: DeadLetter[] = [];
    const shipper = new Shipper({
      ...{ feeds, store, clock: systemClock, lingerMs: 10 },
      deadLetters: { put: async (given) => void letters.push(...given) },
      log: logger,
    });
    await shipper.start();
    let stopped: Promise<void> | null = null;
    const stop = () => {
      stopped ??= shipper.stop(30_000);
      return stopped;
    };
    cleanups.push(stop);

    await writer.append(commit(1, 4));
    await eventually(() => feeds.shipped().stored).toBe(4);
    expect((await store.problemsFor?.(6))?.[0]).toContain(`${name} is 5, `);
    await writer.append(commit(5, 8, true));
    await eventually(() => feeds.shipped().stored + shipper.status().retries).toBeGreaterThan(4);
    // An empty measurement has room for a whole write, so the limit may be met by the next one.
    await writer.append(commit(13, 8));
    await eventually(() => shipper.status().unavailable).toMatchObject({
      code: 'store.limits-too-small',
      reason: expect.stringContaining(`partial write: ${name} limit exceeded`),
    });
    expect(letters.filter(({ payload }) => !payload.includes('much'))).toEqual([]);

    await influxd.restart({ env: { ...inmem, [variable]: '0' } });
    await eventually(() => feeds.shipped().stored).toBe(19);
    expect(shipper.status().unavailable).toBeNull();
    expect(letters).toHaveLength(1);
    expect(letters[0]?.payload).toContain('device=d12,');
    const ledger = await store.ledger({ profile: 'cnc', fromMs: nowMs, toMs: nowMs + 1 });
    expect(ledger).toHaveLength(19);
    expect(ledger.every(({ rows, distinctSeq }) => rows === 1 && distinctSeq === 1)).toBe(true);
    await stop();
  });
});

test('what a device wrote is not taken for the words of the server', () => {
  const words = 'max-values-per-tag limit exceeded (5/5)';
  expect(limitExceeded(`partial write: ${words}: measurement="cnc" dropped=1`)).not.toBeNull();
  expect(limitExceeded(`partial write: unable to parse 'cnc t="${words}': dropped=0`)).toBeNull();
  expect(limitExceeded(`unable to parse 'partial write: ${words}'`)).toBeNull();
});
