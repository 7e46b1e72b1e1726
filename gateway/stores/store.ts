/** What a store promises. Adding one is a file here and a line in index.ts. */

import type { ErrorCode } from '../../model/errors.ts';
import type { SignalValue } from '../../model/reading.ts';

/** Lines offered to a store in one write. */
export interface LineBatch {
  /** Line protocol, millisecond timestamps, each line ended by a newline. */
  readonly lines: Buffer;
  readonly lineCount: number;
}

/**
 * What became of a batch.
 * - `stored`: every line is durable.
 * - `rejected`: the lines listed will never be accepted, all others are durable.
 * - `refused`: at least one line was refused, the store does not say which; the good ones may or
 *   may not be stored. Offer smaller parts.
 * - `too-large`: nothing stored; offer halves.
 * - `unavailable`: nothing is known; offer the same again later.
 */
export type WriteResult =
  | { readonly status: 'stored' }
  | { readonly status: 'rejected'; readonly lines: readonly RejectedLine[] }
  | { readonly status: 'refused'; readonly reason: string }
  | { readonly status: 'too-large'; readonly reason: string }
  | {
      readonly status: 'unavailable';
      readonly reason: string;
      readonly retryAfterMs?: number;
      /** What has to be mended, when that is known; else it is `store.unavailable`. */
      readonly code?: StoreTrouble;
    };

/** Why a store takes nothing, when somebody has to mend it. */
export type StoreTrouble = Extract<
  ErrorCode,
  'store.unavailable' | 'store.unauthorized' | 'store.limits-too-small'
>;

export interface RejectedLine {
  /** Index of the line in the batch, from 0. */
  readonly index: number;
  readonly reason: string;
}

/** One row of a device, for the API. */
export interface StoredReading {
  readonly timestampMs: number;
  readonly seq: number | null;
  readonly values: Readonly<Record<string, SignalValue>>;
}

export interface ReadingsQuery {
  readonly enterprise: string;
  readonly device: string;
  readonly profile: string;
  /** Inclusive. */
  readonly fromMs?: number;
  /** Exclusive. */
  readonly toMs?: number;
  /** Newest first, at most this many. */
  readonly limit: number;
}

/** What is in the store, as it answers when asked. */
export interface StoreTotals {
  readonly enterprises: number;
  readonly devices: number;
  readonly rows: number;
}

/** Distinct `seq` of one device, for the ledger. Devices without any are left out. */
export interface DeviceLedger {
  readonly enterprise: string;
  readonly device: string;
  /** Rows that carry a `seq`. */
  readonly rows: number;
  readonly distinctSeq: number;
  readonly seqMin: number;
  readonly seqMax: number;
}

export interface LedgerQuery {
  readonly profile: string;
  /** Inclusive. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** How a store likes to be written to. */
export interface WritePreference {
  /** Lines per write to begin with. */
  readonly linesInitial: number;
  readonly linesMax: number;
  /** Writes at the same time. */
  readonly concurrencyMax: number;
}

/**
 * A time-series store that takes line protocol. A row's identity is measurement, all tags and
 * timestamp: writing a row again leaves one row, which gets the fields it lacked (numbers are floats,
 * so that two firmware versions never conflict).
 */
export interface Store {
  /** For logs and reports, e.g. `influxdb 1.6.7`. Never holds a secret. */
  readonly description: string;
  readonly preference: WritePreference;
  /**
   * Fields since the start that this store cannot keep, their rows stored without them. Absent: it
   * keeps all.
   */
  readonly fieldsLeftOut?: number;
  /** Detects the server, creates the database. Throws `store.unavailable` (try again) or another OnrampError (do not). */
  start(): Promise<void>;
  /** Never throws: trouble is a result. */
  write(batch: LineBatch): Promise<WriteResult>;
  /** Totals over readings since `fromMs`, events and generic signals left out of `rows`. */
  totals(fromMs: number): Promise<StoreTotals>;
  readings(query: ReadingsQuery): Promise<StoredReading[]>;
  /** Per device of one profile: rows and distinct seq in a time window. */
  ledger(query: LedgerQuery): Promise<DeviceLedger[]>;
  /** Removes rows older than `beforeMs`, where the store does not do so by itself. */
  prune(beforeMs: number): Promise<void>;
  /**
   * What must be changed at the server before it can hold this many devices, a sentence each; empty
   * when nothing is known to be in the way. Absent: it has no such limits.
   */
  problemsFor?(devices: number): Promise<string[]>;
  stop(): Promise<void>;
}
