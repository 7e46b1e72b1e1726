/** Thresholds such as `telemetry.ackMs.p99 <= 150`: a path into the report and a bound. Pure. */

import type { RunReport, ThresholdResult } from '../../model/report.ts';
import { reportPaths } from './report-shape.ts';

const comparisons = {
  '<=': (value: number, bound: number) => value <= bound,
  '>=': (value: number, bound: number) => value >= bound,
  '==': (value: number, bound: number) => value === bound,
  '<': (value: number, bound: number) => value < bound,
  '>': (value: number, bound: number) => value > bound,
};

type Comparison = keyof typeof comparisons;

export interface Threshold {
  readonly expression: string;
  readonly path: string;
  readonly comparison: Comparison;
  /** A number, or the path of one. */
  readonly bound: number | string;
}

const pattern = /^(\S+)\s*(<=|>=|==|<|>)\s*(\S+)$/;
const numberPattern = /^-?\d+(\.\d+)?$/;

/** Reads thresholds; what is wrong with them is added to `problems`, and left out. */
export function parseThresholds(expressions: readonly string[], problems: string[]): Threshold[] {
  return expressions.flatMap((expression) => {
    const match = pattern.exec(expression.trim());
    if (match === null) {
      problems.push(`threshold "${expression}": must be like "ledger.lost == 0"`);
      return [];
    }
    const [, path, comparison, right] = match as unknown as [string, string, Comparison, string];
    const bound = numberPattern.test(right) ? Number(right) : right;
    const unknown = [path, bound].filter((each) => typeof each === 'string' && !isPath(each));
    for (const each of unknown) {
      problems.push(`threshold "${expression}": a report has no number ${each}${hint(each)}`);
    }
    if (unknown.length > 0) return [];
    return [{ expression: expression.trim(), path, comparison, bound }];
  });
}

function isPath(path: string): boolean {
  return reportPaths.has(path);
}

/** What lies where the path ends, when that is no number; else the paths with the same last name. */
function hint(path: string | number): string {
  const within = [...reportPaths].filter((known) => known.startsWith(`${path}.`));
  const last = `.${String(path).split('.').at(-1)}`;
  const alike =
    within.length > 0 ? within : [...reportPaths].filter((known) => known.endsWith(last));
  return alike.length === 0 ? '' : `; there is: ${alike.slice(0, 6).join(', ')}`;
}

/** What the numbers are; null when one is not known: that decides nothing. */
export function checkThresholds(
  report: Omit<RunReport, 'thresholds' | 'verdict'>,
  thresholds: readonly Threshold[],
): ThresholdResult[] {
  return thresholds.map(({ bound, comparison, expression, path }) => {
    const value = at(report, path);
    const limit = typeof bound === 'number' ? bound : at(report, bound);
    const ok = value === null || limit === null ? null : comparisons[comparison](value, limit);
    return { expression, value, ok };
  });
}

function at(report: unknown, path: string): number | null {
  let value = report;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'number' ? value : null;
}
