/** A fleet that several processes play, each a part. */

import type { Clock, Timer } from '../../model/clock.ts';
import { addLatencyBuckets, latencyBucketCount } from '../../model/latency-buckets.ts';
import { emptyState, mergeStates } from '../fleet-state.ts';
import { Ledger, type LedgerColumns, type LedgerEntry } from '../ledger.ts';
import { Measurements } from '../measurements.ts';
import { nobodyConnected } from '../nobody-connected.ts';
import { platformApiOf, registerClaims } from '../onboarding/register.ts';
import { type FoundRow, RowWatch } from '../onboarding/row-watch.ts';
import type { SimulationOptions } from '../options.ts';
import { mergeParts } from '../part.ts';
import { simulationReport } from '../report.ts';
import { type CityPart, cityPart, shardOf } from '../shard.ts';
import type { FleetState, Simulation, SimulationEvents, SimulationOutcome } from '../simulation.ts';
import type { ShardFound, ShardStep } from './messages.ts';
import { Shard } from './shard.ts';

const stateIntervalMs = 1000;

/** A step that all take at the same moment is told this long before. */
const aheadMs = 200;

export interface ShardedSettings {
  readonly clock: Clock;
  /** At least 1, and no more than devices. */
  readonly processes: number;
  readonly events?: SimulationEvents;
  /** What `options` name, when it is known already. */
  readonly part?: CityPart;
}

/**
 * Every process has its own file where `options` name one to write: `FILE.1`, `FILE.2` and so on.
 * When a process dies unexpectedly, `onFailed` is called and every step from then on rejects with
 * `simulate.process-ended`; the other processes go on until `stop`.
 */
export class ShardedSimulation implements Simulation {
  readonly #options: SimulationOptions;
  readonly #settings: ShardedSettings;
  readonly #whole: CityPart;
  #shards: readonly Shard[] = [];
  /** Latencies counted since the latest `onState`. */
  readonly #ackCounts = new Uint32Array(latencyBucketCount);
  readonly #connectCounts = new Uint32Array(latencyBucketCount);
  /** Asks the platform for the first rows of all. */
  #rowWatch: RowWatch | null = null;
  /** What failed here, not in a process. */
  readonly #failures = new Measurements();
  #timer: Timer | null = null;
  /** All were asked for their state, and it has not been told on. */
  #asking = false;
  /** Rejects when a process ends unexpectedly. */
  readonly #failure = Promise.withResolvers<never>();
  #failed = false;
  #ended = false;
  #stopped: Promise<void> | null = null;

  /** @throws OnrampError `config.invalid` when the shard of `options` holds no device. */
  constructor(options: SimulationOptions, settings: ShardedSettings) {
    this.#options = options;
    this.#settings = settings;
    this.#whole = settings.part ?? cityPart(options);
    // Who takes no step then is told by `onFailed`.
    this.#failure.promise.catch(() => {});
  }

