/** Wrong log-ins are held back; the devices behind the same address that are right are not. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DoorLimiter } from '../../../gateway/sources/door-limiter.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import { secret, World } from './mqtt-world.ts';

const minuteMs = 60_000;
const address = '192.0.2.7';
const { loginLookUpsBurstMax: burst, loginLookUpsPerSecondMax: perSecond } = limits;

/** Logs in wrongly every `everyMs`, as `nameAt` says; answers when it was looked at. */
function attack(
  limiter: DoorLimiter,
  untilMs: number,
  everyMs: number,
  nameAt: (nowMs: number) => string = () => 'acme/broken',
): number[] {
  const lookedAtMs: number[] = [];
  for (let nowMs = 0; nowMs < untilMs; nowMs += everyMs) {
    const name = nameAt(nowMs);
    if (!limiter.mayTry(address, name, nowMs)) continue;
    lookedAtMs.push(nowMs);
    limiter.failed(address, name, nowMs);
  }
  return lookedAtMs;
}

const otherName = (nowMs: number) => `acme/press-${nowMs}`;

describe('a name', () => {
  test('may fail five times, then waits a second, and twice as long each time up to a minute', () => {
    const looked = attack(new DoorLimiter(), 6 * minuteMs, 10);
    expect(looked.slice(0, 5)).toEqual([0, 10, 20, 30, 40]);
    const waits = looked.slice(4).flatMap((atMs, i, all) => (i > 0 ? [atMs - all[i - 1]!] : []));
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map((s) => s * 1000));
  });

  test('does not matter to another, nor to itself from elsewhere', () => {
    const limiter = new DoorLimiter();
    attack(limiter, 1000, 10);
    expect(limiter.mayTry(address, 'acme/broken', 1000)).toBe(false);
    expect(limiter.mayTry(address, 'acme/press-1', 1000)).toBe(true);
    expect(limiter.mayTry('198.51.100.1', 'acme/broken', 1000)).toBe(true);
  });

  test('that is right after its wait begins anew, and so does one that has been quiet', () => {
    const limiter = new DoorLimiter();
    for (let i = 0; i < 6; i++) limiter.failed(address, 'x', 0);
    expect([1999, 2000].map((atMs) => limiter.mayTry(address, 'x', atMs))).toEqual([false, true]);
    limiter.succeeded(address, 'x');
    for (let i = 0; i < 4; i++) limiter.failed(address, 'x', 2000);
    expect(limiter.mayTry(address, 'x', 2000)).toBe(true);
    limiter.failed(address, 'x', 2000 + 2 * minuteMs);
    expect(limiter.mayTry(address, 'x', 2000 + 2 * minuteMs)).toBe(true);
  });

  test('of any length costs little, and is not taken for another', () => {
    const limiter = new DoorLimiter();
    const [long, longer] = ['x'.repeat(60_000), 'x'.repeat(60_001)];
    for (let i = 0; i < 5; i++) limiter.failed(address, long, 0);
    expect([long, longer].map((name) => limiter.mayTry(address, name, 0))).toEqual([false, true]);
  });

  test('is forgotten when there are too many', () => {
    const limiter = new DoorLimiter({ failedNamesMax: 2 });
    for (const name of ['a', 'b', 'c'])
      for (let i = 0; i < 5; i++) limiter.failed(address, name, i);
    const held = ['a', 'b', 'c'].filter((name) => !limiter.mayTry(address, name, 10));
    expect(held).toEqual(['b', 'c']);
  });

  test('however it fails, is looked at a handful of times a minute', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2000), { minLength: 100, maxLength: 3000 }), (pauses) => {
        const limiter = new DoorLimiter();
        const looked: number[] = [];
        let nowMs = 0;
        for (const pause of pauses) {
          nowMs += pause;
          if (!limiter.mayTry(address, 'x', nowMs)) continue;
          looked.push(nowMs);
          limiter.failed(address, 'x', nowMs);
        }
        // Five, and one after each wait of 1, 2, 4, 8, 16 and 32 seconds.
        const inMinute = (fromMs: number) =>
          looked.filter((atMs) => atMs >= fromMs && atMs < fromMs + minuteMs).length;
        expect(Math.max(0, ...looked.map(inMinute))).toBeLessThanOrEqual(11);
      }),
      { numRuns: 50 },
    );
  });
});

