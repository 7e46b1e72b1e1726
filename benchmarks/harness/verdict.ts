/** The verdict of a run, and its exit code. Pure. */

import type { ThresholdResult, Verdict } from '../../model/report.ts';

/**
 * Invalid wins: a run whose generator fell behind says nothing about the system. A failure is one
 * whatever else could not be judged; without one, a run of which something asked is not known says
 * nothing either.
 */
export function verdictOf(valid: boolean, thresholds: readonly ThresholdResult[]): Verdict {
  if (!valid) return 'invalid';
  if (thresholds.some(({ ok }) => ok === false)) return 'fail';
  return unjudged(thresholds).length > 0 ? 'invalid' : 'pass';
}

/** Those that were asked and could not be answered. */
export function unjudged(thresholds: readonly ThresholdResult[]): readonly ThresholdResult[] {
  return thresholds.filter(({ asked, ok }) => asked && ok === null);
}

/** Of a run that somebody ended, as a shell has it for SIGINT. */
export const interruptedExitCode = 130;

/** The exit code of a verdict. */
export function exitCodeOf(verdict: Verdict): number {
  return { pass: 0, fail: 3, invalid: 4 }[verdict];
}
