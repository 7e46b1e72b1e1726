/** A deterministic clock for tests: time moves only when the test says so. */

import type { Clock, Timer } from '../../model/clock.ts';

interface Scheduled {
  readonly atMs: number;
  readonly order: number;
  readonly task: () => void;
}

export interface VirtualClockOptions {
  /** Wall time at the beginning; 2026-01-01T00:00:00Z unless given. */
  readonly nowMs?: number;
}

/**
 * Wall and monotonic time advance together, by `advance` or `advanceAsync`; `stepWall` moves the
 * wall clock alone, as setting a machine's clock does. Timers run in the order of their times, those
 * of the same time in the order they were set; during a task both clocks read the task's due time.
 * A timer with a delay of 0 or less runs at the next advance, even by 0.
 */
export class VirtualClock implements Clock {
  #monotonicMs = 0;
  #wallAtZeroMs: number;
  #order = 0;
  /** Sorted, the next to run last. */
  readonly #timers: Scheduled[] = [];

  constructor(options: VirtualClockOptions = {}) {
    this.#wallAtZeroMs = options.nowMs ?? 1_767_225_600_000;
  }

  nowMs(): number {
    return Math.floor(this.#wallAtZeroMs + this.#monotonicMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, task: () => void): Timer {
    const scheduled = this.#schedule(this.#monotonicMs + Math.max(0, delayMs), task);
    return { cancel: () => this.#remove(scheduled) };
  }

  every(intervalMs: number, task: () => void): Timer {
    if (!(intervalMs > 0)) throw new RangeError(`every(${intervalMs}): not a positive interval`);
    let scheduled: Scheduled;
    const arm = (atMs: number): void => {
      scheduled = this.#schedule(atMs, () => {
        arm(atMs + intervalMs);
        task();
      });
    };
    arm(this.#monotonicMs + intervalMs);
    return { cancel: () => this.#remove(scheduled) };
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves time on by `durationMs` and runs everything due on the way, also what that sets. */
  advance(durationMs: number): void {
    const endMs = this.#monotonicMs + durationMs;
    while (this.#runNext(endMs));
    this.#monotonicMs = endMs;
  }

  /** As `advance`, and lets promises and I/O callbacks settle before each task and at the end. */
  async advanceAsync(durationMs: number): Promise<void> {
    const endMs = this.#monotonicMs + durationMs;
    do {
      await settle();
    } while (this.#runNext(endMs));
    this.#monotonicMs = endMs;
  }

  /** Moves the wall clock alone, forward or back. */
  stepWall(byMs: number): void {
    this.#wallAtZeroMs += byMs;
  }

  #schedule(atMs: number, task: () => void): Scheduled {
    const scheduled = { atMs, order: this.#order++, task };
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timers[middle]!.atMs > atMs) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, scheduled);
    return scheduled;
  }

  #remove(scheduled: Scheduled): void {
    const at = this.#timers.indexOf(scheduled);
    if (at >= 0) this.#timers.splice(at, 1);
  }

  #runNext(endMs: number): boolean {
    const next = this.#timers.at(-1);
    if (next === undefined || next.atMs > endMs) return false;
    this.#timers.pop();
    this.#monotonicMs = next.atMs;
    next.task();
    return true;
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