describe('an address', () => {
  test('is never shut by a broken device, nor by a few: newcomers are looked at all the time', () => {
    const limiter = new DoorLimiter();
    let refused = 0;
    for (let nowMs = 0; nowMs < 10 * minuteMs; nowMs += 100) {
      const broken = `acme/broken-${(nowMs / 100) % 10}`;
      if (limiter.mayTry(address, broken, nowMs)) limiter.failed(address, broken, nowMs);
      if (!limiter.mayTry(address, `acme/new-${nowMs}`, nowMs)) refused++;
    }
    expect(refused).toBe(0);
  });

  test('from which a flood comes has a burst looked at, and then so many a second', () => {
    const looked = attack(new DoorLimiter(), 10_000, 1, otherName);
    expect(looked.length).toBeGreaterThanOrEqual(burst + 9 * perSecond);
    expect(looked.length).toBeLessThanOrEqual(burst + 10 * perSecond + 1);
    expect(looked.filter((atMs) => atMs >= 9000).length).toBeLessThanOrEqual(perSecond + 1);
  });

  test('that has been quiet begins anew', () => {
    const limiter = new DoorLimiter();
    for (let i = 0; i < burst; i++) limiter.failed(address, `x-${i}`, 1000);
    expect(limiter.mayTry(address, 'acme/new', 1000)).toBe(false);
    expect(limiter.mayTry(address, 'acme/new', 1000 + 1000 / perSecond)).toBe(true);
    const laterMs = 1000 + (burst / perSecond) * 1000;
    for (let i = 0; i < burst; i++) {
      expect(limiter.mayTry(address, `acme/x-${i}`, laterMs)).toBe(true);
      limiter.failed(address, `acme/x-${i}`, laterMs);
    }
    expect(limiter.mayTry(address, 'acme/new', laterMs)).toBe(false);
  });

  test('lets in the names it let in before, whatever else comes from there', () => {
    const limiter = new DoorLimiter();
    limiter.succeeded(address, 'acme/press-1');
    for (let i = 0; i < burst; i++) limiter.failed(address, `x-${i}`, 1000);
    expect(limiter.mayTry(address, 'acme/press-1', 1000)).toBe(true);
    expect(limiter.mayTry(address, 'acme/press-2', 1000)).toBe(false);
    limiter.succeeded('198.51.100.1', 'acme/press-3');
    expect(limiter.mayTry(address, 'acme/press-3', 1000)).toBe(false);
  });

  test('does not matter to another; a network of IPv6 is one', () => {
    const limiter = new DoorLimiter();
    for (let i = 0; i < burst; i++) limiter.failed(`2001:db8:1:2::${i}`, `x-${i}`, 0);
    expect(limiter.mayTry('2001:db8:1:2:ffff::1', 'x', 0)).toBe(false);
    expect(limiter.mayTry('2001:db8:1:3::1', 'x', 0)).toBe(true);
    expect(limiter.mayTry(address, 'x', 0)).toBe(true);
  });

  test('is forgotten when there are too many, and so are names that were let in', () => {
    const limiter = new DoorLimiter({ addressesMax: 3, namesMax: 2 });
    for (const name of ['a', 'b', 'a', 'c']) limiter.succeeded('z', name);
    for (const from of ['w', 'x', 'y', 'z']) {
      for (let i = 0; i < burst; i++) limiter.failed(from, `${i}`, 0);
    }
    const held = ['w', 'x', 'y', 'z'].filter((from) => !limiter.mayTry(from, 'new', 0));
    expect(held).toEqual(['x', 'y', 'z']);
    expect(['a', 'b', 'c'].filter((name) => limiter.mayTry('z', name, 0))).toEqual(['a', 'c']);
  });
});

describe('at the door', () => {
  /** Ten thousand wrong log-ins; the codes they were answered with. */
  async function flood(world: World, nameOf: (i: number) => string) {
    const codes = new Map<number | null, number>();
    for (let i = 0; i < 10_000; i += 50) {
      const batch = Array.from({ length: 50 }, async (_, j) => {
        const { client, code } = await world.connect(nameOf(i + j), 'wrong');
        codes.set(code, (codes.get(code) ?? 0) + 1);
        client.close();
      });
      await Promise.all(batch);
    }
    return codes;
  }

  test('ten thousand wrong log-ins of one name are few look-ups; others come and go', async () => {
    const world = await World.start();
    world.add('acme.press-1');
    for (let i = 0; i < 20; i++) world.add(`acme.new-${i}`);
    const flooded = flood(world, () => 'broken');
    for (let i = 0; i < 20; i++) {
      for (const name of ['press-1', `new-${i}`]) {
        const { client, code } = await world.connect(name, secret);
        expect(code).toBe(0);
        client.close();
      }
    }
    const codes = await flooded;
    expect((codes.get(3) ?? 0) + (codes.get(4) ?? 0)).toBe(10_000);
    const { refusals } = world.source.stats();
    expect(world.lookUps.filter((key) => key === 'acme.broken').length).toBeLessThanOrEqual(15);
    expect(refusals['connect.too-many-failures']).toBe(codes.get(3));
  });

  test('of ten thousand names they are a burst, and a device that was right comes and goes', async () => {
    const world = await World.start();
    world.add('acme.press-1');
    expect((await world.connect('press-1')).code).toBe(0);
    const startedMs = performance.now();
    const flooded = flood(world, (i) => `x-${i}`);
    for (let i = 0; i < 20; i++) {
      const { client, code } = await world.connect('press-1', secret);
      expect(code).toBe(0);
      client.close();
    }
    await flooded;
    const elapsedS = (performance.now() - startedMs) / 1000;
    const ofUnknown = world.lookUps.filter((key) => key !== 'acme.press-1').length;
    expect(ofUnknown).toBeGreaterThanOrEqual(burst);
    expect(ofUnknown).toBeLessThanOrEqual(burst + elapsedS * perSecond + 50);
  });

  test('a machine with a wrong claim holds back no other with that claim', async () => {
    const world = await World.start();
    world.claims.set('acme/batch', {
      ...{ enterprise: 'acme', id: 'batch', name: '', createdAtMs: 0, devicesMax: 9, devices: 0 },
      ...{ expiresAtMs: Number.MAX_SAFE_INTEGER, profile: null, serials: null, revokedAtMs: null },
      secretHash: secretHash(secret),
    });
    const claims = async (serial: string, password: string) => {
      const [clientId, username] = [`acme.claim.${serial}`, 'acme/claim/batch'];
      return (await world.open({ clientId, username, password: Buffer.from(password) })).code;
    };
    const codes: (number | null)[] = [];
    for (let i = 0; i < 8; i++) codes.push(await claims('sn-1', 'wrong'));
    expect(codes).toEqual([4, 4, 4, 4, 4, 3, 3, 3]);
    expect(await claims('sn-2', secret)).toBe(0);
  });
});
