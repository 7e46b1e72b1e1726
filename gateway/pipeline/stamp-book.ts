/**
 * Timestamps for readings that have none: of one device strictly increasing, also across its
 * sessions, so that no two readings merge in the store.
 *
 * Readings that arrive in the same millisecond run ahead of the clock. How far is bounded, and a
 * new worker begins that far ahead: so it cannot give a stamp again that a killed one has given.
 */

/** Beyond this many devices those whose stamps are past are forgotten: they need no memory. */
const devicesMax = 10_000;

export interface StampLimits {
  /** Nothing earlier is given. */
  readonly floorMs: number;
  /** How far stamps may run ahead of the clock, or of the floor. */
  readonly leadMsMax: number;
}

export class StampBook {
  readonly #limits: StampLimits;
  readonly #last = new Map<string, number>();

  constructor(limits: StampLimits = { floorMs: 0, leadMsMax: Number.POSITIVE_INFINITY }) {
    this.#limits = limits;
  }

  /**
   * A stamp for `device`; null when its readings arrive faster than one a millisecond for too long.
   */
  next(device: string, nowMs: number): number | null {
    const { floorMs, leadMsMax } = this.#limits;
    const earliest = Math.max(nowMs, floorMs);
    const stamp = Math.max(earliest, (this.#last.get(device) ?? 0) + 1);
    if (stamp - earliest > leadMsMax) return null;
    if (this.#last.size >= devicesMax && !this.#last.has(device)) this.#forgetPast(nowMs);
    this.#last.set(device, stamp);
    return stamp;
  }

  #forgetPast(nowMs: number): void {
    for (const [device, stamp] of this.#last) if (stamp < nowMs) this.#last.delete(device);
  }
}
