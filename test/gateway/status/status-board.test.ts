/**
 * Injected: workers killed with readings that they had reported and not committed, or committed and
 * not reported; generations shipped to their end and folded, at any moment in between. Must hold: no
 * counter falls, received = stored + deadLettered + waiting + withheld + dropped at all times, and
 * in the end nothing waits.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type WorkerCounters, zeroCounters } from '../../../gateway/journal/commit.ts';
import { JournalWriter } from '../../../gateway/journal/writer.ts';
import type { IndexedStats } from '../../../gateway/processes/worker-pool.ts';
import { nothingShipped, type Shipped } from '../../../gateway/shipping/feed.ts';
import { Feeds } from '../../../gateway/shipping/feeds.ts';
import { addShipped } from '../../../gateway/shipping/totals.ts';
import type { ReadingCounts, ShipperStatus } from '../../../gateway/status/status.ts';
import { StatusBoard } from '../../../gateway/status/status-board.ts';
import { seededRandom } from '../../../model/random.ts';
import { FaultyDisk } from '../../helpers/faulty-disk.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

class FakePool {
  readonly restarts = 0;
  readonly addresses = [];
  readonly live = new Map<string, IndexedStats | null>();
  stats = () => [...this.live.values()].filter((stats) => stats !== null);
  liveGenerations = () => new Set(this.live.keys());
}

/** As the real ones: an account is brought up to date in place and goes when it is folded. */
class FakeFeeds {
  readonly open = new Map<string, Shipped>();
  folded = nothingShipped();

  shipped(): Shipped {
    return [...this.open.values()].reduce(addShipped, this.folded);
  }

  shippedOf(generation: string): Shipped | undefined {
    return this.open.get(generation);
  }

  fold(generation: string): void {
    this.folded = addShipped(this.folded, this.open.get(generation)!);
    this.open.delete(generation);
  }
}

const idleShipper: ShipperStatus = {
  unavailable: null,
  writes: 0,
  retries: 0,
  linesPerWrite: 0,
  writeMs: null,
  storedMs: null,
};

function makeBoard<F extends Pick<Feeds, 'shipped' | 'shippedOf'>>(feeds: F) {
  const pool = new FakePool();
  const away = { store: null as ShipperStatus['unavailable'] };
  const board = new StatusBoard({
    clock: new VirtualClock(),
    pool,
    feeds,
    shipper: { status: () => idleShipper },
    room: {
      status: () => ({ unshippedBytes: 0, bytesMax: 1, diskFreeBytes: 1, secondsUntilFull: null }),
    },
    store: () => 'a store',
    storeNotStarted: () => away.store,
    onboarding: () => null,
    simulated: false,
  });
  return { board, pool, feeds, away };
}

const world = () => makeBoard(new FakeFeeds());
type World = ReturnType<typeof world>;

function statsOf(
  generation: string,
  counters: Partial<WorkerCounters>,
  more: Partial<IndexedStats> = {},
): IndexedStats {
  return {
    index: 0,
    generation,
    pid: 1,
    counters: { ...zeroCounters, ...counters },
    waiting: 0,
    blocked: false,
    sessions: 0,
    connects: 0,
    disconnects: 0,
    refusals: {},
    rssBytes: 0,
    cpuS: 0,
    commits: 0,
    ...more,
  };
}

function kill({ board, pool }: World, generation: string): void {
  const stats = pool.live.get(generation) ?? null;
  pool.live.delete(generation);
  board.keep(stats);
}

/** A feed asks whether its writer lives before it is taken for finished, and then is folded. */
function fold({ board, feeds }: World, generation: string): boolean {
  if (board.liveGenerations().has(generation)) return false;
  feeds.fold(generation);
  return true;
}

/** What was shipped when all of `counters` is stored or, refused, in the dead letters. */
function account(counters: WorkerCounters): Shipped {
  const { accepted, refused } = counters;
  return { stored: accepted, refusedByStore: 0, refusedByCheck: refused, counters };
}

function expectSum(counts: ReadingCounts): void {
  const { received, stored, deadLettered, waiting, withheld, dropped } = counts;
  expect(stored + deadLettered + waiting + withheld + dropped).toBe(received);
  expect(waiting).toBeGreaterThanOrEqual(0);
}

