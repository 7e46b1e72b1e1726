/** What a machine says at one moment, and how the gateway writes it down. */

/** A scalar a signal may have. */
export type SignalValue = number | boolean | string;

/**
 * Trust in a reading, as the field's classic quality byte: 192 good, 64 uncertain, 0 bad
 * (OPC Data Access 3.0 §6.8). A number, so that every store keeps it.
 */
export const quality = Object.freeze({ good: 192, uncertain: 64, bad: 0 });

/** A checked reading: every value belongs to the profile, has its type and lies in its range. */
export interface Reading {
  readonly enterprise: string;
  readonly device: string;
  readonly profile: string;
  readonly district: string;
  readonly industry: string;
  /** The device's own count of its readings, null when it keeps none. */
  readonly seq: number | null;
  readonly timestampMs: number;
  readonly quality: number;
  readonly values: ReadonlyMap<string, SignalValue>;
}

/** A reading as a payload carried it: nothing in it has been checked. */
export interface RawReading {
  readonly seq: unknown;
  readonly ts: unknown;
  readonly values: Readonly<Record<string, unknown>>;
}

/** An alarm raised or cleared, as a payload carried it: nothing in it has been checked. */
export interface RawEvent {
  readonly code: unknown;
  readonly severity: unknown;
  readonly state: unknown;
  readonly ts: unknown;
  readonly seq: unknown;
}
