/** Thresholds such as `telemetry.ackMs.p99 <= 150`: a path into the report and a bound. Pure. */

import type { Findings, RunReport, ThresholdResult } from '../../model/report.ts';
import { type Asked, isAsked } from './asked.ts';
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
  /** Somebody wrote it for this run: it is never left out. */
  readonly required: boolean;
}

const pattern = /^(\S+)\s*(<=|>=|==|<|>)\s*(\S+)$/;
const numberPattern = /^-?\d+(\.\d+)?$/;

/** Reads thresholds; what is wrong with them is added to `problems`, and left out. */
export function parseThresholds(
  expressions: readonly string[],
  problems: string[],
  required = false,
): Threshold[] {
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
    return [{ expression: expression.trim(), path, comparison, bound, required }];
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

/** Latencies, times, rates, and what counts by them: what a generator that is behind makes worse. */
const timed =
  /Ms(\.|$|P\d)|(seconds|[pP]erSecond|[a-z]S)$|^cpuUsPerMessage\.|^ledger\.late$|^generator\./;

/** True for a threshold that says nothing about a platform unless the generator kept up. */
export function namesTime({ bound, path }: Threshold): boolean {
  return timed.test(path) || (typeof bound === 'string' && timed.test(bound));
}

type Judged = Omit<RunReport, 'thresholds' | 'verdict' | 'invalidReasons'>;

/** What the numbers are, and whether they are as they must be. */
export function checkThresholds(
  report: Judged,
  thresholds: readonly Threshold[],
  asked: Asked,
): ThresholdResult[] {
  return thresholds.map((threshold) => {
    const { bound, comparison, expression, path } = threshold;
    const value = at(report, path);
    const limit = typeof bound === 'number' ? bound : at(report, bound);
    if (value !== null && limit !== null) {
      return { expression, value, ok: comparisons[comparison](value, limit), asked: true };
    }
    const unknown = value === null ? path : String(bound);
    return { expression, value, ...withoutValue(report, unknown, threshold.required, asked) };
  });
}

/** Null: it did not happen, while the run waited for it. */
const happenings: ReadonlySet<string> = new Set<keyof Findings>([
  'sessionsBackS',
  'rowsBackS',
  'recoveryS',
  'drainS',
  'drainPerSecond',
]);

/** Of a threshold over a number that is not there. */
function withoutValue(
  report: Judged,
  path: string,
  required: boolean,
  asked: Asked,
): Pick<ThresholdResult, 'ok' | 'asked'> {
  const { findings } = report;
  const [group, name] = path.split('.') as [string, string];
  if (group === 'findings' && happenings.has(name)) {
    const { drainS, rowsBackS } = findings;
    const nothingDrained = name === 'drainPerSecond' && drainS === 0;
    const neverAway = name === 'sessionsBackS' && !(name in findings) && rowsBackS !== undefined;
    if (nothingDrained || neverAway) return { ok: null, asked: false };
    if (name in findings) return { ok: false, asked: true };
  }
  return { ok: null, asked: required || isAsked(path, asked) };
}

function at(report: unknown, path: string): number | null {
  let value = report;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'number' ? value : null;
}
