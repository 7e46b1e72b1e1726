import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from '../../model/histogram.ts';
import { latencyBucketOf } from '../../model/latency-buckets.ts';

const latencies = fc.array(fc.double({ min: 0.001, max: 3_600_000, noNaN: true }), {
  minLength: 1,
  maxLength: 200,
});

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('LatencyHistogram', () => {
  it('knows nothing before anything is recorded', () => {
    expect(new LatencyHistogram().summary()).toBeNull();
  });

  it('gives percentiles within its precision of the sorted values', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const summary = histogramOf(values).summary()!;
        const sorted = values.toSorted((a, b) => a - b);
        const exact = (share: number): number =>
          sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1)]!;
        for (const [got, share] of [
          [summary.p50, 0.5],
          [summary.p90, 0.9],
          [summary.p99, 0.99],
          [summary.p999, 0.999],
          [summary.max, 1],
        ] as const) {
          expect(got).toBeGreaterThanOrEqual(exact(share) - 0.001);
          expect(got).toBeLessThanOrEqual(exact(share) * 1.001 + 0.002);
        }
        expect(summary.count).toBe(values.length);
      }),
      { numRuns: 100 },
    );
  });

  it('merges to what one histogram of all values is, also through its encoding', () => {
    fc.assert(
      fc.property(latencies, latencies, (left, right) => {
        const merged = histogramOf(left);
        merged.add(LatencyHistogram.decode(histogramOf(right).encode()));
        expect(merged.summary()).toEqual(histogramOf([...left, ...right]).summary());
      }),
      { numRuns: 50 },
    );
  });

  it('merges and decodes nothing as nothing', () => {
    const empty = LatencyHistogram.decode(new LatencyHistogram().encode());
    empty.add(new LatencyHistogram());
    expect(empty.summary()).toBeNull();
  });

  it('counts values beyond its bounds as the bounds', () => {
    const summary = histogramOf([-5, 1e12]).summary()!;
    expect(summary.p50).toBe(0.001);
    expect(summary.max).toBeGreaterThanOrEqual(3_600_000);
    expect(summary.max).toBeLessThanOrEqual(3_604_000);
    expect(summary.count).toBe(2);
  });

  it('starts again after a reset', () => {
    const histogram = histogramOf([1, 2, 3]);
    histogram.reset();
    histogram.record(7);
    expect(histogram.summary()).toMatchObject({ count: 1, p50: 7.003 });
  });

  it('takes away what an earlier state held, and keeps what came since', () => {
    fc.assert(
      fc.property(latencies, latencies, (before, since) => {
        const whole = histogramOf([...before, ...since]);
        whole.subtract(histogramOf(before));
        const [expected, got] = [histogramOf(since).summary()!, whole.summary()!];
        expect(got.count).toBe(since.length);
        for (const name of ['p50', 'p90', 'p99', 'p999', 'max'] as const) {
          expect(got[name]).toBeGreaterThanOrEqual(expected[name] * 0.999 - 0.002);
          expect(got[name]).toBeLessThanOrEqual(expected[name] * 1.001 + 0.002);
        }
      }),
    );
  });

  it('counts by bucket, and above a bound', () => {
    const histogram = histogramOf([0.1, 3, 3, 900, 12_000]);
    const counts = histogram.bucketCounts();
    expect(counts.reduce((sum, count) => sum + count)).toBe(5);
    expect(counts[0]).toBe(1);
    expect(counts[latencyBucketOf(3)]).toBe(2);
    expect(counts[latencyBucketOf(12_000)]).toBe(1);
    expect(histogram.countAbove(10_000)).toBe(1);
    expect(histogram.countAbove(1)).toBe(4);
  });
});
