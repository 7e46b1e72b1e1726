/** Gathers what every part of the gateway knows of itself into one status. */

import type { Clock } from '../../model/clock.ts';
import type { ErrorCode } from '../../model/errors.ts';
import type { JournalRoom } from '../fairness/journal-room.ts';
import type { WorkerStats } from '../processes/messages.ts';
import type { IndexedStats, WorkerPool } from '../processes/worker-pool.ts';
import type { Shipper } from '../shipping/shipper.ts';
import { ReadingTally, type ReadingTallyOptions } from './reading-tally.ts';
import type { GatewayStatus, Rates, ShipperStatus, WorkerStatus } from './status.ts';

export interface StatusBoardOptions extends ReadingTallyOptions {
  readonly clock: Clock;
  readonly pool: Pick<WorkerPool, 'stats' | 'liveGenerations' | 'restarts' | 'addresses'>;
  readonly shipper: Pick<Shipper, 'status'>;
  readonly room: Pick<JournalRoom, 'status'>;
  readonly store: () => string;
  /** Why the store is not started yet; null when it is. */
  readonly storeNotStarted: () => ShipperStatus['unavailable'];
  readonly onboarding: () => GatewayStatus['onboarding'];
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
  readonly #readings: ReadingTally;
  /** Connections and refusals of workers that are gone. */
  readonly #goneRefusals: Partial<Record<ErrorCode, number>> = {};
  #goneConnects = 0;
  #samples: Sample[] = [];

  constructor(options: StatusBoardOptions) {
    this.#options = options;
    this.#startedAtMs = options.clock.nowMs();
    this.#readings = new ReadingTally(options);
  }

  /** What the feeds are to take for `ReadingTally.liveGenerations`. */
  liveGenerations(): ReadonlySet<string> {
    return this.#readings.liveGenerations();
  }

  /** Keeps what a dead worker had counted; call it when its generation ceases to be live. */
  keep(stats: WorkerStats | null): void {
    if (stats === null) return;
    addRefusals(this.#goneRefusals, stats.refusals);
    this.#goneConnects += stats.connects;
    this.#readings.keep(stats);
  }

  /** Takes a sample for the rates; call once a second. */
  tick(): void {
    const { clock } = this.#options;
    const { received, stored } = this.#readings.counts();
    const atMs = clock.monotonicMs();
    this.#samples.push({ atMs, received, stored, connects: this.#connects() });
    this.#samples = this.#samples.filter((sample) => atMs - sample.atMs <= rateWindowMs);
  }

  status(): GatewayStatus {
    const { clock, pool, room, store } = this.#options;
    const stats = pool.stats();
    const refusals = { ...this.#goneRefusals };
    for (const worker of stats) addRefusals(refusals, worker.refusals);
    const { user, system } = process.cpuUsage();
    return {
      simulated: this.#options.simulated,
      startedAtMs: this.#startedAtMs,
      nowMs: clock.nowMs(),
      readings: this.#readings.counts(),
      rates: this.#rates(),
      sessions: sum(stats, (worker) => worker.sessions),
      refusals,
      workers: stats.map(toWorkerStatus),
      workerRestarts: pool.restarts,
      shipper: this.#shipper(),
      journal: room.status(),
      store: store(),
      onboarding: this.#options.onboarding(),
      addresses: pool.addresses,
      supervisor: {
        pid: process.pid,
        rssBytes: process.memoryUsage.rss(),
        cpuS: (user + system) / 1e6,
      },
      notReady: this.notReady(),
    };
  }

  /** True while rows cannot be stored. */
  get storeAway(): boolean {
    return this.#shipper().unavailable !== null;
  }

  /** A store that is not started says less of why it takes nothing than its start does. */
  #shipper(): ShipperStatus {
    const status = this.#options.shipper.status();
    return { ...status, unavailable: this.#options.storeNotStarted() ?? status.unavailable };
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

  /** Why devices cannot be served, in plain words; empty when they can. */
  notReady(): string[] {
    const stats = this.#options.pool.stats();
    const reasons: string[] = [];
    if (stats.length === 0) reasons.push('No worker is running.');
    if (stats.some((worker) => worker.blocked)) {
      reasons.push('The journal is full: devices wait, unacknowledged.');
    }
    return reasons;
  }
}

function toWorkerStatus(stats: IndexedStats): WorkerStatus {
  const { index, pid, generation, sessions, connects, disconnects, waiting, blocked } = stats;
  const { rssBytes, cpuS, commits } = stats;
  return {
    index,
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

function addRefusals(
  into: Partial<Record<ErrorCode, number>>,
  from: Readonly<Partial<Record<ErrorCode, number>>>,
): void {
  for (const [code, count] of Object.entries(from) as [ErrorCode, number][]) {
    into[code] = (into[code] ?? 0) + count;
  }
}
