/** An axis of amounts from 0 upwards. */

import { max } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { side, type Tick } from './plot.ts';

export interface ValueAxis {
  /** Where a value lies in the drawing, y downwards. */
  readonly y: (value: number) => number;
  readonly ticks: readonly Tick[];
}

/** From 0 to a round number above all `values`; `write` labels it. */
export function valueAxis(
  values: Iterable<number | null | undefined>,
  write: (value: number) => string,
  tickCount = 4,
): ValueAxis {
  const highest = max(values, (value) => (Number.isFinite(value) ? value : null)) ?? 0;
  const scale = scaleLinear([0, highest > 0 ? highest : 1], [0, 1]).nice(tickCount);
  return {
    y: (value) => side * (1 - scale(value)),
    ticks: (highest > 0 ? scale.ticks(tickCount) : [0]).map((value) => ({
      at: scale(value),
      label: write(value),
    })),
  };
}

/** The same for bytes, whose round numbers are binary. */
export function binaryAxis(values: readonly number[], write: (value: number) => string): ValueAxis {
  const highest = Math.max(1, ...values);
  const unit = 1024 ** Math.floor(Math.log2(highest) / 10);
  const scaled = valueAxis(
    values.map((value) => value / unit),
    (value) => write(value * unit),
  );
  return { y: (value) => scaled.y(value / unit), ticks: scaled.ticks };
}
