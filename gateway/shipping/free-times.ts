/** Times for replayed readings that carry none: at or soon after their arrival, and nobody else's. */

import type { Store } from '../stores/store.ts';

/** What the store is asked at once. */
const windowMs = 1000;

/** A millisecond may have several rows: alarms of several codes, a device that moved its district. */
const rowsMax = 4 * windowMs;

/** A time further from the arrival than this would be wrong; it also bounds the search. */
const delayMsMax = 3_600_000;

/** Milliseconds at which one device has no row in one measurement. */
export class FreeTimes {
  readonly #store: Pick<Store, 'readings'>;
  readonly #rowsOf: { readonly enterprise: string; readonly device: string };
  readonly #measurement: string;
  readonly #taken = new Set<number>();
  /** Nothing up to here is given any more. */
  #lastMs = Number.NEGATIVE_INFINITY;
  /** Of the window that ends at `askedToMs`, exclusive. */
  #stored: ReadonlySet<number> = new Set();
  #askedToMs = Number.NEGATIVE_INFINITY;

  constructor(
    store: Pick<Store, 'readings'>,
    rowsOf: { readonly enterprise: string; readonly device: string },
    measurement: string,
  ) {
    this.#store = store;
    this.#rowsOf = rowsOf;
    this.#measurement = measurement;
  }

  /** A time that is on its way to the store: it is not given away. */
  take(timestampMs: number): void {
    this.#taken.add(timestampMs);
  }

  /**
   * The first millisecond from `fromMs` on that is free, later than all given before; null when
   * there is none within an hour. Asks the store once for each second that is looked at.
   */
  async next(fromMs: number): Promise<number | null> {
    let ms = Math.max(fromMs, this.#lastMs + 1);
    for (; ms - fromMs <= delayMsMax; ms++) {
      if (ms >= this.#askedToMs && !(await this.#ask(ms))) ms = this.#askedToMs - 1;
      else if (!this.#stored.has(ms) && !this.#taken.has(ms)) {
        this.#lastMs = ms;
        return ms;
      }
    }
    this.#lastMs = ms;
    return null;
  }

  /** False when there are so many rows that the oldest ones may have been cut off. */
  async #ask(fromMs: number): Promise<boolean> {
    const { enterprise, device } = this.#rowsOf;
    const rows = await this.#store.readings({
      enterprise,
      device,
      profile: this.#measurement,
      fromMs,
      toMs: fromMs + windowMs,
      limit: rowsMax,
    });
    this.#askedToMs = fromMs + windowMs;
    if (rows.length >= rowsMax) return false;
    this.#stored = new Set(rows.map(({ timestampMs }) => timestampMs));
    return true;
  }
}
