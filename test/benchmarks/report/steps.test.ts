/** However many columns a run has, no extreme and no gap is smoothed away. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extremes, means, stepLine } from '../../../benchmarks/report/frame/steps.ts';

const column = fc.option(fc.integer({ min: 0, max: 1_000_000 }), { freq: 8 });
const columns = fc.array(column, { minLength: 1, maxLength: 3000, size: 'max' });

const known = (values: readonly (number | null)[]): number[] =>
  values.filter((value) => value !== null);

describe('extremes', () => {
  test('keep the largest value and every stretch of time', () => {
    fc.assert(
      fc.property(columns, (values) => {
        const steps = extremes(values, 2);
        const shown = known(steps.map(({ value }) => value));
        expect(Math.max(-1, ...shown)).toBe(Math.max(-1, ...known(values)));
        expect(steps[0]!.fromS).toBe(0);
        expect(steps.at(-1)!.toS).toBe(values.length * 2);
        for (const [at, { fromS }] of steps.entries()) {
          if (at > 0) expect(fromS).toBe(steps[at - 1]!.toS);
        }
        expect(steps.length).toBeLessThanOrEqual(402);
      }),
      { numRuns: 60 },
    );
  });

  test('keep the smallest value where all are known, and a gap where one is not', () => {
    const values: (number | null)[] = Array.from({ length: 2000 }, () => 100);
    values[777] = 3;
    values[1234] = null;
    const steps = extremes(values, 1);
    expect(steps.some(({ value }) => value === 3)).toBe(true);
    const gaps = steps.filter(({ value }) => value === null);
    expect(gaps).toHaveLength(1);
    expect(Math.abs(gaps[0]!.fromS - 1234)).toBeLessThan(10);
  });

  test('few columns stay as they are', () => {
    fc.assert(
      fc.property(fc.array(column, { maxLength: 200 }), (values) => {
        expect(extremes(values, 1).map(({ value }) => value)).toEqual(values);
      }),
    );
  });
});

test('means lie between the smallest and the largest, and are null where nothing is known', () => {
  fc.assert(
    fc.property(columns, (values) => {
      for (const { fromS, toS, value } of means(values, 1, values.length)) {
        const within = known(values.slice(fromS, toS));
        if (within.length === 0) expect(value).toBe(null);
        else {
          expect(value).toBeGreaterThanOrEqual(Math.min(...within) - 1e-6);
          expect(value).toBeLessThanOrEqual(Math.max(...within) + 1e-6);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('a line is interrupted where nothing is known, and one column has a width', () => {
  const same = (value: number): number => value;
  expect(stepLine(extremes([5, null, 7], 1), same, same)).toBe('M0,5L1,5M2,7L3,7');
  expect(stepLine(extremes([5], 1), same, same)).toBe('M0,5L1,5');
  expect(stepLine(extremes([null], 1), same, same)).toBe(null);
});
