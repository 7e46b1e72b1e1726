import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assignKinds } from '../../../model/city/fleet.ts';
import { productionKinds } from '../../../model/city/fleet-mix.ts';
import { machineWeight, trades } from '../../../model/city/trades.ts';
import { seededRandom } from '../../../model/random.ts';

const fleet = fc.array(
  fc.record({
    trade: fc.nat({ max: trades.length - 1 }),
    size: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })),
  }),
  { minLength: 1, maxLength: 60 },
);

test('every enterprise gets its devices, sorted, and only kinds its trade has a use for', () => {
  fc.assert(
    fc.property(fleet, fc.integer(), (enterprises, seed) => {
      const kinds = assignKinds(
        enterprises.map((enterprise) => enterprise.trade),
        enterprises.map((enterprise) => enterprise.size),
        seededRandom(seed),
      );
      let from = 0;
      for (const { trade, size } of enterprises) {
        const own = [...kinds.subarray(from, from + size)];
        from += size;
        expect(own).toHaveLength(size);
        expect(own).toEqual([...own].sort((a, b) => a - b));
        const useless = own.filter(
          (kind) => machineWeight(trades[trade]!, productionKinds[kind]!.profile) === 0,
        );
        expect(useless).toEqual([]);
      }
      expect(kinds).toHaveLength(from);
    }),
    { numRuns: 300 },
  );
});
