/**
 * The only reader of time in Onramp, `machine-clock.ts` apart. Everything that needs time takes a
 * `Clock`.
 */

/** A cancellable timer. */
export interface Timer {
  cancel(): void;
}

/** Wall time, monotonic time and timers, replaceable in tests by a virtual clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May step when the machine's clock is set. */
  nowMs(): number;
  /** Milliseconds on a clock that never steps, for durations. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs`. */
  after(delayMs: number, task: () => void): Timer;
  /** Runs `task` every `intervalMs` until cancelled. */
  every(intervalMs: number, task: () => void): Timer;
}

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, task) {
    const handle = setTimeout(task, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  every(intervalMs, task) {
    const handle = setInterval(task, intervalMs);
    return { cancel: () => clearInterval(handle) };
  },
};

/** Resolves after `delayMs` on `clock`. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.after(delayMs, resolve));
}
