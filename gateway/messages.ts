/** What supervisor and workers tell each other. */

import { type ErrorCode, messageOf, OnrampError } from '../model/errors.ts';
import type { GatewaySettings } from './config.ts';
import type { WorkerCounters } from './journal/commit.ts';
import type { SourceAddress } from './sources/source.ts';

export type ToWorker =
  | {
      readonly type: 'start';
      readonly settings: GatewaySettings;
      readonly generation: string;
      /** The journal may grow by this much until the next `room`. */
      readonly roomBytes: number;
      readonly tls: { readonly key: string; readonly cert: string } | null;
      /** The port the first worker got, when 0 was asked for. */
      readonly ports: { readonly mqtt: number; readonly mqttTls: number | null };
    }
  /** The journal may grow by `bytes` from now on. */
  | { readonly type: 'room'; readonly bytes: number }
  | { readonly type: 'stop' };

/** An error on its way to another process. */
export interface Failure {
  /** Null when it is none of ours. */
  readonly code: ErrorCode | null;
  readonly details: readonly string[];
  readonly message: string;
}

export type FromWorker =
  | { readonly type: 'ready'; readonly address: SourceAddress }
  | { readonly type: 'stats'; readonly stats: WorkerStats }
  | ({ readonly type: 'failed' } & Failure);

/** A worker's totals since its generation began, sent once a second. */
export interface WorkerStats {
  readonly generation: string;
  readonly pid: number;
  readonly counters: Readonly<WorkerCounters>;
  /** Messages that wait for their commit. */
  readonly waiting: number;
  /** The journal takes nothing at the moment. */
  readonly blocked: boolean;
  readonly sessions: number;
  readonly connects: number;
  readonly disconnects: number;
  readonly refusals: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly rssBytes: number;
  readonly cpuS: number;
  readonly commits: number;
}

/** Makes an error ready for another process. */
export function toFailure(error: unknown): Failure {
  if (!(error instanceof OnrampError))
    return { code: null, details: [], message: messageOf(error) };
  return { code: error.code, details: error.details, message: error.message };
}

/** The error another process had. */
export function fromFailure({ code, details, message }: Failure): Error {
  return code === null ? new Error(message) : new OnrampError(code, details);
}
