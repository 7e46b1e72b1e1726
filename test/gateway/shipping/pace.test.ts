import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Pace } from '../../../gateway/shipping/pace.ts';

const preference = { linesInitial: 5000, linesMax: 10_000, concurrencyMax: 4 };

describe('the pace of writing', () => {
  test('a backlog means more writes at once, and larger ones only when these are quick', () => {
    const pace = new Pace(preference);
    for (let i = 0; i < 5; i++) pace.backlog(2000);
    expect(pace).toMatchObject({ concurrency: 4, lines: 5000 });
    pace.backlog(500);
    pace.backlog(500);
    expect(pace).toMatchObject({ concurrency: 4, lines: 10_000 });
  });

  test('slow writes become smaller, not fewer: the store is busy, not full', () => {
    const pace = new Pace(preference);
    for (let i = 0; i < 4; i++) pace.backlog(500);
    for (let i = 0; i < 9; i++) pace.backlog(8000);
    expect(pace).toMatchObject({ concurrency: 4, lines: 2000 });
  });

  test('without a backlog it returns to one write of the first size', () => {
    const pace = new Pace(preference);
    for (let i = 0; i < 9; i++) pace.backlog(500);
    for (let i = 0; i < 9; i++) pace.caughtUp();
    expect(pace).toMatchObject({ concurrency: 1, lines: 5000 });
  });

  test('after a write that was given up it goes on with one small write', () => {
    const pace = new Pace(preference);
    for (let i = 0; i < 9; i++) pace.backlog(500);
    pace.unavailable();
    expect(pace).toMatchObject({ concurrency: 1, lines: 2500 });
  });

  test('whatever happens, a write is within its bounds and below what was too large', () => {
    const step = fc.oneof(
      fc.record({ backlog: fc.integer({ min: 0, max: 20_000 }) }),
      fc.record({ tooLarge: fc.integer({ min: 1, max: 10_000 }) }),
      fc.constantFrom('caughtUp' as const, 'unavailable' as const),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const pace = new Pace(preference);
        let linesMax = preference.linesMax;
        for (const each of steps) {
          if (each === 'caughtUp' || each === 'unavailable') pace[each]();
          else if ('backlog' in each) pace.backlog(each.backlog);
          else {
            const lines = Math.min(each.tooLarge, pace.lines);
            pace.tooLarge(lines);
            linesMax = Math.max(1, Math.min(linesMax, Math.floor(lines / 2)));
          }
          expect(pace.lines).toBeGreaterThanOrEqual(1);
          expect(pace.lines).toBeLessThanOrEqual(linesMax);
          expect(pace.concurrency).toBeGreaterThanOrEqual(1);
          expect(pace.concurrency).toBeLessThanOrEqual(4);
        }
      }),
    );
  });
});
