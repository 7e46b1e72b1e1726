/**
 * The clock of a process whose monotonic times are compared with those of other processes. Apart
 * from `clock.ts`, which pages in a browser use, too.
 */

import { type Clock, systemClock } from './clock.ts';

/**
 * The machine's clock, its monotonic time since the machine was started: the same in every process,
 * and rising when the wall clock is set back (`CLOCK_MONOTONIC` on Linux). That of `systemClock`
 * begins anew in each process.
 */
export const machineClock: Clock = {
  ...systemClock,
  monotonicMs: () => {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1000 + nanoseconds / 1e6;
  },
};
