/** What every device sent and what was acknowledged, to be compared with the store's rows. */

import { outboxMax } from './client/outbox.ts';

/** One device's account. Sequence numbers begin at 1; none is left out below `sent`. */
export interface LedgerEntry {
  readonly enterprise: string;
  readonly device: string;
  readonly profile: string;
  /** The highest `seq` that was handed to a socket. */
  readonly sent: number;
  /** Inclusive ranges of acknowledged `seq`, ascending, neither touching nor overlapping. */
  readonly acked: readonly (readonly [number, number])[];
}

export interface LedgerDevice {
  readonly enterprise: string;
  readonly device: string;
  readonly profile: string;
}

/**
 * Twelve bytes a device: the highest sent `seq`, the `seq` up to which all are acknowledged, and a
 * bit for each of the 32 after that. A device has at most 32 readings that are not acknowledged, so
 * none lies beyond.
 */
export class Ledger {
  readonly #devices: readonly LedgerDevice[];
  readonly #sent: Uint32Array;
  readonly #ackedTo: Uint32Array;
  readonly #ackedAbove: Uint32Array;

  constructor(devices: readonly LedgerDevice[]) {
    this.#devices = devices;
    this.#sent = new Uint32Array(devices.length);
    this.#ackedTo = new Uint32Array(devices.length);
    this.#ackedAbove = new Uint32Array(devices.length);
  }

  /** `seq` was handed to a socket; sending one again changes nothing. */
  send(index: number, seq: number): void {
    if (seq > this.#sent[index]!) this.#sent[index] = seq;
  }

  /** False when it was acknowledged before. */
  acknowledge(index: number, seq: number): boolean {
    const offset = seq - this.#ackedTo[index]! - 1;
    if (offset < 0) return false;
    if (offset >= outboxMax) throw new RangeError(`seq ${seq} is too far ahead`);
    const bit = (1 << offset) >>> 0;
    let above = this.#ackedAbove[index]!;
    if ((above & bit) !== 0) return false;
    above = (above | bit) >>> 0;
    while ((above & 1) === 1) {
      above >>>= 1;
      this.#ackedTo[index]!++;
    }
    this.#ackedAbove[index] = above;
    return true;
  }

  entry(index: number): LedgerEntry {
    const { enterprise, device, profile } = this.#devices[index]!;
    return { enterprise, device, profile, sent: this.#sent[index]!, acked: this.#ranges(index) };
  }

  *entries(): Generator<LedgerEntry> {
    for (let index = 0; index < this.#devices.length; index++) yield this.entry(index);
  }

  #ranges(index: number): [number, number][] {
    const ackedTo = this.#ackedTo[index]!;
    const ranges: [number, number][] = ackedTo > 0 ? [[1, ackedTo]] : [];
    let above = this.#ackedAbove[index]!;
    for (let seq = ackedTo + 1; above !== 0; seq++, above >>>= 1) {
      if ((above & 1) === 0) continue;
      const last = ranges.at(-1);
      if (last !== undefined && last[1] === seq - 1) last[1] = seq;
      else ranges.push([seq, seq]);
    }
    return ranges;
  }
}
