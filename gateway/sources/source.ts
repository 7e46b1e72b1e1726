/** What a source promises. Adding one is a file here and a line in index.ts. */

import type { ErrorCode } from '../../model/errors.ts';
import type { RawReading } from '../../model/reading.ts';
import type { KnownDevice } from '../pipeline/known-device.ts';

/**
 * What became of a message: `durable` (may be acknowledged), `dropped` (best effort, lost under
 * overload), withheld for a reason (never to be acknowledged: its session is closed).
 */
export type Outcome = 'durable' | 'dropped' | { readonly withheld: ErrorCode };

/** Not registered, not naming the gateway that speaks for it, or shut out. */
export type DeviceRefusal = Extract<
  ErrorCode,
  | 'reading.unknown-device'
  | 'reading.not-carried'
  | 'device.suspended'
  | 'device.revoked'
  | 'device.credential-expired'
>;

/** One message of one device, as it arrived. */
export interface SourceMessage {
  readonly enterprise: string;
  readonly deviceId: string;
  /** Or why there is none: the message is dead-lettered with that code. */
  readonly device: KnownDevice | DeviceRefusal;
  readonly channel: 'telemetry' | 'event';
  readonly topic: string;
  /** A payload in the device's dialect, or readings a source has taken apart itself. */
  readonly content: Buffer | readonly RawReading[];
  /** QoS 0: may be dropped under overload. */
  readonly bestEffort: boolean;
  /** More of its session than may be in flight: dropped. */
  readonly excess: boolean;
  /** How long it may wait for its commit, from `arrivedAtMs` on the monotonic clock. */
  readonly ackWaitMs: number;
  readonly arrivedAtMs: number;
  /** Who waits for the acknowledgement; left out when nobody does (a will, QoS 0). */
  readonly session?: { readonly closed: boolean } | undefined;
  /** Called exactly once; for the messages of one session in the order of their arrival. */
  settle(outcome: Outcome): void;
}

/** Where messages go. Never blocks: a message that cannot wait is settled at once. */
export interface MessageSink {
  submit(message: SourceMessage): void;
  /**
   * Counts and settles a message that was never submitted: dropped when it is best effort, withheld
   * with `code` when it is not.
   */
  turnAway(message: SourceMessage, code: ErrorCode): void;
  /** False while nothing more can be accepted: sources refuse new sessions. */
  readonly accepting: boolean;
}

/** What a source counts, for metrics; totals since it started. */
export interface SourceStats {
  readonly sessions: number;
  readonly connects: number;
  readonly disconnects: number;
  readonly refusals: Readonly<Partial<Record<ErrorCode, number>>>;
}

/** A way in. `start` may be retried; `stop` may be called twice. */
export interface Source {
  start(sink: MessageSink): Promise<SourceAddress>;
  stop(): Promise<void>;
  stats(): SourceStats;
}

/** Where a source listens, for people and for the API. */
export interface SourceAddress {
  readonly source: string;
  readonly port: number | null;
  readonly tlsPort: number | null;
}

/** Bytes that a message holds in memory, about. */
export function contentBytes({ content }: SourceMessage): number {
  return Buffer.isBuffer(content) ? content.length : 256 * content.length;
}
