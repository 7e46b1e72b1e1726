/** What the gateway and the embedded store's thread say to each other. */

import type { ErrorCode } from '../../../model/errors.ts';
import type {
  DeviceLedger,
  LedgerQuery,
  ReadingsQuery,
  StoredReading,
  StoreTotals,
  WriteResult,
} from '../store.ts';
import type { DatabaseOptions } from './database.ts';

export interface ThreadOptions extends DatabaseOptions {
  readonly queryTimeoutMs: number;
}

/** The thread's operations: what each takes and answers. */
export interface Operations {
  /** Answers DuckDB's version. */
  start: { takes: null; answers: string };
  write: { takes: Uint8Array; answers: WriteResult };
  totals: { takes: number; answers: StoreTotals };
  readings: { takes: ReadingsQuery; answers: StoredReading[] };
  ledger: { takes: LedgerQuery; answers: DeviceLedger[] };
  prune: { takes: number; answers: null };
  stop: { takes: null; answers: null };
}

export type Operation = keyof Operations;

export interface ThreadRequest<Name extends Operation = Operation> {
  readonly id: number;
  readonly operation: Name;
  readonly argument: Operations[Name]['takes'];
}

export type ThreadAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: ErrorCode; readonly detail: string };
