/** Injected: claims that ask at any pace, and more claims than are remembered. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ClaimAllowance } from '../../../gateway/sources/claim-allowance.ts';

test('whatever the pace, a claim has its burst and its rate, and no more', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(500), { maxLength: 300 }), (pauses) => {
      const allowance = new ClaimAllowance({ perSecond: 10, burst: 20 });
      const taken: number[] = [];
      let nowMs = 0;
      for (const pause of pauses) {
        nowMs += pause;
        if (allowance.take('acme', 'c1', nowMs)) taken.push(nowMs);
      }
      taken.forEach((fromMs, i) => {
        taken.slice(i).forEach((toMs, more) => {
          expect(more + 1).toBeLessThanOrEqual(20 + (toMs - fromMs) / 100 + 1e-6);
        });
      });
    }),
  );
});

test('another claim, or one of that name in another enterprise, is not held up', () => {
  const allowance = new ClaimAllowance({ perSecond: 1, burst: 1 });
  const takes = (enterprise: string, claim: string, nowMs = 0) =>
    allowance.take(enterprise, claim, nowMs);
  expect([takes('acme', 'c1'), takes('acme', 'c1')]).toEqual([true, false]);
  expect([takes('acme', 'c2'), takes('beta', 'c1')]).toEqual([true, true]);
  expect([takes('acme', 'c1', 999), takes('acme', 'c1', 1000)]).toEqual([false, true]);
});

test('beyond what is remembered those that have rested are forgotten first', () => {
  const allowance = new ClaimAllowance({ perSecond: 1, burst: 2, claimsMax: 2 });
  allowance.take('acme', 'busy', 0);
  allowance.take('acme', 'busy', 0);
  allowance.take('acme', 'rested', 0);
  allowance.take('acme', 'new', 1000);
  // One of two tokens came back to the busy one, which was not forgotten.
  expect([1, 2].map(() => allowance.take('acme', 'busy', 1000))).toEqual([true, false]);
});
