import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DeviceLife,
  type DeviceState,
  lifeEvents,
  newLife,
  transition,
} from '../../../model/device.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import { change, register, wholeTrail } from './life-world.ts';
import { failureOf, openEmpty } from './open.ts';

describe('changes', () => {
  it('happen in their order, and each is in the audit trail with time, cause and actor', async () => {
    const { registry, reader } = openEmpty();
    await register(registry, 1);
    const worker = reader();
    const outcomes = await registry.lives.apply([
      change('d00001', 'connect', 10),
      change('d00001', 'store', 20),
      { ...change('d00001', 'suspend', 30), actor: 'token:abc', cause: 'it is too loud' },
    ]);
    expect(outcomes.map((outcome) => outcome && [outcome.from, outcome.to])).toEqual([
      ['registered', 'connected'],
      ['connected', 'active'],
      ['active', 'suspended'],
    ]);
    expect(await worker.device('acme', 'd00001')).toMatchObject({ state: 'suspended' });
    const trail = await wholeTrail(registry, { enterprise: 'acme', device: 'd00001' }, 10);
    expect(trail[0]).toEqual({
      id: expect.any(Number),
      atMs: 30,
      enterprise: 'acme',
      device: 'd00001',
      event: 'suspend',
      from: 'active',
      to: 'suspended',
      cause: 'it is too loud',
      actor: 'token:abc',
    });
    expect(trail.slice(1, 3).map((entry) => entry.event)).toEqual(['store', 'connect']);
  });

  it('leave no trace where the device is unknown or the event is not allowed', async () => {
    const { registry } = openEmpty();
    await register(registry, 1);
    const before = await wholeTrail(registry, {}, 100);
    const outcomes = await registry.lives.apply([
      change('nobody', 'connect'),
      change('d00001', 'resume'),
      { ...change('d00001', 'connect'), enterprise: 'bolt' },
    ]);
    expect(outcomes).toEqual([null, null, null]);
    expect(await wholeTrail(registry, {}, 100)).toEqual(before);
    expect(await registry.lives.apply([])).toEqual([]);
  });

  it('note when the first row was stored, once, and when the last one was', async () => {
    const { registry } = openEmpty();
    await register(registry, 1);
    await registry.lives.apply([
      change('d00001', 'store', 100),
      change('d00001', 'silence', 200),
      change('d00001', 'store', 300),
    ]);
    const times = async () => {
      const { activatedAtMs, lastRowAtMs } = (await registry.get('acme', 'd00001'))!;
      return [activatedAtMs, lastRowAtMs];
    };
    expect(await times()).toEqual([100, 300]);
    const rows = [
      { enterprise: 'acme', device: 'd00001', atMs: 500 },
      { enterprise: 'acme', device: 'd00001', atMs: 400 },
      { enterprise: 'acme', device: 'nobody', atMs: 400 },
    ];
    const before = await wholeTrail(registry, {}, 100);
    await registry.lives.noteRows(rows);
    expect(await times()).toEqual([100, 500]);
    expect(await wholeTrail(registry, {}, 100)).toEqual(before);
  });

  it('follow the state machine, whatever comes: the file says what the model says', async () => {
    const { registry } = openEmpty();
    await register(registry, 30);
    let next = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...lifeEvents), { minLength: 1, maxLength: 25 }),
        async (events) => {
          next += 1;
          const device = `d${String(next).padStart(5, '0')}`;
          let life: DeviceLife = newLife;
          const expected = events.map((event) => {
            const to = transition(life, event);
            const from: DeviceState = life.state;
            life = to ?? life;
            return to && { from, to: to.state };
          });
          const outcomes = await registry.lives.apply(events.map((each) => change(device, each)));
          expect(outcomes.map((each) => each && { from: each.from, to: each.to })).toEqual(
            expected,
          );
          expect((await registry.get('acme', device))!.state).toBe(life.state);
          const trail = await wholeTrail(registry, { enterprise: 'acme', device }, 7);
          const transitions = trail.filter((entry) => entry.cause.startsWith('because'));
          expect(transitions.map(({ from, to }) => ({ from, to })).reverse()).toEqual(
            expected.filter((each) => each !== null),
          );
        },
      ),
      { numRuns: 30, endOnFailure: true },
    );
  });

  it('cut a cause that is too long', async () => {
    const { registry } = openEmpty();
    await register(registry, 1);
    const long = { ...change('d00001', 'suspend'), cause: 'x'.repeat(1000) };
    await registry.lives.apply([long]);
    const [entry] = await wholeTrail(registry, {}, 1);
    expect(entry!.cause).toHaveLength(limits.textCharsMax);
  });
});

