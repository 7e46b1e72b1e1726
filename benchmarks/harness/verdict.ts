/** The verdict of a run, and its exit code. Pure. */

import type { ThresholdResult, Verdict } from '../../model/report.ts';

/** Invalid wins: a run whose generator fell behind says nothing about the system. */
export function verdictOf(valid: boolean, thresholds: readonly ThresholdResult[]): Verdict {
  if (!valid) return 'invalid';
  return thresholds.some(({ ok }) => ok === false) ? 'fail' : 'pass';
}

/** Of a run that somebody ended, as a shell has it for SIGINT. */
export const interruptedExitCode = 130;

/** The exit code of a verdict. */
export function exitCodeOf(verdict: Verdict): number {
  return { pass: 0, fail: 3, invalid: 4 }[verdict];
}
