/** Where the grid lines of a chart lie. */

/** The top of a linear axis from 0 and its step: at most four round steps, the last above `highest`. */
export function linearAxis(highest: number): { readonly top: number; readonly step: number } {
  const least = Math.max(highest, 4) / 4;
  const decade = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 2.5, 5].find((size) => size * decade >= least) ?? 10;
  const step = factor * decade;
  return { top: step * Math.max(1, Math.ceil(highest / step)), step };
}

/** Whole decades around the positive ones of `values`, at least two. */
export function logAxis(values: readonly number[]): {
  readonly low: number;
  readonly high: number;
} {
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return { low: 1, high: 1000 };
  const low = Math.floor(Math.log10(Math.min(...positive)));
  const high = Math.ceil(Math.log10(Math.max(...positive)));
  return { low: 10 ** low, high: 10 ** Math.max(high, low + 2) };
}
