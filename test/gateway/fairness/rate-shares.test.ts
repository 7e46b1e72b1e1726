import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RateShares } from '../../../gateway/fairness/rate-shares.ts';
import type { EnterpriseRate } from '../../../gateway/processes/messages.ts';

const rate = (offeredPerSecond: number, enterprise = 'acme'): EnterpriseRate => ({
  enterprise,
  offeredPerSecond,
  limitPerSecond: 100,
});

describe('shares of an enterprise', () => {
  test('there are none while it is below its limit through all workers', () => {
    const shares = new RateShares();
    shares.report('w0', [rate(60)]);
    shares.report('w1', [rate(40)]);
    expect(shares.shares()).toEqual([]);
  });

  test('a busy worker is cut to what the quiet ones leave', () => {
    const shares = new RateShares();
    shares.report('w0', [rate(500), rate(80, 'other')]);
    shares.report('w1', [rate(20)]);
    shares.report('w2', [rate(300)]);
    expect(shares.shares()).toEqual([{ enterprise: 'acme', perSecond: 40 }]);
  });

  test('are taken back when it sends less again, or is not heard of, and that is said once', () => {
    const shares = new RateShares();
    shares.report('w0', [rate(500)]);
    shares.report('w1', [rate(500), rate(900, 'other')]);
    expect(shares.shares()).toHaveLength(2);
    shares.report('w0', [rate(30)]);
    shares.report('w1', [rate(30)]);
    expect(shares.shares().toSorted((a, b) => a.enterprise.localeCompare(b.enterprise))).toEqual([
      { enterprise: 'acme', perSecond: null },
      { enterprise: 'other', perSecond: null },
    ]);
    expect(shares.shares()).toEqual([]);
  });

  test('a worker that is gone no longer counts', () => {
    const shares = new RateShares();
    shares.report('w0', [rate(90)]);
    shares.report('w1', [rate(90)]);
    expect(shares.shares()).toEqual([{ enterprise: 'acme', perSecond: 50 }]);
    shares.forget('w1');
    expect(shares.shares()).toEqual([{ enterprise: 'acme', perSecond: null }]);
  });

  test('what passes through all workers is the limit, and nobody below the level is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 8 }),
        (demands) => {
          const shares = new RateShares();
          for (const [i, demand] of demands.entries()) shares.report(`w${i}`, [rate(demand)]);
          const total = demands.reduce((sum, demand) => sum + demand, 0);
          const [share] = shares.shares();
          if (total <= 100) {
            expect(share).toBeUndefined();
            return;
          }
          const level = share?.perSecond ?? Number.NaN;
          const passed = demands.reduce((sum, demand) => sum + Math.min(demand, level), 0);
          expect(passed).toBeCloseTo(100);
          expect(level).toBeGreaterThanOrEqual(100 / demands.length);
        },
      ),
    );
  });
});
