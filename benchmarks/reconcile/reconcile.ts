/** Compares what every device was promised with what the store holds. */

import type { DeviceLedger } from '../../gateway/stores/store.ts';
import type { LedgerEntry } from '../../simulator/ledger.ts';
import type { DeadReadings } from './dead-readings.ts';
import { type Missing, missingOf } from './missing.ts';
import type { RowSource, TimeWindow } from './rows.ts';

export interface ReconcileOptions {
  readonly rows: RowSource;
  /** What the devices know. */
  readonly ledger: Iterable<LedgerEntry>;
  /** All readings of the run lie in it. */
  readonly window: TimeWindow;
  /** Readings of one device that were dead-lettered whole. */
  readonly deadReadings: (enterprise: string, device: string) => Promise<DeadReadings>;
  /** Told how far it is. */
  readonly onProgress?: (profilesDone: number, profiles: number) => void;
}

/** In readings, over all devices. */
export interface Reconciled {
  readonly sent: number;
  readonly acked: number;
  /** Devices with a row. */
  readonly devices: number;
  /** Distinct `seq`, over all devices. */
  readonly stored: number;
  readonly duplicated: number;
  readonly overwritten: number;
  readonly lost: number;
  /** The first few devices that lack something or have it twice, for people. */
  readonly examples: readonly string[];
}

const examplesMax = 5;

/** Devices asked for row by row at the same time. */
const asksAtOnce = 8;

/**
 * Profile by profile. Devices in whose rows no `seq` is left out are judged by first and last; the
 * others are read row by row, so that the result is exact. Rows of devices that are not in the ledger
 * do not count.
 */
export async function reconcile(options: ReconcileOptions): Promise<Reconciled> {
  const { ledger, onProgress, rows, window } = options;
  const sum = { sent: 0, acked: 0, devices: 0, stored: 0, duplicated: 0, overwritten: 0, lost: 0 };
  const examples: string[] = [];
  const byProfile = Map.groupBy(ledger, ({ profile }) => profile);
  let done = 0;
  for (const [profile, entries] of byProfile) {
    onProgress?.(done++, byProfile.size);
    const found = new Map<string, DeviceLedger>();
    for (const row of await rows.ledger(profile, window)) {
      found.set(`${row.enterprise}.${row.device}`, row);
    }
    const rowOf = ({ device, enterprise }: LedgerEntry) => found.get(`${enterprise}.${device}`);
    for (const entry of entries) {
      sum.sent += entry.sent;
      sum.acked += ackedOf(entry);
      const row = rowOf(entry);
      if (row === undefined) continue;
      sum.devices++;
      sum.stored += row.distinctSeq;
      sum.duplicated += row.rows - row.distinctSeq;
    }
    await forEach(asksAtOnce, entries, async (entry) => {
      const row = rowOf(entry);
      const missing = await missingOf(entry, row, options);
      sum.lost += missing.lost;
      sum.overwritten += missing.overwritten;
      const example = exampleOf(entry, row, missing);
      if (example !== null && examples.length < examplesMax) examples.push(example);
    });
  }
  return { ...sum, examples };
}

function ackedOf({ acked }: LedgerEntry): number {
  return acked.reduce((count, [first, last]) => count + last - first + 1, 0);
}

function exampleOf(
  entry: LedgerEntry,
  row: DeviceLedger | undefined,
  { firstLost, lost, overwritten }: Missing,
): string | null {
  const twice = (row?.rows ?? 0) - (row?.distinctSeq ?? 0);
  if (lost + overwritten + twice === 0) return null;
  const { device, enterprise, sent } = entry;
  const from = firstLost === null ? '' : ` from seq ${firstLost} on`;
  return (
    `${enterprise}.${device}: ${sent} sent, ${ackedOf(entry)} acknowledged, ` +
    `${lost} lost${from}, ${overwritten} overwritten, ${twice} stored twice`
  );
}

/** Calls `act` for every item, `atOnce` at the same time. */
async function forEach<T>(
  atOnce: number,
  items: readonly T[],
  act: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) await act(items[next++]!);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
