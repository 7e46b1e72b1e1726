/** Where each enterprise is, what it does, and which platform it uses. */

import { type DistrictId, districts } from '../enterprise.ts';
import type { Random } from '../random.ts';
import { apportion, deal } from './apportion.ts';
import { parks } from './parks.ts';
import type { PlatformId } from './platforms.ts';
import { trades, tradeWeight } from './trades.ts';

/** One enterprise's place in the city. */
export interface Place {
  readonly district: DistrictId;
  readonly park: string;
  /** Position in `trades`. */
  readonly trade: number;
  readonly platform: PlatformId;
}

/**
 * Places for a number of enterprises: districts by their shares; within each district parks and
 * trades by their weights, all within rounding; platforms drawn by the trade's weights.
 */
export function settle(enterprises: number, random: Random): Place[] {
  const counts = apportion(
    enterprises,
    districts.map((district) => district.share),
  );
  const hands = districts.map(({ id }, d) => {
    const parkWeights = parks.map((park) => (park.district === id ? park.weight : 0));
    const tradeWeights = trades.map((trade) => tradeWeight(trade, id));
    return {
      parks: deal(apportion(counts[d]!, parkWeights), random),
      trades: deal(apportion(counts[d]!, tradeWeights), random),
      dealt: 0,
    };
  });
  return Array.from(deal(counts, random), (d) => {
    const hand = hands[d]!;
    const card = hand.dealt++;
    const trade = hand.trades[card]!;
    return {
      district: districts[d]!.id,
      park: parks[hand.parks[card]!]!.id,
      trade,
      platform: draw(trades[trade]!.platforms, random),
    };
  });
}

function draw<K extends string>(weights: Readonly<Partial<Record<K, number>>>, random: Random): K {
  const entries = Object.entries(weights) as [K, number][];
  let left = random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [key, weight] of entries) {
    left -= weight;
    if (left < 0) return key;
  }
  return entries.at(-1)![0];
}
