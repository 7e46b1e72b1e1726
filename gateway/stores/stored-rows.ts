/** From rows as stores keep them to readings as the API shows them. */

import { eventMeasurement, genericProfileId } from '../../model/profile.ts';
import type { SignalValue } from '../../model/reading.ts';
import type { StoredReading } from './store.ts';

/** One row: its fields, and the tags that are not the device's. */
export interface StoredRow {
  readonly timestampMs: number;
  /** Null for a field the row does not have. */
  readonly fields: readonly (readonly [name: string, value: SignalValue | null])[];
  /** The tags of `ownTags`. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Tags by which rows of one device are told apart: they belong to what the row says. */
export const ownTags: ReadonlyMap<string, readonly string[]> = new Map([
  [genericProfileId, ['signal']],
  [eventMeasurement, ['code', 'state']],
]);

/**
 * Readings of `rows` of one device, in their order (newest first). The rows of a `generic` device
 * that share a timestamp are one reading; they must stand together. An alarm's code and state are
 * among its values; `seq` and `quality` are not.
 */
export function readingsOf(profile: string, rows: Iterable<StoredRow>): StoredReading[] {
  const readings: StoredReading[] = [];
  let values: Record<string, SignalValue> = {};
  for (const row of rows) {
    const seq = row.fields.find(([name]) => name === 'seq')?.[1];
    const last = readings.at(-1);
    if (profile !== genericProfileId || last?.timestampMs !== row.timestampMs) {
      values = {};
      const asNumber = typeof seq === 'number' ? seq : null;
      readings.push({ timestampMs: row.timestampMs, seq: asNumber, values });
    }
    if (profile === eventMeasurement) Object.assign(values, row.tags);
    for (const [name, value] of row.fields) {
      if (name === 'seq' || name === 'quality' || value === null) continue;
      values[profile === genericProfileId ? (row.tags.signal ?? name) : name] = value;
    }
  }
  return readings;
}
