/** From rows as stores keep them to readings as the API shows them. */

import { eventMeasurement, genericProfileId } from '../../model/profile.ts';
import type { SignalValue } from '../../model/reading.ts';
import type { StoredReading } from './store.ts';

/** One row: its fields, and the tags that are not the device's. */
export interface StoredRow {
  readonly timestampMs: number;
  /** Null for a field the row does not have. */
  readonly fields: readonly (readonly [name: string, value: SignalValue | null])[];
  /** Of `generic`: whose value the row is. */
  readonly signal?: string | undefined;
  /** Of `event`: which alarm. */
  readonly code?: string | undefined;
}

/**
 * Readings of `rows` of one device, in their order (newest first). The rows of a `generic` device
 * that share a timestamp are one reading; they must stand together. An alarm's code is among its
 * values; `seq` and `quality` are not.
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
    if (profile === eventMeasurement && row.code !== undefined) values.code = row.code;
    for (const [name, value] of row.fields) {
      if (name === 'seq' || name === 'quality' || value === null) continue;
      values[profile === genericProfileId && row.signal !== undefined ? row.signal : name] = value;
    }
  }
  return readings;
}
