/** How much to write at once, and how often at the same time, by what the store answers. */

import type { WritePreference } from '../stores/store.ts';

const linesMin = 500;
const fastMs = 1000;
const slowMs = 4000;

/**
 * Larger writes while there is a backlog and the store is quick; smaller ones when it is slow; a
 * second write at the same time only when the largest size does not suffice.
 */
export class Pace {
  readonly #preference: WritePreference;
  #lines: number;
  #linesMax: number;
  #concurrency = 1;

  constructor(preference: WritePreference) {
    this.#preference = preference;
    this.#linesMax = preference.linesMax;
    this.#lines = preference.linesInitial;
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
      this.#lines = Math.min(this.#linesMax, Math.max(linesMin, Math.floor(this.#lines / 2)));
      this.#concurrency = 1;
    } else if (this.#lines < this.#linesMax) {
      if (durationMs < fastMs) {
        this.#lines = Math.min(this.#linesMax, Math.floor(this.#lines * 1.5));
      }
    } else {
      this.#concurrency = Math.min(this.#preference.concurrencyMax, this.#concurrency + 1);
    }
  }

  /** A write succeeded and nothing more was waiting. */
  caughtUp(): void {
    const { linesInitial } = this.#preference;
    this.#lines = Math.min(this.#linesMax, Math.max(linesInitial, Math.floor(this.#lines * 0.9)));
    this.#concurrency = 1;
  }

  /** The store takes no write of this many lines. */
  tooLarge(lineCount: number): void {
    this.#linesMax = Math.max(1, Math.floor(lineCount / 2));
    this.#lines = Math.min(this.#lines, this.#linesMax);
  }

  /** The store was away: begin gently. */
  unavailable(): void {
    this.#lines = Math.min(this.#linesMax, this.#preference.linesInitial);
    this.#concurrency = 1;
  }
}
