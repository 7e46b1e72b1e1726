/** Latencies as mergeable histograms with microsecond buckets (HdrHistogram, three digits). */

import * as hdr from 'hdr-histogram-js';
import { latencyBucketCount, latencyBucketOf } from './latency-buckets.ts';

/** Percentiles in milliseconds, as a run's report has them. */
export interface LatencySummary {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly count: number;
}

const microseconds = 1000;
const highestUs = 3_600_000_000;

const create = (): hdr.Histogram =>
  hdr.build({
    bitBucketSize: 64,
    autoResize: true,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });

/**
 * Durations between 1 µs and 1 h to three significant digits. A recorded value beyond these bounds
 * counts as the bound. Percentiles never lie below the true ones, and exceed them by 0.1 % at most.
 */
export class LatencyHistogram {
  #histogram = create();

  record(milliseconds: number): void {
    const us = Math.round(milliseconds * microseconds);
    this.#histogram.recordValue(Math.min(Math.max(us, 1), highestUs));
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** Null when nothing was recorded: what is not known is not 0. */
  summary(): LatencySummary | null {
    const histogram = this.#histogram;
    if (histogram.totalCount === 0) return null;
    const at = (percentile: number): number =>
      histogram.getValueAtPercentile(percentile) / microseconds;
    return {
      p50: at(50),
      p90: at(90),
      p99: at(99),
      p999: at(99.9),
      max: at(100),
      count: histogram.totalCount,
    };
  }

  /** Adds everything `other` holds. */
  add(other: LatencyHistogram): void {
    this.#histogram.add(other.#histogram as hdr.JsHistogram);
  }

  /**
   * Takes away what an earlier state of this same histogram held. Counts never fall below 0; the
   * maximum is then to three digits.
   */
  subtract(earlier: LatencyHistogram): void {
    this.#histogram.subtract(earlier.#histogram as hdr.JsHistogram);
  }

  /** Recorded values by the buckets of `latency-buckets.ts`; at a bound, to three digits. */
  bucketCounts(): number[] {
    const counts = new Array<number>(latencyBucketCount).fill(0);
    for (const [milliseconds, count] of this.#values()) {
      counts[latencyBucketOf(milliseconds)]! += count;
    }
    return counts;
  }

  /** How many recorded values lie above `milliseconds`, to three digits. */
  countAbove(milliseconds: number): number {
    let above = 0;
    for (const [value, count] of this.#values()) if (value > milliseconds) above += count;
    return above;
  }

  *#values(): Generator<[milliseconds: number, count: number]> {
    const values = (this.#histogram as hdr.JsHistogram).recordedValuesIterator;
    values.reset();
    while (values.hasNext()) {
      const { countAddedInThisIterationStep, valueIteratedTo } = values.next();
      yield [valueIteratedTo / microseconds, countAddedInThisIterationStep];
    }
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** Base64 of HdrHistogram's compressed V2 encoding, for another process or tool. */
  encode(): string {
    return hdr.encodeIntoCompressedBase64(this.#histogram);
  }

  /** The histogram that `encode` wrote. Throws when `encoded` is not one. */
  static decode(encoded: string): LatencyHistogram {
    const result = new LatencyHistogram();
    result.#histogram.add(hdr.decodeFromCompressedBase64(encoded) as hdr.JsHistogram);
    return result;
  }
}
