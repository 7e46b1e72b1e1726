/** Whether the gateway's memory grows. */

import type { PlatformCity } from './play-city.ts';

const lookMs = 1000;
/** So many of the first and of the last looks are compared, for a collection comes in between. */
const comparedPart = 0.2;

/** Of the second half of the window; null where memory cannot be seen. */
export async function memoryGrowth({ bench }: PlatformCity): Promise<number | null> {
  const { duration } = bench.parameters;
  await bench.sleep(duration / 2);
  const endMs = bench.clock.monotonicMs() + duration / 2;
  const looks: number[] = [];
  while (bench.clock.monotonicMs() < endMs) {
    const bytes = bench.monitor.gatewayMemoryBytes;
    if (bytes !== null) looks.push(bytes);
    await bench.sleep(Math.min(lookMs, duration / 20));
  }
  return growthOf(looks);
}

/** The median of the last looks against that of the first, as a part of it; null of too few. */
export function growthOf(looks: readonly number[]): number | null {
  const compared = Math.floor(looks.length * comparedPart);
  if (compared === 0) return null;
  const [first, last] = [median(looks.slice(0, compared)), median(looks.slice(-compared))];
  return last / first - 1;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
