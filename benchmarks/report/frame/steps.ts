/** Columns of a timeline as steps: no more of them than a page can show, and nothing smoothed. */

import { mean } from 'd3-array';
import { area, line } from 'd3-shape';

export type Column = number | null | undefined;

/** A value that holds from one second to another; null: not known then. */
export interface Step {
  readonly fromS: number;
  readonly toS: number;
  readonly value: number | null;
}

/** More columns than this are taken together. */
const stepsMax = 400;

const known = (value: Column): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

/**
 * Of columns that are taken together both the smallest and the largest stay, in their order; where
 * some are not known, the largest and a gap.
 */
export function extremes(values: readonly Column[], columnS: number): Step[] {
  const size = Math.ceil((values.length * 2) / stepsMax);
  if (size <= 2) return values.map((value, at) => step(known(value), at, at + 1, columnS));
  const steps: Step[] = [];
  for (let from = 0; from < values.length; from += size) {
    const to = Math.min(from + size, values.length);
    const [first, second] = pair(values.slice(from, to).map(known));
    const middle = (from + to) / 2;
    steps.push(step(first, from, middle, columnS), step(second, middle, to, columnS));
  }
  return steps;
}

function pair(values: readonly (number | null)[]): [number | null, number | null] {
  const numbers = values.filter((value) => value !== null);
  if (numbers.length === 0) return [null, null];
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  if (numbers.length < values.length) return [high, null];
  return values.indexOf(low) < values.indexOf(high) ? [low, high] : [high, low];
}

/** Of columns that are taken together the mean of those that are known. */
export function means(values: readonly Column[], columnS: number, columns: number): Step[] {
  const size = Math.ceil(columns / stepsMax);
  const steps: Step[] = [];
  for (let from = 0; from < columns; from += size) {
    const to = Math.min(from + size, columns);
    steps.push(step(meanKnown(values, from, to), from, to, columnS));
  }
  return steps;
}

/** The mean of what is known from `from` to before `to`. */
export function meanKnown(values: readonly Column[], from: number, to: number): number | null {
  const numbers = values.slice(from, to).map(known);
  return mean(numbers) ?? null;
}

/** The last value that is known from `from` to before `to`. */
export function lastKnown(values: readonly Column[], from: number, to: number): number | null {
  return (
    values
      .slice(from, to)
      .map(known)
      .findLast((value) => value !== null) ?? null
  );
}

function step(value: number | null, from: number, to: number, columnS: number): Step {
  return { fromS: from * columnS, toS: to * columnS, value };
}

interface Corner {
  readonly atS: number;
  readonly low: number;
  readonly high: number;
  readonly known: boolean;
}

const corners = (steps: readonly Step[], base: (at: number) => number): Corner[] =>
  steps.flatMap(({ fromS, toS, value }, at) => {
    const low = base(at);
    const corner = { low, high: low + (value ?? 0), known: value !== null };
    return [
      { ...corner, atS: fromS },
      { ...corner, atS: toS },
    ];
  });

type Scale = (value: number) => number;

/** The line over the steps, with gaps where nothing is known. */
export function stepLine(steps: readonly Step[], x: Scale, y: Scale): string | null {
  return line<Corner>()
    .defined((corner) => corner.known)
    .x(({ atS }) => x(atS))
    .y(({ high }) => y(high))
    .digits(1)(corners(steps, () => 0));
}

/** The area between `base` and the steps on top of it. */
export function stepArea(
  steps: readonly Step[],
  x: Scale,
  y: Scale,
  base: (at: number) => number = () => 0,
): string | null {
  return area<Corner>()
    .defined((corner) => corner.known)
    .x(({ atS }) => x(atS))
    .y0(({ low }) => y(low))
    .y1(({ high }) => y(high))
    .digits(1)(corners(steps, base));
}
