/** Which kind each production device is: true to its enterprise's trade and to the city's mix. */

import type { Random } from '../random.ts';
import { apportion, shuffle } from './apportion.ts';
import { productionKinds, productionShares } from './fleet-mix.ts';
import { machineWeight, trades } from './trades.ts';

/** A workshop buys machines in rows of one kind, up to this many. */
const rowMax = 6;

const calibrationRounds = 40;

/**
 * Kinds (positions in `productionKinds`) of all production devices, one byte each, enterprise by
 * enterprise and sorted within each. `tradeOf` and `sizeOf` give each enterprise's trade and
 * number of devices. No trade gets a kind it has no use for; within that, the city's counts are as
 * close to the mix as whole devices can be.
 */
export function assignKinds(
  tradeOf: readonly number[],
  sizeOf: readonly number[],
  random: Random,
): Uint8Array {
  const devicesByTrade = new Array<number>(trades.length).fill(0);
  for (const [i, trade] of tradeOf.entries()) devicesByTrade[trade]! += sizeOf[i]!;
  const stocks = kindCounts(devicesByTrade).map((counts) => rowsInRandomOrder(counts, random));
  const taken = new Array<number>(trades.length).fill(0);
  const kinds = new Uint8Array(devicesByTrade.reduce((a, b) => a + b, 0));
  let filled = 0;
  for (const [i, trade] of tradeOf.entries()) {
    const from = taken[trade]!;
    const size = sizeOf[i]!;
    kinds.set(stocks[trade]!.subarray(from, from + size), filled);
    kinds.subarray(filled, filled + size).sort();
    taken[trade] = from + size;
    filled += size;
  }
  return kinds;
}

/** Devices of each kind for each trade. What rounding leaves over is carried to the next trade. */
function kindCounts(devicesByTrade: readonly number[]): number[][] {
  const shares = calibratedShares(devicesByTrade);
  const carried = new Array<number>(productionKinds.length).fill(0);
  return devicesByTrade.map((devices, trade) => {
    const own = shares[trade]!;
    const wanted = own.map((share, kind) => share * devices + carried[kind]!);
    const weights = wanted.map((want, kind) => (own[kind]! > 0 ? Math.max(0, want) : 0));
    const counts = apportion(devices, weights.some((weight) => weight > 0) ? weights : own);
    for (const [kind, count] of counts.entries()) carried[kind] = wanted[kind]! - count;
    return counts;
  });
}

/**
 * Each trade's shares of the kinds, scaled so that the city as a whole has the fleet's mix:
 * iterative proportional fitting (Deming and Stephan, 1940).
 */
function calibratedShares(devicesByTrade: readonly number[]): number[][] {
  const shares = trades.map((trade) =>
    normalised(productionKinds.map((kind) => machineWeight(trade, kind.profile))),
  );
  const total = devicesByTrade.reduce((a, b) => a + b, 0);
  for (let round = 0; round < calibrationRounds; round++) {
    for (const [kind, share] of productionShares.entries()) {
      const present = shares.reduce((sum, row, t) => sum + row[kind]! * devicesByTrade[t]!, 0);
      if (present === 0) continue;
      for (const row of shares) row[kind]! *= (share * total) / present;
    }
    for (const [trade, row] of shares.entries()) shares[trade] = normalised(row);
  }
  return shares;
}

function normalised(weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

function rowsInRandomOrder(counts: readonly number[], random: Random): Uint8Array {
  const rows: { kind: number; length: number }[] = [];
  for (const [kind, count] of counts.entries()) {
    for (let left = count; left > 0; ) {
      const length = Math.min(left, random.int(1, rowMax));
      rows.push({ kind, length });
      left -= length;
    }
  }
  const sequence = new Uint8Array(counts.reduce((a, b) => a + b, 0));
  let filled = 0;
  for (const { kind, length } of shuffle(rows, random)) {
    sequence.fill(kind, filled, filled + length);
    filled += length;
  }
  return sequence;
}