  get pids(): readonly number[] {
    return this.#shards.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  }

  get state(): FleetState {
    if (this.#shards.length === 0) {
      return emptyState(this.#whole.devices.length, this.#options.qos);
    }
    return {
      ...mergeStates([...this.#shards.map(({ state }) => state), this.#own]),
      ackCounts: [...this.#ackCounts],
      connectCounts: [...this.#connectCounts],
    };
  }

  async prepare(): Promise<void> {
    const { clock, processes } = this.#settings;
    this.#shards = Array.from({ length: processes }, (_, process) => this.#fork(process));
    await this.#all('prepare', 0);
    const api = platformApiOf(this.#options);
    if (this.#options.register && api !== null) await registerClaims(api, this.#options);
    if (this.#ended) return;
    this.#timer = clock.every(stateIntervalMs, () => this.#ask());
  }

  async connect(): Promise<void> {
    await this.#together('connect');
    const { connected, failures } = this.state;
    if (this.#ended) return;
    if (connected === 0) throw nobodyConnected(failures);
    this.#watchRows();
  }

  async release(): Promise<void> {
    await this.#together('release');
  }

  async beginWindow(): Promise<void> {
    await this.#together('beginWindow');
  }

  async endWindow(): Promise<void> {
    await this.#together('endWindow');
  }

  async drop(): Promise<void> {
    await this.#together('drop');
  }

  async drain(longestMs: number): Promise<void> {
    await this.#all('drain', longestMs);
  }

  async awaitFirstRows(longestMs: number): Promise<void> {
    await this.#all('awaitFirstRows', longestMs);
    await this.#rowWatch?.stop();
  }

  async leave(longestMs: number): Promise<void> {
    this.#ended = true;
    await this.#all('leave', longestMs);
  }

  async result(): Promise<SimulationOutcome> {
    this.#timer?.cancel();
    const found = (await this.#all('result', 0)).filter((one) => one !== null);
    const { devices, enterprises } = this.#whole;
    const run = mergeParts(
      found.map(({ part }) => part),
      enterprises,
    );
    run.measurements.add(this.#failures.encode());
    return {
      report: simulationReport(this.#options, devices, run),
      ledger: () => this.#ledger(found.map(({ ledger }) => ledger)),
    };
  }

  /** @throws OnrampError `config.invalid` when the last of a file could not be written. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#ended = true;
    this.#timer?.cancel();
    await this.#rowWatch?.stop();
    const ends = await Promise.allSettled(this.#shards.map((shard) => shard.stop()));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** As of a process without devices. */
  get #own(): FleetState {
    return { ...emptyState(0, this.#options.qos), failures: this.#failures.failures() };
  }

  /** Asks for all, so that the platform is not asked by every process. */
  #watchRows(): void {
    const api = platformApiOf(this.#options);
    if (api === null || this.#options.onboard === undefined) return;
    this.#rowWatch = new RowWatch({
      clock: this.#settings.clock,
      api,
      devices: this.#whole.devices,
      missing: () => this.#shards.reduce((sum, { rowsMissing }) => sum + rowsMissing, 0),
      onRows: (rows) => this.#tellRows(rows),
      onRefused: () => {
        for (const shard of this.#shards) shard.refuseRows();
      },
      onFailure: (failure) => this.#failures.recordFailure(failure),
    });
    this.#rowWatch.start();
  }

  #tellRows(rows: readonly FoundRow[]): void {
    const count = this.#shards.length;
    this.#shards.forEach((shard, process) => {
      const own = rows.filter(({ index }) => index % count === process);
      if (own.length === 0) return;
      shard.tellRows(own.map(({ index, atMs }) => ({ index: Math.floor(index / count), atMs })));
    });
  }

  /** Entries in the order of the city. */
  *#ledger(columns: readonly LedgerColumns[]): Generator<LedgerEntry> {
    const { devices } = this.#whole;
    const count = columns.length;
    const ledgers = columns.map(
      (own, process) =>
        new Ledger(
          devices.filter((_, i) => i % count === process),
          own,
        ),
    );
    for (let i = 0; i < devices.length; i++) {
      yield ledgers[i % count]!.entry(Math.floor(i / count));
    }
  }

  #fork(process: number): Shard {
    const { clock, processes } = this.#settings;
    const suffix = (path: string): string => `${path}.${process + 1}`;
    const { credentials, ledger, onboard } = this.#options;
    return new Shard(
      {
        options: {
          ...this.#options,
          processes: 1,
          register: false,
          shard: shardOf(this.#options.shard, process, processes),
          ...(ledger !== undefined && { ledger: suffix(ledger) }),
          ...(credentials !== undefined && onboard && { credentials: suffix(credentials) }),
        },
        name: `${process + 1} of ${processes}`,
        clock,
        onState: (state) => this.#count(state),
        onEnded: (error) => this.#fail(error),
      },
      Math.ceil((this.#whole.devices.length - process) / processes),
    );
  }

  /** Has all take a step at the same moment. */
  async #together(step: ShardStep): Promise<void> {
    const { clock } = this.#settings;
    await this.#all(step, clock.nowMs() + aheadMs);
  }

  /**
   * Resolves when all have taken the step; rejects as soon as one cannot, also one that had taken it
   * and ends before the others have.
   */
  #all(step: ShardStep, argument: number): Promise<(ShardFound | null)[]> {
    const taken = Promise.all(this.#shards.map((shard) => shard.step(step, argument)));
    return Promise.race([taken, this.#failure.promise]);
  }

  /** Has all tell their state, and tells on what they say once all have, or a moment later. */
  #ask(): void {
    if (this.#asking) this.#tell();
    this.#asking = true;
    for (const shard of this.#shards) shard.ask();
  }

  #tell(): void {
    const { state } = this;
    this.#asking = false;
    this.#ackCounts.fill(0);
    this.#connectCounts.fill(0);
    this.#settings.events?.onState?.(state);
  }

  #count({ ackCounts, connectCounts }: FleetState): void {
    addLatencyBuckets(this.#ackCounts, ackCounts);
    addLatencyBuckets(this.#connectCounts, connectCounts);
    if (this.#asking && this.#shards.every(({ asked }) => !asked)) this.#tell();
  }

  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#failure.reject(error);
    this.#settings.events?.onFailed?.(error);
  }
}
