/** A large number that counts up to its new value instead of jumping. */

import { setText } from './dom.ts';

const tweenMs = 300;

/** Writes numbers into an element; the last one always is the exact one. */
export class Counter {
  readonly element: HTMLElement;
  readonly #format: (value: number) => string;
  #shown: number | null = null;
  #target = 0;
  #frame = 0;

  constructor(element: HTMLElement, format: (value: number) => string) {
    this.element = element;
    this.#format = format;
  }

  show(value: number): void {
    const from = this.#shown;
    this.#target = value;
    cancelAnimationFrame(this.#frame);
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches || document.hidden;
    if (from === null || from === value || still) {
      this.#write(value);
      return;
    }
    let startedMs: number | null = null;
    const step = (nowMs: number): void => {
      startedMs ??= nowMs;
      const part = Math.min(1, (nowMs - startedMs) / tweenMs);
      const eased = 1 - (1 - part) ** 3;
      this.#write(part === 1 ? this.#target : Math.round(from + (this.#target - from) * eased));
      if (part < 1) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  #write(value: number): void {
    this.#shown = value;
    setText(this.element, this.#format(value));
  }
}
