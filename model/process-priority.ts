/** Who goes first where cores are short. */

import { setPriority } from 'node:os';

/** Of the kernel's weights, a third of an ordinary process (sched(7): 1.25 to the power of it). */
export const niceness = 5;

/**
 * Has this process give way to ordinary ones. Cores are shared out evenly among processes: where there
 * are many of a kind beside one that all of them need (the supervisor), that one would get
 * as little as each of them. Threads that this process has already are not affected.
 */
export function giveWay(): void {
  try {
    setPriority(niceness);
  } catch {
    // It has given way further already, or the system has no priorities.
  }
}
