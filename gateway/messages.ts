/** What supervisor and workers tell each other. */

import type { ErrorCode } from '../model/errors.ts';
import type { GatewaySettings } from './config.ts';
import type { WorkerCounters } from './journal/commit.ts';
import type { SourceAddress } from './sources/source.ts';

export type ToWorker =
  | {
      readonly type: 'start';
      readonly settings: GatewaySettings;
      readonly generation: string;
      readonly tls: { readonly key: string; readonly cert: string } | null;
      /** The port the first worker got, when 0 was asked for. */
      readonly ports: { readonly mqtt: number; readonly mqttTls: number | null };
    }
  /** The journal may grow by `bytes` from now on. */
  | { readonly type: 'room'; readonly bytes: number }
  | { readonly type: 'stop' };

export type FromWorker =
  | { readonly type: 'ready'; readonly address: SourceAddress }
  | { readonly type: 'stats'; readonly stats: WorkerStats }
  | { readonly type: 'failed'; readonly code: ErrorCode | null; readonly message: string };

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
  readonly journalBytes: number;
}
