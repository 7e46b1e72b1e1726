import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addLatencyBuckets,
  latencyBucketBoundsMs,
  latencyBucketCount,
  latencyBucketOf,
  latencyBucketPercentile,
} from '../../model/latency-buckets.ts';

const latency = fc.double({ min: 0, max: 400_000, noNaN: true });

test('a latency lies at or below the bound of its bucket and above the one before', () => {
  fc.assert(
    fc.property(latency, (ms) => {
      const bucket = latencyBucketOf(ms);
      expect(ms).toBeLessThanOrEqual((latencyBucketBoundsMs[bucket] ?? Infinity) * (1 + 1e-9));
      if (bucket > 0) expect(ms).toBeGreaterThan(latencyBucketBoundsMs[bucket - 1]!);
    }),
  );
});

test('a bound lies in its own bucket', () => {
  latencyBucketBoundsMs.forEach((bound, bucket) => {
    expect(latencyBucketOf(bound)).toBe(bucket);
  });
});

test('what is no latency lies in the first bucket, what is beyond all in the last', () => {
  expect([Number.NaN, -5, 0].map(latencyBucketOf)).toEqual([0, 0, 0]);
  expect(latencyBucketOf(1e12)).toBe(latencyBucketCount - 1);
});

test('a percentile is never below the true one and 19 % above it at most', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1, max: 100_000, noNaN: true }), { minLength: 1 }),
      (all) => {
        const counts = new Uint32Array(latencyBucketCount);
        for (const ms of all) counts[latencyBucketOf(ms)]!++;
        const sorted = all.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(0.99 * sorted.length) - 1]!;
        const shown = latencyBucketPercentile(counts, 99)!;
        expect(shown).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
        expect(shown).toBeLessThanOrEqual(exact * 1.19);
      },
    ),
  );
});

test('nothing has no percentile; sums add up', () => {
  const counts = new Uint32Array(latencyBucketCount);
  expect(latencyBucketPercentile(counts, 99)).toBeNull();
  addLatencyBuckets(counts, [1, 2, 3]);
  addLatencyBuckets(counts, [1]);
  expect([...counts.subarray(0, 4)]).toEqual([2, 2, 3, 0]);
});