describe('loading', () => {
  it('pages through every device and gateway in the order of keys', async () => {
    const { registry } = openEmpty();
    await register(registry, 40);
    await registry.add({ enterprise: 'acme', device: 'edge', kind: 'gateway' });
    await registry.add({
      enterprise: 'bolt',
      device: 'a',
      profile: 'agv',
      district: 'wujin',
      industry: '34',
    });
    await registry.lives.apply([{ ...change('a', 'store', 77), enterprise: 'bolt' }]);
    const all = await registry.lives.rows({ limit: limits.lifeRowsMax });
    expect(all.next).toBeNull();
    expect(all.items).toHaveLength(42);
    expect(all.items.at(-1)).toEqual({
      enterprise: 'bolt',
      device: 'a',
      kind: 'device',
      profile: 'agv',
      district: 'wujin',
      industry: '34',
      gateway: null,
      state: 'active',
      activatedAtMs: 77,
      lastRowAtMs: 77,
    });
    for (const limit of [1, 7, 41, 42]) {
      const found = [];
      let after: string | undefined;
      do {
        const page = await registry.lives.rows({ after, limit });
        found.push(...page.items);
        after = page.next ?? undefined;
      } while (after !== undefined);
      expect(found).toEqual(all.items);
    }
  });

  it('refuses a page that is none', async () => {
    const { registry } = openEmpty();
    const pages = [{ limit: 0 }, { limit: limits.lifeRowsMax + 1 }, { limit: 1, after: 'x' }];
    for (const page of pages) {
      expect((await failureOf(registry.lives.rows(page))).code).toBe('api.bad-request');
    }
  });
});

describe('credentials that nobody used', () => {
  it('are void after their time, and their devices expired; all others are left alone', async () => {
    const { registry } = openEmpty();
    const old = { enterprise: 'acme', device: 'old', profile: 'generic' };
    const issued = await registry.add(old);
    const kept = new Map([['old', issued.secret]]);
    for (const device of ['recent', 'used', 'registered', 'suspended']) {
      kept.set(device, (await registry.add({ ...old, device })).secret);
    }
    const claimed = ['old', 'recent', 'used', 'suspended'];
    await registry.lives.apply(claimed.map((device) => change(device, 'claim', 90)));
    await registry.lives.apply([
      change('old', 'issue', 99),
      change('recent', 'issue', 100),
      change('used', 'issue', 90),
      change('suspended', 'issue', 90),
      change('used', 'connect', 95),
      change('suspended', 'suspend', 95),
    ]);
    const expired = await registry.lives.expireUnused(100, 500);
    expect(expired.map(({ device, from, to, atMs }) => [device, from, to, atMs])).toEqual([
      ['old', 'provisioned', 'expired', 500],
    ]);
    for (const [device, secret] of kept) {
      const { secretHash: hash } = (await registry.device('acme', device))!;
      expect(hash.equals(secretHash(secret))).toBe(device !== 'old');
    }
    expect(await registry.lives.expireUnused(100, 600)).toEqual([]);
    const [entry] = await wholeTrail(registry, { enterprise: 'acme', device: 'old' }, 1);
    expect(entry).toMatchObject({ event: 'expire', actor: 'system', atMs: 500 });
  });

  it('expire however many they are', async () => {
    const { registry } = openEmpty();
    await register(registry, 2345);
    const { items } = await registry.lives.rows({ limit: 5000 });
    await registry.lives.apply(
      items.flatMap(({ device }) => [change(device, 'claim', 1), change(device, 'issue', 2)]),
    );
    expect(await registry.lives.expireUnused(3, 4)).toHaveLength(2345);
    const after = await registry.lives.rows({ limit: 5000 });
    expect(after.items.every((row) => row.state === 'expired')).toBe(true);
  });
});
