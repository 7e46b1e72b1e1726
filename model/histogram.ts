/** Latencies as mergeable histograms with microsecond buckets (HdrHistogram, three digits). */

import * as hdr from 'hdr-histogram-js';

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
