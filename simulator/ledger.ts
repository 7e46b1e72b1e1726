/** What every device sent and what was acknowledged, to be compared with the store's rows. */

import { outboxMax } from './client/outbox.ts';
import { StampBook, type StampColumns, type StampRun } from './stamps.ts';

/** One device's account. Sequence numbers begin at 1; none is left out below `sent`. */
export interface LedgerEntry {
  readonly enterprise: string;
  readonly device: string;
  readonly profile: string;
  /** The highest `seq` that was handed to a socket. */
  readonly sent: number;
  /** Inclusive ranges of acknowledged `seq`, ascending, neither touching nor overlapping. */
  readonly acked: readonly (readonly [number, number])[];
  /**
   * Runs of timestamps, ascending: the readings from `seq` on have `timestampMs`, then `stepMs`
   * more each. They may reach beyond `sent`; of a device that was very irregular for very long the
   * first are missing.
   */
  readonly stamps: readonly StampRun[];
}

/** The timestamp of the reading `seq`; null when it was not sent, or is not known any more. */
export function timestampOf({ sent, stamps }: LedgerEntry, seq: number): number | null {
  if (seq > sent) return null;
  const run = stamps.findLast(([from]) => from <= seq);
  return run === undefined ? null : run[1] + (seq - run[0]) * run[2];
}

/** A ledger for another process that knows the devices. */
export interface LedgerColumns {
  readonly sent: Uint32Array;
  readonly ackedTo: Uint32Array;
  readonly ackedAbove: Uint32Array;
  readonly stamps: StampColumns;
}

export interface LedgerDevice {
  readonly enterprise: string;
  readonly device: string;
  readonly profile: string;
}

/**
 * Twelve bytes a device, and those of its stamps: the highest sent `seq`, the `seq` up to which all
 * are acknowledged, and a bit for each of the 32 after that. A device has at most 32 readings that
 * are not acknowledged, so none lies beyond.
 */
export class Ledger {
  readonly #devices: readonly LedgerDevice[];
  readonly #sent: Uint32Array;
  readonly #ackedTo: Uint32Array;
  readonly #ackedAbove: Uint32Array;
  readonly #stamps: StampBook;

  /** `columns` are of the same devices. */
  constructor(devices: readonly LedgerDevice[], columns?: LedgerColumns) {
    this.#devices = devices;
    this.#sent = columns?.sent ?? new Uint32Array(devices.length);
    this.#ackedTo = columns?.ackedTo ?? new Uint32Array(devices.length);
    this.#ackedAbove = columns?.ackedAbove ?? new Uint32Array(devices.length);
    this.#stamps = columns ? StampBook.of(columns.stamps) : new StampBook(devices.length);
  }

  /** The device's next reading was made; its `seq` is the next one, from 1 on. */
  make(index: number, timestampMs: number): void {
    this.#stamps.add(index, timestampMs);
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
    const sent = this.#sent[index]!;
    const stamps = this.#stamps.runs(index);
    return { enterprise, device, profile, sent, acked: this.#ranges(index), stamps };
  }

  *entries(): Generator<LedgerEntry> {
    for (let index = 0; index < this.#devices.length; index++) yield this.entry(index);
  }

  columns(): LedgerColumns {
    return {
      sent: this.#sent,
      ackedTo: this.#ackedTo,
      ackedAbove: this.#ackedAbove,
      stamps: this.#stamps.columns(),
    };
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
