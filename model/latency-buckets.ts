/**
 * Latencies in few, fixed buckets: for a column of a heat map each second, or for each of ten
 * thousand enterprises, where a histogram of three digits would be too large.
 */

/** Four buckets an octave: a bound is 19 % above the one before. */
const perOctave = 4;
const lowestMs = 0.25;

/** Buckets; the last one has no upper bound. */
export const latencyBucketCount = 80;

/** Inclusive upper bounds in milliseconds of all buckets but the last: 0.25 ms to 3.7 minutes. */
export const latencyBucketBoundsMs: readonly number[] = Array.from(
  { length: latencyBucketCount - 1 },
  (_, bucket) => lowestMs * 2 ** (bucket / perOctave),
);

/** The bucket of a latency; what is negative or not a number lies in the first. */
export function latencyBucketOf(milliseconds: number): number {
  if (!(milliseconds > lowestMs)) return 0;
  const bucket = Math.ceil(Math.log2(milliseconds / lowestMs) * perOctave - 1e-9);
  return Math.min(bucket, latencyBucketCount - 1);
}

/**
 * An upper bound of the percentile (0 to 100) of the latencies counted in `counts`, 19 % too high at
 * most; null when there are none. Infinity when it lies in the last bucket.
 */
export function latencyBucketPercentile(
  counts: ArrayLike<number>,
  percentile: number,
): number | null {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) total += counts[bucket]!;
  if (total === 0) return null;
  const wanted = Math.max(1, Math.ceil((percentile / 100) * total));
  let seen = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    seen += counts[bucket]!;
    if (seen >= wanted) return latencyBucketBoundsMs[bucket] ?? Number.POSITIVE_INFINITY;
  }
  return Number.POSITIVE_INFINITY;
}

/** Adds `more` to `counts`, bucket by bucket. */
export function addLatencyBuckets(counts: Uint32Array, more: ArrayLike<number>): void {
  for (let bucket = 0; bucket < more.length; bucket++) counts[bucket]! += more[bucket]!;
}
