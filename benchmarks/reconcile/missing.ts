/** What one device was promised and the store does not hold, and why. */

import type { DeviceLedger } from '../../gateway/stores/store.ts';
import { type LedgerEntry, timestampOf } from '../../simulator/ledger.ts';
import type { ReconcileOptions } from './reconcile.ts';
import type { SeqRow } from './rows.ts';

/** In readings. */
export interface Missing {
  /** Acknowledged, and gone without a word. */
  readonly lost: number;
  /** Acknowledged, and a row of the device with another `seq` has the timestamp. */
  readonly overwritten: number;
  readonly firstLost: number | null;
}

const nothing: Missing = { lost: 0, overwritten: 0, firstLost: null };

/** `row`: the device's in the store's ledger; undefined when it has no rows. */
export async function missingOf(
  entry: LedgerEntry,
  row: DeviceLedger | undefined,
  { deadReadings, rows, window }: Pick<ReconcileOptions, 'rows' | 'window' | 'deadReadings'>,
): Promise<Missing> {
  const unbroken = row !== undefined && row.distinctSeq === row.seqMax - row.seqMin + 1;
  if (unbroken && unstored(entry, (seq) => seq >= row.seqMin && seq <= row.seqMax).length === 0) {
    return nothing;
  }
  const found = row === undefined ? [] : await rows.rowsOf(entry, window);
  const seqs = new Set(found.map(({ seq }) => seq));
  const missing = unstored(entry, (seq) => seqs.has(seq));
  if (missing.length === 0) return nothing;
  const gone = missing.filter((seq) => !isOverwritten(entry, seq, found));
  const overwritten = missing.length - gone.length;
  if (gone.length === 0) return { lost: 0, overwritten, firstLost: null };
  const dead = await deadReadings(entry.enterprise, entry.device);
  const unexplained = gone.filter((seq) => !dead.seqs.has(seq));
  const lost = Math.max(0, unexplained.length - dead.unnamed);
  return { lost, overwritten, firstLost: lost > 0 ? unexplained[0]! : null };
}

/** Acknowledged `seq` that are not stored. */
function unstored({ acked }: LedgerEntry, isStored: (seq: number) => boolean): number[] {
  const missing: number[] = [];
  for (const [first, last] of acked) {
    for (let seq = first; seq <= last; seq++) if (!isStored(seq)) missing.push(seq);
  }
  return missing;
}

function isOverwritten(entry: LedgerEntry, seq: number, rows: readonly SeqRow[]): boolean {
  const timestampMs = timestampOf(entry, seq);
  return timestampMs !== null && rows.some((row) => row.timestampMs === timestampMs);
}
