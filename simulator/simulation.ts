/**
 * A fleet that is played step by step, by this process or by several at once. `run.ts` plays the
 * ordinary script; a benchmark plays its own.
 */

import type { LedgerEntry } from './ledger.ts';
import type { FailureCount } from './measurements.ts';
import type { SimulationReport } from './report.ts';

/** How the fleet is doing, over all processes that play it. Counts are totals since the start. */
export interface FleetState {
  readonly devices: number;
  /** Devices whose first attempt to connect is not over. */
  readonly untried: number;
  /** Devices that have had a session. */
  readonly connected: number;
  /** Sessions at this moment. */
  readonly sessions: number;
  readonly sent: number;
  /** Null at QoS 0. */
  readonly acked: number | null;
  readonly skipped: number;
  /** Messages not yet acknowledged (QoS 1) or written (QoS 0). */
  readonly outstanding: number;
  /** Devices with a credential from a claim; null without claims. */
  readonly provisioned: number | null;
  /** First rows the platform has confirmed; null when it is not asked. */
  readonly firstRows: number | null;
  readonly failures: readonly FailureCount[];
  /**
   * Readings acknowledged since the state that `onState` told last, by the latency from their due
   * time, in the buckets of `model/latency-buckets.ts`; also outside the measured window.
   */
  readonly ackCounts: readonly number[];
  /** The same of CONNECT to session. */
  readonly connectCounts: readonly number[];
}

export interface SimulationEvents {
  /** About once a second, from `prepare` to `result`. */
  readonly onState?: (state: FleetState) => void;
  /** A process that plays a part of the fleet died; its devices are gone, and the run with them. */
  readonly onFailed?: (error: Error) => void;
}

/** The fleet's own account after the run. */
export interface SimulationOutcome {
  readonly report: SimulationReport;
  /** What each device sent and what was acknowledged, by enterprise and device. */
  ledger(): Iterable<LedgerEntry>;
}

/**
 * The steps, in their order; each resolves when it is done. Whatever the state, `stop` ends it, and
 * steps under way then resolve or reject soon.
 */
export interface Simulation {
  /** The processes that play; of several, from `prepare` on. */
  readonly pids: readonly number[];
  /** The state now, or, of other processes, as they told it last: at most about a second ago. */
  readonly state: FleetState;
  /** Builds the fleet and brings its machines into the middle of their day; connects nothing. */
  prepare(): Promise<void>;
  /**
   * Connects; resolves when every device has tried.
   * @throws OnrampError `simulate.target-unreachable`, `simulate.all-refused` or
   * `simulate.claims-refused` when no device at all could.
   */
  connect(): Promise<void>;
  /** With `publishFrom: release`: from now on readings come due, evenly over one interval. */
  release(): Promise<void>;
  /** From now on latencies are recorded: of readings due until `endWindow`. */
  beginWindow(): Promise<void>;
  endWindow(): Promise<void>;
  /**
   * Cuts every connection at once, as a power failure does; devices come back by themselves.
   * Resolves when the last is cut.
   */
  drop(): Promise<void>;
  /** Nothing more comes due; resolves when everything is acknowledged, or after `longestMs`. */
  drain(longestMs: number): Promise<void>;
  /** Resolves when the platform has confirmed every first row it is asked for, or after `longestMs`. */
  awaitFirstRows(longestMs: number): Promise<void>;
  /** Sessions end politely. */
  leave(longestMs: number): Promise<void>;
  result(): Promise<SimulationOutcome>;
  /** Ends everything at once; nothing is left running. May be called again. */
  stop(): Promise<void>;
}
