/** Dividing whole things exactly: largest remainders, shuffling and dealing. */

import type { Random } from '../random.ts';

/**
 * Divides `total` whole things in proportion to `weights` by largest remainders (Hare quota): the
 * parts add up to `total` exactly, and each is its exact share rounded down or up. Equal remainders
 * go to the earlier part. Weights are not negative; when all are zero they count as equal.
 */
export function apportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const even = total / weights.length;
  return roundToTotal(
    weights.map((weight) => (sum > 0 ? (total * weight) / sum : even)),
    total,
    total,
  );
}

/**
 * Whole numbers in [low, high] whose sum is `total`, in proportion to `weights` (positive) as far
 * as the bounds allow. `total` lies between `low` and `high` times their number.
 */
export function apportionWithin(
  total: number,
  weights: readonly number[],
  low: number,
  high: number,
): number[] {
  const share = (weight: number, factor: number) => Math.min(high, Math.max(low, weight * factor));
  const sumAt = (factor: number) => weights.reduce((sum, weight) => sum + share(weight, factor), 0);
  let below = 0;
  let above = high / Math.min(...weights);
  for (let step = 0; step < 64; step++) {
    const middle = (below + above) / 2;
    if (sumAt(middle) <= total) below = middle;
    else above = middle;
  }
  return roundToTotal(
    weights.map((weight) => share(weight, below)),
    total,
    high,
  );
}

/** Rounds down, then gives what is missing to the largest remainders that stay within `high`. */
function roundToTotal(shares: readonly number[], total: number, high: number): number[] {
  const parts = shares.map(Math.floor);
  let missing = total - parts.reduce((a, b) => a + b, 0);
  const byRemainder = shares
    .map((share, index) => ({ index, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder) {
    if (missing === 0) break;
    if (parts[index]! < high) {
      parts[index]! += 1;
      missing -= 1;
    }
  }
  return parts;
}

/** Shuffles in place (Fisher–Yates). */
export function shuffle<T extends Uint8Array | unknown[]>(items: T, random: Random): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.int(0, i);
    const item = items[i];
    items[i] = items[j]!;
    items[j] = item!;
  }
  return items;
}

/** A shuffled hand in which the number `k` occurs `counts[k]` times (at most 256 kinds). */
export function deal(counts: readonly number[], random: Random): Uint8Array {
  const hand = new Uint8Array(counts.reduce((a, b) => a + b, 0));
  let filled = 0;
  for (const [kind, count] of counts.entries()) {
    hand.fill(kind, filled, filled + count);
    filled += count;
  }
  return shuffle(hand, random);
}
