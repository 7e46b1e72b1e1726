/** Back-off of those that log in with wrong credentials. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LoginBackoff, networkOf } from '../../../gateway/fairness/login-backoff.ts';

const options = {
  freeFailures: 3,
  waitMsMin: 100,
  waitMsMax: 1000,
  forgetMs: 10_000,
  rememberedMax: 5,
};

it('lets some failures pass, then doubles the wait up to its bound', () => {
  const limiter = new LoginBackoff(options);
  const waits = Array.from({ length: 8 }, () => {
    limiter.failed('10.0.0.1', 0);
    return limiter.waitMs('10.0.0.1', 0);
  });
  expect(waits).toEqual([0, 0, 100, 200, 400, 800, 1000, 1000]);
  expect(limiter.waitMs('10.0.0.1', 999)).toBe(1);
  expect(limiter.waitMs('10.0.0.1', 1000)).toBe(0);
  expect(limiter.waitMs('10.0.0.2', 0)).toBe(0);
});

it('forgets who has been quiet, and whoever failed longest ago beyond its bound', () => {
  const limiter = new LoginBackoff(options);
  for (let i = 0; i < 20; i++) limiter.failed('10.0.0.1', 0);
  limiter.failed('10.0.0.1', 10_000);
  expect(limiter.waitMs('10.0.0.1', 10_000)).toBe(0);
  for (let i = 0; i < 20; i++) limiter.failed('10.0.0.1', 10_001);
  for (let host = 2; host <= 6; host++) limiter.failed(`10.0.0.${host}`, 10_002);
  expect(limiter.waitMs('10.0.0.1', 10_002)).toBe(0);
});

it('begins anew with who was right', () => {
  const limiter = new LoginBackoff(options);
  for (let i = 0; i < 4; i++) limiter.failed('a', 0);
  expect(limiter.waitMs('a', 0)).toBe(200);
  limiter.succeeded('a');
  limiter.failed('a', 1);
  expect(limiter.waitMs('a', 1)).toBe(0);
});

it('counts a network of IPv6 as one, and a mapped address as what it maps', () => {
  expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe(networkOf('2001:0DB8:0001:2::'));
  expect(networkOf('2001:db8:1:2::1')).not.toBe(networkOf('2001:db8:1:3::1'));
  expect(networkOf('::1')).toBe('0:0:0:0::/64');
  expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  expect(networkOf('::ffff:192.0.2.7')).toBe('192.0.2.7');
  expect(networkOf('192.0.2.7')).toBe('192.0.2.7');
});

it('never lets an address try more often than its back-off allows', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(500), { minLength: 1, maxLength: 300 }), (pauses) => {
      const limiter = new LoginBackoff({ ...options, forgetMs: 1e9 });
      let nowMs = 0;
      let tried = 0;
      for (const pause of pauses) {
        nowMs += pause;
        if (limiter.waitMs('a', nowMs) > 0) continue;
        limiter.failed('a', nowMs);
        tried += 1;
      }
      // Three at once, then after 100, 200, 400, 800 ms and every second.
      const allowed = 3 + 4 + Math.max(0, Math.floor((nowMs - 1500) / 1000)) + 1;
      expect(tried).toBeLessThanOrEqual(allowed);
    }),
  );
});
