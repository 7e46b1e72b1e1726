/** What one commit of a worker holds: the readings of one group, durable together or not at all. */

import type { ErrorCode } from '../../model/errors.ts';

/**
 * A worker's cumulative counts since its generation began, in readings. They travel in each
 * commit, so that they survive `kill -9`.
 */
export interface WorkerCounters {
  received: number;
  /** Readings that went into the journal as lines, wholly or in part. */
  accepted: number;
  /** Readings refused whole by the check; each is a refusal in the journal. */
  refused: number;
  /** Readings never acknowledged because their session was closed. */
  withheld: number;
  /** QoS 0 readings dropped under overload. */
  dropped: number;
  /** Fields refused of readings that were otherwise accepted. */
  refusedFields: number;
}

/** A reading, a field or a payload that was not stored, with its reason. */
export interface Refusal {
  readonly atMs: number;
  readonly enterprise: string;
  readonly device: string;
  readonly profile: string;
  readonly code: ErrorCode;
  /** What exactly was wrong, for people. */
  readonly detail: string;
  /** `reading`: refused whole (counts); `field`: one field of a reading that was stored. */
  readonly scope: 'reading' | 'field';
  readonly topic: string;
  /** What was sent, cut to its limit, base64 when it is not UTF-8. */
  readonly payload: string;
  readonly payloadEncoding: 'utf8' | 'base64';
}

/**
 * A reading that tells of its device: its row is the first in a while that this worker has of it.
 * Thus whoever ships the commit learns which devices send without parsing a line.
 */
export interface Touched {
  /** Index of the reading in its commit. */
  readonly reading: number;
  /** `{enterprise}.{device}`, also of a device that a gateway speaks for. */
  readonly key: string;
}

/** The content of one commit. */
export interface Commit {
  readonly committedAtMs: number;
  /**
   * One element for each accepted reading, in the order of its lines: the reading's timestamp, from
   * which its latency is counted; 0 where that would mean nothing (alarms).
   */
  readonly timestampsMs: readonly number[];
  /** One element for each accepted reading: how many lines it became (1, or more for generic). */
  readonly lineCounts: readonly number[];
  /** Line protocol, each line ended by a newline. */
  readonly lines: string;
  readonly refusals: readonly Refusal[];
  readonly touched: readonly Touched[];
  readonly counters: Readonly<WorkerCounters>;
}

/** Where a record begins in a generation. */
export interface JournalPosition {
  /** Number of the segment, from 1. */
  readonly segment: number;
  /** Byte offset in the segment. */
  readonly offset: number;
}

/** A commit read back from disk. `lines` are the very bytes that were written. */
export interface CommittedRecord {
  readonly committedAtMs: number;
  readonly timestampsMs: readonly number[];
  readonly lineCounts: readonly number[];
  readonly lines: Buffer;
  readonly refusals: readonly Refusal[];
  readonly touched: readonly Touched[];
  readonly counters: Readonly<WorkerCounters>;
  readonly begin: JournalPosition;
  /** Where the next record begins. */
  readonly end: JournalPosition;
}

export const zeroCounters: Readonly<WorkerCounters> = Object.freeze({
  received: 0,
  accepted: 0,
  refused: 0,
  withheld: 0,
  dropped: 0,
  refusedFields: 0,
});
