/** The cells of a heat map: buckets of latency over time, coloured by how many fell into each. */

import { max } from 'd3-array';
import { scaleLog } from 'd3-scale';
import {
  addLatencyBuckets,
  latencyBucketBoundsMs,
  latencyBucketCount,
  latencyBucketPercentile,
} from '../../../model/latency-buckets.ts';
import { heatSteps } from '../frame/colours.ts';
import { side, svgNumber, type Tick } from '../frame/plot.ts';
import type { Step } from '../frame/steps.ts';
import { latencyText } from '../numbers.ts';

/** Columns taken together for one of the map, and their counts added. */
export interface HeatColumn {
  readonly fromS: number;
  readonly toS: number;
  readonly counts: Uint32Array;
}

const columnsMax = 240;
/** Fewer buckets than this would make the cells of a steady run as high as the map. */
const bucketsMin = 16;

export function heatColumns(
  columns: readonly (readonly number[])[],
  columnS: number,
): HeatColumn[] {
  const size = Math.max(1, Math.ceil(columns.length / columnsMax));
  const merged: HeatColumn[] = [];
  for (let from = 0; from < columns.length; from += size) {
    const to = Math.min(from + size, columns.length);
    const counts = addedCounts(columns, from, to);
    merged.push({ fromS: from * columnS, toS: to * columnS, counts });
  }
  return merged;
}

/** The counts from column `from` to before `to`, by bucket. */
export function addedCounts(
  columns: readonly (readonly number[])[],
  from: number,
  to: number,
): Uint32Array {
  const counts = new Uint32Array(latencyBucketCount);
  for (const column of columns.slice(from, to)) {
    addLatencyBuckets(counts, column.slice(0, latencyBucketCount));
  }
  return counts;
}

/** The buckets a map shows; buckets are counted upwards, so `y` of a bucket is its lower edge. */
export interface LatencyAxis {
  readonly y: (edge: number) => number;
  readonly ticks: readonly Tick[];
}

/** Null when nothing was counted. */
export function latencyAxis(columns: readonly HeatColumn[]): LatencyAxis | null {
  const used = columns.flatMap(({ counts }) => [...counts.keys()].filter((at) => counts[at]! > 0));
  if (used.length === 0) return null;
  const [lowest, highest] = used.reduce(
    ([low, high], at) => [Math.min(low, at), Math.max(high, at)],
    [latencyBucketCount, 0],
  );
  const rows = Math.max(highest + 1 - lowest, bucketsMin);
  const bottom = Math.max(0, Math.min(lowest, highest + 1 - rows));
  const part = (edge: number): number => (edge - bottom) / rows;
  return {
    y: (edge) => svgNumber(side * (1 - part(edge))),
    ticks: latencyTicks(part),
  };
}

/** The upper edge of bucket 0 is 1, that of bucket 1 is 2. */
const edgeOf = scaleLog(latencyBucketBoundsMs.slice(0, 2), [1, 2]);

function latencyTicks(part: (edge: number) => number): Tick[] {
  const within = (ms: number): Tick[] => {
    const at = part(edgeOf(ms));
    return at >= 0 && at <= 1 ? [{ at, label: latencyText(ms) }] : [];
  };
  const decades = [1, 10, 100, 1000, 10_000, 100_000].flatMap(within);
  const between = [0.5, 2, 5, 20, 50, 200, 500, 2000, 5000, 20_000, 50_000].flatMap(within);
  const last = part(latencyBucketCount - 0.5);
  const unbounded = latencyText(latencyBucketBoundsMs.at(-1)!);
  return [
    ...decades,
    ...(decades.length < 3 ? between : []),
    ...(last <= 1 ? [{ at: last, label: `> ${unbounded}` }] : []),
  ];
}

/** From how many on a cell has each colour: even steps of the logarithm, up to the largest. */
export function heatThresholds(columns: readonly HeatColumn[]): number[] {
  const most = max(columns, ({ counts }) => max(counts)) ?? 1;
  return Array.from({ length: heatSteps }, (_, step) =>
    Math.ceil(most ** (step / heatSteps) - 1e-9),
  );
}

/** One path for each colour, of all cells that have it. */
export function cellPaths(
  columns: readonly HeatColumn[],
  thresholds: readonly number[],
  x: (atS: number) => number,
  y: (edge: number) => number,
): string[] {
  const paths = thresholds.map(() => '');
  for (const { counts, fromS, toS } of columns) {
    const [left, right] = [x(fromS), x(toS)];
    counts.forEach((cell, bucket) => {
      if (cell === 0) return;
      const colour = thresholds.findLastIndex((from) => cell >= from);
      paths[colour] += `M${left},${y(bucket)}V${y(bucket + 1)}H${right}V${y(bucket)}Z`;
    });
  }
  return paths;
}

/** A percentile of each column, as the upper edge of the bucket it lies in. */
export function percentileSteps(columns: readonly HeatColumn[], percentile: number): Step[] {
  return columns.map(({ counts, fromS, toS }) => {
    const bound = latencyBucketPercentile(counts, percentile);
    if (bound === null) return { fromS, toS, value: null };
    const edge = Number.isFinite(bound) ? edgeOf(bound) : latencyBucketCount;
    return { fromS, toS, value: edge };
  });
}
