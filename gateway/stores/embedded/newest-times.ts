/**
 * The newest timestamp of each series of a table.
 *
 * A row newer than everything its series has is certainly not there yet, so it needs no look into
 * the table. Nearly all rows are such; a resend, a device that catches up and the first rows after
 * an overflow are not, and are compared with the table.
 */

/** How many series all tables together may remember. */
export class SeriesBudget {
  #left: number;

  constructor(seriesMax: number) {
    this.#left = seriesMax;
  }

  take(): boolean {
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  giveBack(count: number): void {
    this.#left += count;
  }
}

export class NewestTimes {
  readonly #budget: SeriesBudget;
  readonly #bySeries = new Map<string, number>();
  /** A series that is not remembered has nothing newer. */
  #floorMs: number;
  #newestMs: number;

  /** `floorMs`: the newest timestamp in the table, -Infinity when it is empty. */
  constructor(floorMs: number, budget: SeriesBudget) {
    this.#floorMs = floorMs;
    this.#newestMs = floorMs;
    this.#budget = budget;
  }

  /** True when a row of `series` at `timestampMs` is certainly new; it then counts as stored. */
  advance(series: string, timestampMs: number): boolean {
    const known = this.#bySeries.get(series);
    if (timestampMs <= (known ?? this.#floorMs)) return false;
    this.#newestMs = Math.max(this.#newestMs, timestampMs);
    if (known === undefined && !this.#budget.take()) {
      this.#forget();
      return true;
    }
    this.#bySeries.set(series, timestampMs);
    return true;
  }

  /** Gives up the series for one timestamp that none of them exceeds. */
  #forget(): void {
    this.#budget.giveBack(this.#bySeries.size);
    this.#bySeries.clear();
    this.#floorMs = this.#newestMs;
  }
}
