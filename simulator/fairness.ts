/** How long each enterprise waits for its acknowledgements: one row of few buckets for each. */

import {
  latencyBucketBoundsMs,
  latencyBucketCount,
  latencyBucketPercentile,
} from '../model/latency-buckets.ts';
import type { FairnessReport } from '../model/report.ts';

/** An enterprise with fewer acknowledged readings is not judged. */
const readingsMin = 20;

/** Of an enterprise: its buckets, and one for the readings that came due. */
const rowCells = latencyBucketCount + 1;

/** Latencies of enterprises that are numbered from 0. 324 bytes for each. */
export class EnterpriseLatencies {
  readonly #counts: Uint32Array;

  constructor(enterprises: number) {
    this.#counts = new Uint32Array(enterprises * rowCells);
  }

  /** Counts a reading that came due and is to be acknowledged. */
  due(enterprise: number): void {
    this.#counts[enterprise * rowCells + latencyBucketCount]!++;
  }

  /** Counts one acknowledgement; `bucket` is that of `latencyBucketOf`. */
  record(enterprise: number, bucket: number): void {
    this.#counts[enterprise * rowCells + bucket]!++;
  }

  /** For another process: each cell that is not 0, as its place and its count. */
  encode(): Uint32Array {
    const cells: number[] = [];
    for (let place = 0; place < this.#counts.length; place++) {
      const count = this.#counts[place]!;
      if (count > 0) cells.push(place, count);
    }
    return Uint32Array.from(cells);
  }

  /** Adds what another process encoded, for the same enterprises. */
  add(cells: Uint32Array): void {
    for (let i = 0; i < cells.length; i += 2) this.#counts[cells[i]!]! += cells[i + 1]!;
  }

  /**
   * Percentiles are upper bounds, 19 % too high at most; one over 3.7 minutes is told as that.
   * `ids` are those of the enterprises. Null when none has enough readings, and none is starved.
   */
  report(ids: readonly string[]): FairnessReport | null {
    const judged: { id: string; p99: number }[] = [];
    let starved = 0;
    for (let enterprise = 0; enterprise < ids.length; enterprise++) {
      const begin = enterprise * rowCells;
      const row = this.#counts.subarray(begin, begin + latencyBucketCount);
      const acknowledged = row.reduce((sum, count) => sum + count, 0);
      if (acknowledged === 0 && this.#counts[begin + latencyBucketCount]! > 0) starved++;
      if (acknowledged < readingsMin) continue;
      const p99 = Math.min(latencyBucketPercentile(row, 99)!, latencyBucketBoundsMs.at(-1)!);
      judged.push({ id: ids[enterprise]!, p99 });
    }
    if (judged.length === 0 && starved === 0) return null;
    judged.sort((a, b) => a.p99 - b.p99);
    const worst = judged.at(-1);
    const median = judged[Math.floor((judged.length - 1) / 2)];
    return {
      enterprises: judged.length,
      worstEnterprise: worst?.id ?? null,
      worstEnterpriseAckMsP99: worst?.p99 ?? null,
      medianEnterpriseAckMsP99: median?.p99 ?? null,
      starved,
    };
  }
}
