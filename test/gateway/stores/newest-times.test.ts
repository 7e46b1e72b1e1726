import fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeRanges } from '../../../gateway/stores/embedded/insert.ts';
import { NewestTimes, SeriesBudget } from '../../../gateway/stores/embedded/newest-times.ts';

test('what it calls new was never called new before, whatever the budget', () => {
  const step = fc.record({
    table: fc.nat(1),
    series: fc.constantFrom('a', 'b', 'c', 'd'),
    timestampMs: fc.nat(12),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(4), (steps, seriesMax) => {
      const budget = new SeriesBudget(seriesMax);
      const floorMs = 3;
      const tables = [new NewestTimes(floorMs, budget), new NewestTimes(floorMs, budget)];
      const seen = new Set<string>();
      for (const { table, series, timestampMs } of steps) {
        const identity = `${table} ${series} ${timestampMs}`;
        if (tables[table]?.advance(series, timestampMs)) {
          expect(seen.has(identity)).toBe(false);
          expect(timestampMs).toBeGreaterThan(floorMs);
        }
        seen.add(identity);
      }
    }),
    { numRuns: 1000 },
  );
});

test('with room, every row newer than its series is new', () => {
  const newest = new NewestTimes(Number.NEGATIVE_INFINITY, new SeriesBudget(2));
  expect(newest.advance('a', 5)).toBe(true);
  expect(newest.advance('a', 5)).toBe(false);
  expect(newest.advance('b', 1)).toBe(true);
  expect(newest.advance('a', 6)).toBe(true);
  expect(newest.advance('b', 2)).toBe(true);
  expect(newest.advance('c', 4)).toBe(true);
  expect(newest.advance('b', 6)).toBe(false);
});

test('time ranges hold every timestamp once, and leave wide gaps out', () => {
  const hourMs = 3_600_000;
  const times = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: hourMs * 2 }), (units, unitMs) => {
      const timestamps = units.map((unit) => unit * unitMs);
      const ranges = timeRanges(timestamps);
      for (const ms of timestamps) {
        expect(ranges.filter(({ fromMs, toMs }) => ms >= fromMs && ms <= toMs)).toHaveLength(1);
      }
      expect(ranges.length).toBeLessThanOrEqual(8);
    }),
    { numRuns: 300 },
  );
  expect(timeRanges([5 * hourMs, 0, 1, 5 * hourMs + 2])).toEqual([
    { fromMs: 0, toMs: 1 },
    { fromMs: 5 * hourMs, toMs: 5 * hourMs + 2 },
  ]);
});
