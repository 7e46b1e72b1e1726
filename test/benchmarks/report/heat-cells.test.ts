/** A heat map shows every latency that was counted, also those beyond the last bound. */

import { sum } from 'd3-array';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { heatSteps } from '../../../benchmarks/report/frame/colours.ts';
import {
  addedCounts,
  cellPaths,
  heatColumns,
  heatThresholds,
  latencyAxis,
  percentileSteps,
} from '../../../benchmarks/report/panels/heat-cells.ts';
import { latencyBucketCount, latencyBucketOf } from '../../../model/latency-buckets.ts';

const counts = fc.array(fc.nat(5000), { maxLength: latencyBucketCount });
const timeline = fc.array(counts, { minLength: 1, maxLength: 600, size: 'medium' });

test('no latency is lost when columns are taken together', () => {
  fc.assert(
    fc.property(timeline, (columns) => {
      const merged = heatColumns(columns, 0.5);
      expect(merged.length).toBeLessThanOrEqual(240);
      expect(merged.at(-1)!.toS).toBe(columns.length / 2);
      expect(sum(merged, (column) => sum(column.counts))).toBe(
        sum(columns, (column) => sum(column)),
      );
      expect(sum(addedCounts(columns, 0, columns.length))).toBe(
        sum(columns, (column) => sum(column)),
      );
    }),
    { numRuns: 40 },
  );
});

test('there is a cell for each bucket that has a count, within the drawing', () => {
  fc.assert(
    fc.property(timeline, (columns) => {
      const merged = heatColumns(columns, 1);
      const axis = latencyAxis(merged);
      const cells = sum(merged, (column) => column.counts.filter((count) => count > 0).length);
      if (axis === null) {
        expect(cells).toBe(0);
        return;
      }
      const paths = cellPaths(merged, heatThresholds(merged), (atS) => atS, axis.y);
      expect(sum(paths, (path) => path.match(/M/g)?.length ?? 0)).toBe(cells);
      for (const [, edge] of paths.join('').matchAll(/V(-?[\d.]+)/g)) {
        expect(Number(edge)).toBeGreaterThanOrEqual(0);
        expect(Number(edge)).toBeLessThanOrEqual(1000);
      }
      for (const { at } of axis.ticks) {
        expect(at).toBeGreaterThanOrEqual(0);
        expect(at).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: 40 },
  );
});

test('colours begin at 1 and rise to the largest count', () => {
  const thresholds = heatThresholds(heatColumns([[0, 1, 1000]], 1));
  expect(thresholds).toHaveLength(heatSteps);
  expect(thresholds[0]).toBe(1);
  expect(thresholds).toEqual([...thresholds].sort((a, b) => a - b));
  expect(thresholds.at(-1)).toBeLessThanOrEqual(1000);
});

test('a latency lies between the ticks that it lies between', () => {
  const column: number[] = [];
  for (const ms of [15, 150]) column[latencyBucketOf(ms)] = 1;
  const axis = latencyAxis(heatColumns([Array.from(column, (count) => count ?? 0)], 1))!;
  const tick = (label: string) => axis.ticks.find((each) => each.label === label)!.at;
  const low = 1 - axis.y(latencyBucketOf(15)) / 1000;
  expect(low).toBeGreaterThan(tick('10 ms'));
  expect(low).toBeLessThan(tick('20 ms'));
});

test('what lies beyond the last bound has a cell and a label of its own', () => {
  const beyond = new Array<number>(latencyBucketCount).fill(0);
  beyond[latencyBucketCount - 1] = 7;
  const merged = heatColumns([beyond], 1);
  const axis = latencyAxis(merged)!;
  expect(axis.ticks.at(-1)!.label).toBe('> 3.09 min');
  expect(percentileSteps(merged, 99)[0]!.value).toBe(latencyBucketCount);
  expect(axis.y(latencyBucketCount)).toBe(0);
});