describe('a worker killed with readings it had not committed', () => {
  const committed = {
    ...zeroCounters,
    received: 12,
    accepted: 8,
    refused: 1,
    withheld: 2,
    dropped: 1,
  };
  const reported = {
    received: 30,
    accepted: 18,
    refused: 3,
    withheld: 4,
    dropped: 5,
    refusedFields: 7,
  };

  test('they wait while they may be in its journal, then they are withheld', () => {
    const it = world();
    it.pool.live.set('w0-a', statsOf('w0-a', reported));
    const before = it.board.status().readings;
    expect(before).toMatchObject({ received: 30, waiting: 21, withheld: 4, dropped: 5 });
    kill(it, 'w0-a');
    expect(it.board.status().readings).toEqual(before);

    it.feeds.open.set('w0-a', account(committed));
    const shipped = { received: 30, stored: 8, deadLettered: 1, waiting: 12 };
    expect(it.board.status().readings).toMatchObject(shipped);
    fold(it, 'w0-a');
    const after = {
      received: 30,
      stored: 8,
      deadLettered: 1,
      waiting: 0,
      withheld: 4 + 12,
      dropped: 5,
      refusedFields: 7,
    };
    expect(it.board.status().readings).toEqual(after);

    it.pool.live.set('w0-b', statsOf('w0-b', { received: 3, accepted: 3 }));
    expect(it.board.status().readings).toEqual({ ...after, received: 33, waiting: 3 });
  });

  test('what it committed after its last report counts once', () => {
    const it = world();
    it.pool.live.set('w0-a', statsOf('w0-a', { received: 5, accepted: 5 }));
    it.feeds.open.set('w0-a', account(committed));
    expect(it.board.status().readings.received).toBe(12);
    kill(it, 'w0-a');
    fold(it, 'w0-a');
    expect(it.board.status().readings).toMatchObject({ received: 12, waiting: 0, withheld: 2 });
  });

  test('one that never reported counts by its journal alone', () => {
    const it = world();
    it.pool.live.set('w0-a', null);
    kill(it, 'w0-a');
    it.feeds.open.set('w0-a', account(committed));
    fold(it, 'w0-a');
    expect(it.board.status().readings).toMatchObject({ received: 12, waiting: 0 });
  });
});

const steps = ['receive', 'report', 'commit', 'kill', 'open', 'ship', 'fold'] as const;
type Step = (typeof steps)[number];

/** A worker and its journal as they really are; the board sees parts of it. */
class Life {
  alive = true;
  readonly #world: World;
  readonly #generation: string;
  readonly #counters = { ...zeroCounters };
  #committed: WorkerCounters = zeroCounters;
  #folded = false;

  constructor(world: World, generation: string) {
    this.#world = world;
    this.#generation = generation;
    world.pool.live.set(generation, null);
  }

  take(step: Step, amount: number): void {
    if (step === 'open' || step === 'ship' || step === 'fold') this.#ship(step);
    else if (this.alive) this.#work(step, amount);
  }

