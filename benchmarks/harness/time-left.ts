/** How long a phase will still last. Pure. */

import type { RunParameters } from '../scenarios/parameters.ts';
import type { Look } from './monitor.ts';
import type { Phase } from './phases.ts';

export interface PhaseProgress {
  readonly phase: Phase;
  readonly elapsedMs: number;
  /** Part that is done, where the phase itself knows. */
  readonly done: number | null;
}

/** Milliseconds; null when nobody can say. */
export function timeLeftMs(
  { done, elapsedMs, phase }: PhaseProgress,
  { fleet, gateway, sample }: Look,
  { duration, warmUp }: RunParameters,
): number | null {
  if (phase === 'warming-up') return Math.max(0, warmUp - elapsedMs);
  if (phase === 'steady') return duration > elapsedMs ? duration - elapsedMs : null;
  if (phase === 'connecting' && fleet !== null) {
    return atSamePace(elapsedMs, 1 - fleet.untried / fleet.devices);
  }
  if (phase === 'settling' && gateway !== null && sample.stored !== null) {
    const perMs = sample.stored / (sample.seconds * 1000);
    return perMs > 0 ? gateway.waiting / perMs : null;
  }
  return done === null ? null : atSamePace(elapsedMs, done);
}

function atSamePace(elapsedMs: number, done: number): number | null {
  return done > 0 && done <= 1 ? (elapsedMs * (1 - done)) / done : null;
}
