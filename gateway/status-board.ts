/** Gathers what every part of the gateway knows of itself into one status. */

import type { Clock } from '../model/clock.ts';
import type { ErrorCode } from '../model/errors.ts';
import { type WorkerCounters, zeroCounters } from './journal/commit.ts';
import type { JournalRoom } from './journal-room.ts';
import type { WorkerStats } from './messages.ts';
import type { Feeds } from './shipping/feeds.ts';
import type { Shipper } from './shipping/shipper.ts';
import { addCounters } from './shipping/totals.ts';
import type { GatewayStatus, Rates, ReadingCounts, WorkerStatus } from './status.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface StatusBoardOptions {
  readonly clock: Clock;
  readonly pool: WorkerPool;
  readonly feeds: Feeds;
  readonly shipper: Shipper;
  readonly room: JournalRoom;
  readonly store: () => string;
  readonly simulated: boolean;
}

interface Sample {
  readonly atMs: number;
  readonly received: number;
  readonly stored: number;
  readonly connects: number;
}

const rateWindowMs = 5000;

export class StatusBoard {
  readonly #options: StatusBoardOptions;
  readonly #startedAtMs: number;
  /** Connections and refusals of workers that are gone. */
  readonly #goneRefusals: Partial<Record<ErrorCode, number>> = {};
  #goneConnects = 0;
  /** Last counters of every generation that is not yet shipped to its end, by name. */
  readonly #counters = new Map<string, Readonly<WorkerCounters>>();
  #samples: Sample[] = [];

  constructor(options: StatusBoardOptions) {
    this.#options = options;
    this.#startedAtMs = options.clock.nowMs();
  }

  /** Keeps what a dead worker had counted. */
  keep(stats: WorkerStats | null): void {
    if (stats === null) return;
    addRefusals(this.#goneRefusals, stats.refusals);
    this.#goneConnects += stats.connects;
    this.#counters.set(stats.generation, stats.counters);
  }

  /** Takes a sample for the rates; call once a second. */
  tick(): void {
    const { clock } = this.#options;
    const { received, stored } = this.#readings();
    const atMs = clock.monotonicMs();
    this.#samples.push({ atMs, received, stored, connects: this.#connects() });
    this.#samples = this.#samples.filter((sample) => atMs - sample.atMs <= rateWindowMs);
  }

  status(): GatewayStatus {
    const { clock, pool, room, shipper, store } = this.#options;
    const stats = pool.stats();
    const refusals = { ...this.#goneRefusals };
    for (const worker of stats) addRefusals(refusals, worker.refusals);
    const { user, system } = process.cpuUsage();
    return {
      simulated: this.#options.simulated,
      startedAtMs: this.#startedAtMs,
      nowMs: clock.nowMs(),
      readings: this.#readings(),
      rates: this.#rates(),
      sessions: sum(stats, (worker) => worker.sessions),
      refusals,
      workers: stats.map(toWorkerStatus),
      workerRestarts: pool.restarts,
      shipper: shipper.status(),
      journal: room.status(),
      store: store(),
      addresses: pool.addresses,
      supervisor: {
        pid: process.pid,
        rssBytes: process.memoryUsage.rss(),
        cpuS: (user + system) / 1e6,
      },
      notReady: this.#notReady(stats),
    };
  }

  /**
   * What workers say of themselves, and of generations they left behind what the shipper has read
   * in the journal. Waiting is what was accepted or refused and is neither stored nor in the dead
   * letters yet.
   */
  #readings(): ReadingCounts {
    const { feeds, pool } = this.#options;
    for (const stats of pool.stats()) this.#counters.set(stats.generation, stats.counters);
    const live = pool.liveGenerations();
    const shipped = feeds.shipped();
    let counters: WorkerCounters = shipped.counters;
    for (const [generation, now] of this.#counters) {
      const read = feeds.shippedOf(generation)?.counters;
      if (read === undefined && !live.has(generation)) this.#counters.delete(generation);
      else counters = addCounters(counters, beyond(now, read ?? zeroCounters));
    }
    const deadLettered = shipped.refusedByCheck + shipped.refusedByStore;
    return {
      received: counters.received,
      stored: shipped.stored,
      deadLettered,
      waiting: counters.accepted + counters.refused - shipped.stored - deadLettered,
      withheld: counters.withheld,
      dropped: counters.dropped,
      refusedFields: counters.refusedFields,
    };
  }

  #connects(): number {
    return this.#goneConnects + sum(this.#options.pool.stats(), (worker) => worker.connects);
  }

  #rates(): Rates {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    const seconds = first && last ? (last.atMs - first.atMs) / 1000 : 0;
    if (!first || !last || seconds <= 0) return { received: 0, stored: 0, connects: 0 };
    const rate = (key: 'received' | 'stored' | 'connects'): number =>
      Math.max(0, Math.round((last[key] - first[key]) / seconds));
    return { received: rate('received'), stored: rate('stored'), connects: rate('connects') };
  }

  #notReady(stats: readonly WorkerStats[]): string[] {
    const reasons: string[] = [];
    if (stats.length === 0) reasons.push('No worker is running.');
    if (stats.some((worker) => worker.blocked)) {
      reasons.push('The journal is full: devices wait, unacknowledged.');
    }
    return reasons;
  }
}

function toWorkerStatus(stats: WorkerStats): WorkerStatus {
  const { pid, generation, sessions, connects, disconnects, waiting, blocked } = stats;
  const { rssBytes, cpuS, commits } = stats;
  return {
    pid,
    generation,
    sessions,
    connects,
    disconnects,
    waiting,
    blocked,
    rssBytes,
    cpuS,
    commits,
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** What `now` has more than `read`; nothing when the journal is ahead of the last report. */
function beyond(now: WorkerCounters, read: WorkerCounters): WorkerCounters {
  if (now.received <= read.received) return zeroCounters;
  return {
    received: now.received - read.received,
    accepted: now.accepted - read.accepted,
    refused: now.refused - read.refused,
    withheld: now.withheld - read.withheld,
    dropped: now.dropped - read.dropped,
    refusedFields: now.refusedFields - read.refusedFields,
  };
}

function addRefusals(
  into: Partial<Record<ErrorCode, number>>,
  from: Readonly<Partial<Record<ErrorCode, number>>>,
): void {
  for (const [code, count] of Object.entries(from) as [ErrorCode, number][]) {
    into[code] = (into[code] ?? 0) + count;
  }
}
