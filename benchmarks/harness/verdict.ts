/** Thresholds over a report, and the verdict that follows. Pure. */

import type { RunReport, ThresholdResult, Verdict } from '../../model/report.ts';
import type { Threshold } from '../scenarios/scenario.ts';

/** Checks `thresholds` against a report; a value that is not known decides nothing. */
export function checkThresholds(
  report: Omit<RunReport, 'thresholds' | 'verdict'>,
  thresholds: readonly Threshold[],
): ThresholdResult[] {
  return thresholds.map(({ path, comparison, bound }) => {
    const value = at(report, path);
    const limit = typeof bound === 'number' ? bound : at(report, bound);
    const ok = value === null || limit === null ? null : holds(value, comparison, limit);
    return { expression: `${path} ${comparison} ${bound}`, value, ok };
  });
}

function holds(value: number, comparison: Threshold['comparison'], limit: number): boolean {
  if (comparison === '==') return value === limit;
  return comparison === '<=' ? value <= limit : value >= limit;
}

/** Invalid wins: a run whose generator fell behind says nothing about the system. */
export function verdictOf(
  generatorValid: boolean,
  thresholds: readonly ThresholdResult[],
): Verdict {
  if (!generatorValid) return 'invalid';
  return thresholds.some(({ ok }) => ok === false) ? 'fail' : 'pass';
}

/** The exit code of a verdict. */
export function exitCodeOf(verdict: Verdict): number {
  return { pass: 0, fail: 3, invalid: 4 }[verdict];
}

function at(report: unknown, path: string): number | null {
  let value = report;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'number' ? value : null;
}
