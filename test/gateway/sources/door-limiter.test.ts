/** Failed log-ins of one address are held back; the devices behind it that are right are not. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DoorLimiter } from '../../../gateway/sources/door-limiter.ts';
import { secret, World } from './mqtt-world.ts';

const minuteMs = 60_000;
const address = '192.0.2.7';

/** Tries to log in wrongly as often as it may, every `everyMs`; answers when it was looked at. */
function attack(limiter: DoorLimiter, untilMs: number, everyMs: number, from = address): number[] {
  const lookedAtMs: number[] = [];
  for (let nowMs = 0; nowMs < untilMs; nowMs += everyMs) {
    if (!limiter.mayTry(from, `acme/press-${nowMs}`, nowMs)) continue;
    lookedAtMs.push(nowMs);
    limiter.failed(from, nowMs);
  }
  return lookedAtMs;
}

describe('an address', () => {
  test('may fail twenty times, then waits a second, and twice as long each time', () => {
    const looked = attack(new DoorLimiter(), 40_000, 10);
    expect(looked.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, i) => i * 10));
    const waits = looked.slice(19).flatMap((atMs, i, all) => (i > 0 ? [atMs - all[i - 1]!] : []));
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000]);
  });

  test('never waits longer than five minutes, and not for failures that are rare', () => {
    const day = attack(new DoorLimiter(), 24 * 60 * minuteMs, 100);
    const longest = Math.max(...day.slice(1).map((atMs, i) => atMs - day[i]!));
    expect(longest).toBeLessThanOrEqual(5 * minuteMs);
    expect(longest).toBeGreaterThan(4 * minuteMs);
    // Waits longer than the window cost one try each, as the shorter ones do.
    const waits = [1, 2, 4, 8, 16, 32, 64, 128, 256].reduce((sum, s) => sum + s * 1000, 0);
    const longWaits = Math.ceil((24 * 60 * minuteMs - waits) / (5 * minuteMs));
    expect(day.length).toBeLessThanOrEqual(20 + 9 + longWaits);
    const rare = attack(new DoorLimiter(), 24 * 60 * minuteMs, 4000);
    expect(rare).toHaveLength((24 * 60 * minuteMs) / 4000);
  });

  test('that has been quiet begins anew', () => {
    const limiter = new DoorLimiter();
    attack(limiter, 40_000, 10);
    const laterMs = 60 * minuteMs;
    for (let i = 0; i < 19; i++) limiter.failed(address, laterMs);
    expect(limiter.mayTry(address, 'x', laterMs)).toBe(true);
    limiter.failed(address, laterMs);
    expect(limiter.mayTry(address, 'x', laterMs + 999)).toBe(false);
    expect(limiter.mayTry(address, 'x', laterMs + 1000)).toBe(true);
  });

  test('does not matter to another; a network of IPv6 is one', () => {
    const limiter = new DoorLimiter();
    for (let i = 0; i < 20; i++) limiter.failed(`2001:db8:1:2::${i}`, 0);
    expect(limiter.mayTry('2001:db8:1:2:ffff::1', 'x', 0)).toBe(false);
    expect(limiter.mayTry('2001:db8:1:3::1', 'x', 0)).toBe(true);
    expect(limiter.mayTry(address, 'x', 0)).toBe(true);
  });

  test('however it fails, is looked at 26 times a minute at most', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2000), { minLength: 100, maxLength: 3000 }), (pauses) => {
        const limiter = new DoorLimiter();
        const looked: number[] = [];
        let nowMs = 0;
        for (const pause of pauses) {
          nowMs += pause;
          if (!limiter.mayTry(address, 'x', nowMs)) continue;
          looked.push(nowMs);
          limiter.failed(address, nowMs);
        }
        // Twenty, and one after each wait of 1, 2, 4, 8, 16 and 32 seconds.
        const inMinute = (fromMs: number) =>
          looked.filter((atMs) => atMs >= fromMs && atMs < fromMs + minuteMs).length;
        expect(Math.max(0, ...looked.map(inMinute))).toBeLessThanOrEqual(26);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a name that was let in from an address', () => {
  test('is looked at while the address is held back, but only from there', () => {
    const limiter = new DoorLimiter();
    limiter.succeeded(address, 'acme/press-1');
    for (let i = 0; i < 20; i++) limiter.failed(address, 0);
    expect(limiter.mayTry(address, 'acme/press-1', 0)).toBe(true);
    expect(limiter.mayTry(address, 'acme/press-2', 0)).toBe(false);
    for (let i = 0; i < 20; i++) limiter.failed('198.51.100.1', 0);
    expect(limiter.mayTry('198.51.100.1', 'acme/press-1', 0)).toBe(false);
  });

  test('that is wrong by now does not prolong the wait of the others', () => {
    const limiter = new DoorLimiter();
    limiter.succeeded(address, 'acme/press-1');
    for (let i = 0; i < 20; i++) limiter.failed(address, 0);
    for (let i = 0; i < 1000; i++) limiter.failed(address, 500);
    expect(limiter.mayTry(address, 'acme/press-2', 1000)).toBe(true);
  });

  test('is forgotten when there are too many', () => {
    const limiter = new DoorLimiter({ namesMax: 2 });
    for (const name of ['a', 'b', 'a', 'c']) limiter.succeeded(address, name);
    for (let i = 0; i < 20; i++) limiter.failed(address, 0);
    const known = ['a', 'b', 'c'].filter((name) => limiter.mayTry(address, name, 0));
    expect(known).toEqual(['a', 'c']);
  });
});

test('addresses are bounded: the one that failed longest ago is forgotten', () => {
  const limiter = new DoorLimiter({ addressesMax: 3 });
  for (const from of ['a', 'b', 'c', 'd']) for (let i = 0; i < 20; i++) limiter.failed(from, i);
  const held = ['a', 'b', 'c', 'd'].filter((from) => !limiter.mayTry(from, 'x', 100));
  expect(held).toEqual(['b', 'c', 'd']);
});

test('ten thousand wrong log-ins are few look-ups, and a device beside them comes and goes', async () => {
  const world = await World.start();
  world.add('acme.press-1');
  expect((await world.connect('press-1')).code).toBe(0);
  const codes = new Map<number | null, number>();
  let reconnects = 0;
  for (let i = 0; i < 200; i++) {
    const batch = Array.from({ length: 50 }, async (_, j) => {
      const { client, code } = await world.connect(`press-${(i * 50 + j) % 77}`, 'wrong');
      codes.set(code, (codes.get(code) ?? 0) + 1);
      client.close();
    });
    await Promise.all(batch);
    if (i % 20 !== 0) continue;
    const { client, code } = await world.connect('press-1', secret);
    if (code === 0) reconnects++;
    client.close();
  }
  expect(reconnects).toBe(10);
  expect((codes.get(3) ?? 0) + (codes.get(4) ?? 0)).toBe(10_000);
  const { refusals } = world.source.stats();
  // The name that is known to be right is looked at whoever presents it: 1 in 77 of these.
  const ofUnknown = world.lookUps.filter((key) => key !== 'acme.press-1').length;
  expect(ofUnknown).toBeLessThanOrEqual(30);
  expect(refusals['connect.too-many-failures']).toBe(codes.get(3));
});
