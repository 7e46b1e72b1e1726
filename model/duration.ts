/** Durations as people write them: `500ms`, `10s`, `2m`, `1h`, `1.5d`. */

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const pattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** Whole milliseconds, or null when `text` is not a number directly followed by ms, s, m, h or d. */
export function parseDurationMs(text: string): number | null {
  const match = pattern.exec(text);
  if (match === null) return null;
  const milliseconds = Math.round(Number(match[1]) * unitMs[match[2]!]!);
  return Number.isSafeInteger(milliseconds) ? milliseconds : null;
}

/** Whole milliseconds in the largest unit that divides them: `366d`, `90s`. */
export function durationText(milliseconds: number): string {
  const units = Object.entries(unitMs).reverse();
  const [unit, ms] = units.find(([, each]) => milliseconds % each === 0)!;
  return `${milliseconds / ms}${unit}`;
}
