/** How much to write at once, and how often at the same time, by what the store answers. */

import type { WritePreference } from '../stores/store.ts';

/** Below this the fixed cost of a write outweighs that of its lines. */
const linesMin = 2000;
const fastMs = 2000;
/** InfluxDB 1.x gives up a write after ten seconds, and then has done it in vain. */
const slowMs = 4000;

/**
 * More writes at the same time while there is a backlog: a store that shares its machine gets no
 * more of the processor than its writes ask for. Only when that does not suffice, and the store is
 * quick, larger ones: one large write is no faster than one small one, and nearer to the store's
 * time limit.
 */
export class Pace {
  readonly #preference: WritePreference;
  #lines: number;
  #linesMax: number;
  #concurrency = 1;

  constructor(preference: WritePreference) {
    this.#preference = preference;
    this.#linesMax = preference.linesMax;
    this.#lines = Math.min(preference.linesInitial, preference.linesMax);
  }

  get lines(): number {
    return this.#lines;
  }

  get concurrency(): number {
    return this.#concurrency;
  }

  /** A write of a full batch succeeded and more was waiting. */
  backlog(durationMs: number): void {
    if (durationMs > slowMs) {
      this.#shrink();
    } else if (this.#concurrency < this.#preference.concurrencyMax) {
      this.#concurrency += 1;
    } else if (durationMs < fastMs) {
      this.#lines = Math.min(this.#linesMax, Math.floor(this.#lines * 1.5));
    }
  }

  /** A write succeeded and nothing more was waiting. */
  caughtUp(): void {
    const { linesInitial } = this.#preference;
    this.#lines = Math.min(this.#linesMax, Math.max(linesInitial, Math.floor(this.#lines * 0.9)));
    this.#concurrency = Math.max(1, this.#concurrency - 1);
  }

  /** The store takes no write of this many lines. */
  tooLarge(lineCount: number): void {
    this.#linesMax = Math.min(this.#linesMax, Math.max(1, Math.floor(lineCount / 2)));
    this.#lines = Math.min(this.#lines, this.#linesMax);
  }

  /** The store was away, or gave up a write: go on gently. */
  unavailable(): void {
    this.#lines = Math.min(this.#lines, this.#preference.linesInitial);
    this.#shrink();
    this.#concurrency = 1;
  }

  #shrink(): void {
    this.#lines = Math.min(this.#linesMax, Math.max(linesMin, Math.floor(this.#lines / 2)));
  }
}
