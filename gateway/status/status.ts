/** What the gateway knows of itself: the source of every figure of API, metrics and pages. */

import type { ErrorCode } from '../../model/errors.ts';
import type { LatencySummary } from '../../model/histogram.ts';
import type { OnboardingCounts } from '../onboarding/onboarding.ts';
import type { SourceAddress } from '../sources/source.ts';

/**
 * Readings since the data folder was made: received = stored + deadLettered + waiting + withheld +
 * dropped. Fields refused of readings that were otherwise stored are counted beside.
 */
export interface ReadingCounts {
  readonly received: number;
  readonly stored: number;
  /** Refused whole, by the check or by the store. */
  readonly deadLettered: number;
  readonly waiting: number;
  readonly withheld: number;
  readonly dropped: number;
  readonly refusedFields: number;
}

export interface WorkerStatus {
  /** The worker's place, from 0; the process that takes a dead one's place has its index. */
  readonly index: number;
  readonly pid: number;
  readonly generation: string;
  readonly sessions: number;
  readonly connects: number;
  readonly disconnects: number;
  /** Messages that wait for their commit. */
  readonly waiting: number;
  readonly blocked: boolean;
  readonly rssBytes: number;
  readonly cpuS: number;
  readonly commits: number;
}

export interface ShipperStatus {
  /**
   * Null while the store takes readings; else since when it does not (or is not started), and why;
   * `code` when somebody has to mend something.
   */
  readonly unavailable: {
    readonly sinceMs: number;
    readonly reason: string;
    readonly code?: ErrorCode;
  } | null;
  readonly writes: number;
  readonly retries: number;
  readonly linesPerWrite: number;
  /** Fields since the start that this store cannot keep; their rows are stored without them. */
  readonly fieldsLeftOut?: number;
  /** Duration of a write call. */
  readonly writeMs: LatencySummary | null;
  /** From a reading's timestamp to the store's success answer, over the last minute. */
  readonly storedMs: LatencySummary | null;
}

export interface JournalStatus {
  readonly unshippedBytes: number;
  readonly bytesMax: number;
  readonly diskFreeBytes: number;
  /** At the present rate of growth; null while it does not grow. */
  readonly secondsUntilFull: number | null;
}

/** Rates over the last seconds, per second. */
export interface Rates {
  readonly received: number;
  readonly stored: number;
  readonly connects: number;
}

export interface GatewayStatus {
  /** The devices are simulated, and every page says so. */
  readonly simulated: boolean;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly readings: ReadingCounts;
  readonly rates: Rates;
  readonly sessions: number;
  /** Refusals by code, of connections, messages, readings and fields, since the start. */
  readonly refusals: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly workers: readonly WorkerStatus[];
  readonly workerRestarts: number;
  readonly shipper: ShipperStatus;
  readonly journal: JournalStatus;
  readonly store: string;
  /** Null while the directory is being read. */
  readonly onboarding: OnboardingCounts | null;
  readonly addresses: readonly SourceAddress[];
  readonly supervisor: { readonly pid: number; readonly rssBytes: number; readonly cpuS: number };
  /**
   * Empty when devices can connect and what they send is accepted; else why not, in plain words. A
   * store that is away is no such reason: readings wait in the journal (`shipper.unavailable`).
   */
  readonly notReady: readonly string[];
}
