/** The last minutes of the figures that the charts draw, at most `pointsMax` of them. */

import type { Snapshot } from './snapshot.ts';

export interface Point {
  readonly atMs: number;
  readonly receivedPerSecond: number;
  readonly storedPerSecond: number;
  readonly storedP50Ms: number | null;
  readonly storedP99Ms: number | null;
}

const pointsMax = 600;

export class History {
  #points: Point[] = [];

  /** Points in the order of time. */
  get points(): readonly Point[] {
    return this.#points;
  }

  /** A snapshot older than the last one begins anew: the gateway's clock was set back. */
  add({ nowMs, rates, shipper }: Snapshot): void {
    const last = this.#points.at(-1);
    if (last !== undefined && nowMs < last.atMs) this.#points = [];
    this.#points.push({
      atMs: nowMs,
      receivedPerSecond: rates.received,
      storedPerSecond: rates.stored,
      storedP50Ms: shipper.storedMs?.p50 ?? null,
      storedP99Ms: shipper.storedMs?.p99 ?? null,
    });
    if (this.#points.length > pointsMax) this.#points.shift();
  }
}
