import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeqRanges } from '../../../gateway/stores/seq-ranges.ts';

test('counts as a set does, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 80 }), (seqs) => {
      const ranges = new SeqRanges();
      for (const seq of seqs) ranges.add(seq);
      const set = new Set(seqs);
      expect(ranges.rows).toBe(seqs.length);
      expect(ranges.distinct).toBe(set.size);
      expect(ranges.min).toBe(set.size === 0 ? 0 : Math.min(...set));
      expect(ranges.max).toBe(set.size === 0 ? 0 : Math.max(...set));
    }),
    { numRuns: 500 },
  );
});
