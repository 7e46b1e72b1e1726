import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apportion, apportionWithin, deal } from '../../../model/city/apportion.ts';
import { seededRandom } from '../../../model/random.ts';

const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);

test('parts add up to the total, each its share rounded down or up', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1_000_000 }),
      fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 20 }),
      (total, weights) => {
        const parts = apportion(total, weights);
        const whole = sum(weights) || weights.length;
        expect(sum(parts)).toBe(total);
        for (const [i, part] of parts.entries()) {
          const share = (total * (sum(weights) === 0 ? 1 : weights[i]!)) / whole;
          expect(Math.abs(part - share)).toBeLessThan(1);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('bounded parts add up to the total, stay in their bounds and keep the order of the weights', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 50 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (weights, low, spread, fill) => {
        const high = low + spread;
        const total = weights.length * low + Math.floor(weights.length * spread * fill);
        const parts = apportionWithin(total, weights, low, high);
        expect(sum(parts)).toBe(total);
        for (const [i, part] of parts.entries()) {
          expect(part).toBeGreaterThanOrEqual(low);
          expect(part).toBeLessThanOrEqual(high);
          for (const [j, other] of parts.entries()) {
            if (weights[i]! > weights[j]!) expect(part).toBeGreaterThanOrEqual(other - 1);
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a hand holds what was dealt', () => {
  const hand = deal([3, 0, 5], seededRandom(1));
  expect([...hand].sort()).toEqual([0, 0, 0, 2, 2, 2, 2, 2]);
});