  /** Dies, if it has not, and is shipped to its end. */
  finish(): void {
    for (const step of ['kill', 'open', 'ship', 'fold'] as const) this.take(step, 0);
    expect(this.#folded).toBe(true);
  }

  #work(step: Step, amount: number): void {
    const { pool } = this.#world;
    if (step === 'receive') {
      const kinds = ['accepted', 'refused', 'withheld', 'dropped'] as const;
      this.#counters.received += amount;
      this.#counters[kinds[amount % 4]!] += amount;
      this.#counters.refusedFields += amount % 3;
    } else if (step === 'report') {
      pool.live.set(this.#generation, statsOf(this.#generation, { ...this.#counters }));
    } else if (step === 'commit') {
      this.#committed = { ...this.#counters };
    } else {
      this.alive = false;
      kill(this.#world, this.#generation);
    }
  }

  #ship(step: Step): void {
    const { feeds } = this.#world;
    const feed = feeds.open.get(this.#generation);
    if (step === 'open' && !feed && !this.#folded) {
      feeds.open.set(this.#generation, nothingShipped());
    } else if (step === 'ship' && feed) {
      Object.assign(feed, account(this.#committed));
    } else if (step === 'fold' && feed?.counters.received === this.#committed.received) {
      this.#folded = fold(this.#world, this.#generation);
    }
  }
}

test('whatever happens in whatever order, no counter falls and they add up', () => {
  // Most of what happens is work: otherwise few workers die with something to lose.
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('receive' as const, 'report' as const) },
    { weight: 2, arbitrary: fc.constantFrom('start' as const, 'look' as const) },
    { weight: 3, arbitrary: fc.constantFrom(...steps) },
  );
  const moves = fc.array(fc.tuple(fc.nat(2), step, fc.integer({ min: 1, max: 9 })), {
    minLength: 20,
    maxLength: 120,
  });
  fc.assert(
    fc.property(moves, (moves) => {
      const it = world();
      const lives: Life[] = [];
      const slots: Life[] = [];
      let last = it.board.status().readings;
      const look = () => {
        const now = it.board.status().readings;
        expectSum(now);
        for (const key of Object.keys(now) as (keyof ReadingCounts)[]) {
          if (key !== 'waiting') expect(now[key], key).toBeGreaterThanOrEqual(last[key]);
        }
        last = now;
      };
      for (const [slot, step, amount] of moves) {
        if (step === 'look') look();
        else if (step !== 'start') slots[slot]?.take(step, amount);
        else if (!slots[slot]?.alive) {
          slots[slot] = new Life(it, `w${slot}-${lives.length}`);
          lives.push(slots[slot]);
        }
      }
      look();
      for (const life of lives) life.finish();
      look();
      expect(last.waiting).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test('with real journals: what a killed worker had not committed stays counted', async () => {
  const files = new FaultyDisk(seededRandom(1)).process();
  await files.makeFolder('/journal');
  let live = (): ReadonlySet<string> => new Set();
  const feeds = new Feeds({
    folder: '/journal',
    totalsPath: `${temporaryFolder()}/shipped.json`,
    files,
    liveGenerations: () => live(),
    onDiscarded: () => {},
  });
  const { board, pool } = makeBoard(feeds);
  live = () => board.liveGenerations();
  const ship = async () => {
    await feeds.refresh();
    for await (const pending of feeds.records()) {
      pending.done = true;
      pending.feed.settle();
    }
    await feeds.refresh();
  };

  pool.live.set('w0-a', statsOf('w0-a', { received: 9, accepted: 7, withheld: 2 }));
  const options = { folder: '/journal', generation: 'w0-a', segmentBytesMax: 1000, files };
  const writer = await JournalWriter.create(options);
  for (const accepted of [1, 2]) {
    await writer.append({
      committedAtMs: 1000,
      timestampsMs: [1000],
      lineCounts: [1],
      lines: `press,device=a power=${accepted} 1000\n`,
      refusals: [],
      touched: [],
      counters: { ...zeroCounters, received: accepted, accepted },
    });
  }
  // Nobody looks at the board between the worker's death and the end of its generation.
  pool.live.delete('w0-a');
  board.keep(statsOf('w0-a', { received: 9, accepted: 7, withheld: 2 }));
  await ship();
  expect(feeds.shippedOf('w0-a')).toBeUndefined();
  expect(board.status().readings).toMatchObject({
    received: 9,
    stored: 2,
    waiting: 0,
    withheld: 7,
  });
});

test('connections and refusals of dead workers stay counted', () => {
  const it = world();
  const refusals = { 'connect.bad-credentials': 3 } as const;
  it.pool.live.set('w0-a', statsOf('w0-a', {}, { refusals }));
  kill(it, 'w0-a');
  it.pool.live.set('w0-b', statsOf('w0-b', {}, { index: 1, refusals }));
  const { refusals: counted, workers } = it.board.status();
  expect(counted).toEqual({ 'connect.bad-credentials': 6 });
  expect(workers.map(({ index }) => index)).toEqual([1]);
});

test('ready means that devices are taken, whether or not the store is there', () => {
  const it = world();
  expect(it.board.status().notReady).toEqual(['No worker is running.']);
  it.pool.live.set('w0-a', statsOf('w0-a', {}));
  const unavailable = { sinceMs: 1, reason: 'store.unsupported: it is a web server' };
  it.away.store = unavailable;
  expect(it.board.status()).toMatchObject({ notReady: [], shipper: { unavailable } });
  it.pool.live.set('w0-a', statsOf('w0-a', {}, { blocked: true }));
  expect(it.board.status().notReady).toEqual([expect.stringContaining('journal is full')]);
});
