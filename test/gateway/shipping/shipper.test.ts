/** The shipper against a scripted store: sizes, faults of its own, and an end in order. */

import { describe, expect, test } from 'vitest';
import { type Commit, zeroCounters } from '../../../gateway/journal/commit.ts';
import { JournalWriter } from '../../../gateway/journal/writer.ts';
import type { DeadLetter } from '../../../gateway/shipping/dead-letters.ts';
import { Feeds } from '../../../gateway/shipping/feeds.ts';
import { Gatherer } from '../../../gateway/shipping/gatherer.ts';
import { Shipper } from '../../../gateway/shipping/shipper.ts';
import { MemoryStore } from '../../../gateway/stores/memory.ts';
import type { LineBatch, Store, WriteResult } from '../../../gateway/stores/store.ts';
import { limits } from '../../../model/limits.ts';
import { seededRandom } from '../../../model/random.ts';
import { FaultyDisk } from '../../helpers/faulty-disk.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

function commit(first: number, readings: number, refusals = 0, payload = ''): Commit {
  const numbers = Array.from({ length: readings }, (_, i) => first + i);
  return {
    committedAtMs: 1000,
    timestampsMs: numbers.map(() => 1000),
    lineCounts: numbers.map(() => 1),
    lines: numbers
      .map((n) => `press,device=d${n},enterprise=e power=1,seq=${n},quality=192 1000\n`)
      .join(''),
    refusals: Array.from({ length: refusals }, () => ({
      atMs: 1000,
      enterprise: 'e',
      device: 'd',
      profile: 'press',
      code: 'payload.not-json' as const,
      detail: '',
      scope: 'reading' as const,
      topic: 't',
      payload,
      payloadEncoding: 'utf8' as const,
    })),
    touched: numbers.map((n, reading) => ({ reading, key: `e.d${n}` })),
    counters: { ...zeroCounters, received: first, accepted: first, refused: refusals },
  };
}

async function world(
  commits: readonly Commit[],
  write: (batch: LineBatch, memory: Store) => Promise<WriteResult>,
  written: { live: boolean } = { live: false },
) {
  const files = new FaultyDisk(seededRandom(1)).process();
  await files.makeFolder('/journal');
  const options = { folder: '/journal', generation: 'w0', segmentBytesMax: 64 * 1024, files };
  const writer = await JournalWriter.create(options);
  for (const each of commits) await writer.append(each);
  if (!written.live) await writer.close();
  const clock = new VirtualClock();
  const memory = new MemoryStore({ kind: 'memory', rowsMax: 100_000 });
  const store = Object.assign(Object.create(memory) as Store, {
    preference: { linesInitial: 1000, linesMax: 1000, concurrencyMax: 2 },
    totals: (fromMs: number) => memory.totals(fromMs),
    write: (batch: LineBatch) => write(batch, memory),
  });
  const feeds = new Feeds({
    folder: '/journal',
    totalsPath: `${temporaryFolder()}/shipped.json`,
    files,
    liveGenerations: () => new Set(written.live ? ['w0'] : []),
    onDiscarded: () => {},
  });
  const letters: DeadLetter[] = [];
  const storedKeys: string[] = [];
  const shipper = new Shipper({
    feeds,
    store,
    deadLetters: { put: async (given) => void letters.push(...given) },
    clock,
    log: { info: () => {}, warn: () => {} },
    lingerMs: 100,
    onStored: (keys) => storedKeys.push(...keys),
  });
  const finish = async () => {
    let ended = false;
    const stopped = shipper.stop(60_000).then(() => {
      ended = true;
    });
    for (let i = 0; i < 3000 && !ended; i++) await clock.advanceAsync(50);
    await stopped;
  };
  return { clock, feeds, finish, letters, memory, shipper, storedKeys, writer };
}

