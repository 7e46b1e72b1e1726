import { expect, test } from 'vitest';
import { productionKinds } from '../../../model/city/fleet-mix.ts';
import { industries } from '../../../model/city/industries.ts';
import { machineWeight, trades, tradeWeight, utilities } from '../../../model/city/trades.ts';
import { districts } from '../../../model/enterprise.ts';

const profileIds = new Set(productionKinds.map((kind) => kind.profile));

test('trades name known industries and known kinds of device', () => {
  for (const trade of trades) {
    expect(industries).toHaveProperty(trade.industry);
    for (const profile of Object.keys(trade.machines)) expect(profileIds).toContain(profile);
  }
  for (const profile of Object.keys(utilities)) expect(profileIds).toContain(profile);
});

test('every kind of device stands in the halls of some trade', () => {
  for (const profile of profileIds) {
    expect(trades.some((trade) => machineWeight(trade, profile) > 0)).toBe(true);
  }
});

test('a trade is commoner where it is at home', () => {
  for (const trade of trades) {
    for (const { id } of districts) {
      const weight = tradeWeight(trade, id);
      expect(weight).toBeGreaterThan(0);
      if (id in trade.districts) expect(weight).toBeGreaterThan(trade.elsewhere);
    }
  }
});