describe('the shipper', () => {
  test('halves what the store finds too large, loses nothing and learns the size', async () => {
    const sizes: number[] = [];
    const { feeds, finish, letters, memory, shipper } = await world(
      Array.from({ length: 20 }, (_, i) => commit(1 + i * 50, 50)),
      async (batch, store) => {
        sizes.push(batch.lineCount);
        if (batch.lineCount > 60) return { status: 'too-large', reason: '413' };
        return store.write(batch);
      },
    );
    await shipper.start();
    await finish();
    expect(letters).toEqual([]);
    expect((await memory.totals(0)).devices).toBe(1000);
    expect(feeds.shipped().stored).toBe(1000);
    expect(shipper.status().linesPerWrite).toBeLessThanOrEqual(500);
    expect(Math.max(...sizes)).toBe(1000);
  });

  test('repeats a delivery that failed for a reason of its own', async () => {
    let faults = 3;
    const { feeds, finish, shipper } = await world([commit(1, 10)], async (batch, store) => {
      if (faults-- > 0) throw new Error('a fault of ours');
      return store.write(batch);
    });
    await shipper.start();
    await finish();
    expect(feeds.shipped().stored).toBe(10);
  });

  test('tells which touched devices have a row in the store, and of no row that was refused', async () => {
    const bad = new Set([1, 3]);
    const { finish, letters, shipper, storedKeys } = await world(
      [commit(1, 4), commit(5, 2)],
      async ({ lines, lineCount }) => {
        const rejected = Array.from({ length: lineCount }, (_, index) => index)
          .filter((index) => bad.has(index))
          .map((index) => ({ index, reason: 'conflict' }));
        expect(lines.length).toBeGreaterThan(0);
        return { status: 'rejected', lines: rejected, reason: 'partial write' };
      },
    );
    await shipper.start();
    await finish();
    expect(storedKeys).toEqual(['e.d1', 'e.d3', 'e.d5', 'e.d6']);
    expect(letters).toHaveLength(2);
  });

  test('tells of no device while the store is away', async () => {
    const { finish, shipper, storedKeys } = await world([commit(1, 10)], async () => ({
      status: 'unavailable',
      reason: 'away',
    }));
    await shipper.start();
    await finish();
    expect(storedKeys).toEqual([]);
  });

  test('ships what the writers committed while it looked, when it is told to stop', async () => {
    const written = { live: true };
    const parts = await world([], async (batch, store) => store.write(batch), written);
    const { feeds, finish, shipper, writer } = parts;
    let finished: Promise<void> | null = null;
    const records = feeds.records.bind(feeds);
    feeds.records = async function* () {
      yield* records();
      if (finished !== null) return;
      await writer.append(commit(1, 10));
      await writer.close();
      written.live = false;
      finished = finish();
    };
    await shipper.start();
    await expect.poll(() => finished).not.toBeNull();
    await finished;
    expect(feeds.shipped().stored).toBe(10);
    expect(feeds.shippedOf('w0')).toBeUndefined();
  });

  test('ends in time when the store never answers, and nothing is advanced over', async () => {
    const { feeds, finish, shipper } = await world([commit(1, 10)], async () => ({
      status: 'unavailable',
      reason: 'away',
    }));
    await shipper.start();
    await finish();
    expect(feeds.shipped().stored).toBe(0);
    expect(shipper.status().unavailable).toMatchObject({ reason: 'away' });
  });
});

test('a backlog of refusals is gathered in parts', async () => {
  const payload = 'x'.repeat(limits.deadLetterPayloadBytesMax);
  const commits = Array.from({ length: 40 }, (_, i) => commit(i + 1, 0, 20, payload));
  const { feeds } = await world(commits, async () => ({ status: 'stored' }));
  await feeds.refresh();
  const gatherer = new Gatherer(feeds);
  expect(await gatherer.gather(1000)).toBe(true);
  const first = gatherer.take();
  expect(first.length).toBeLessThan(20);
  expect(await gatherer.gather(1000)).toBe(true);
});
