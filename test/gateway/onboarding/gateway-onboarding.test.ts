/**
 * Injected: sessions in several workers, rows, a store that is away, a registry that is busy or
 * fails, changes that race with what became due.
 */

import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { ToldDeviceEvent } from '../../../gateway/device-events/device-event.ts';
import { offlineOnboarding } from '../../../gateway/onboarding/offline-onboarding.ts';
import { OnrampError } from '../../../model/errors.ts';
import { failureOf } from '../registry/open.ts';
import { change, minuteMs, setUp, shutOuts } from './onboarding-world.ts';

describe('the life of a device', () => {
  test('goes by its sessions and rows, is written and counted', async () => {
    const { add, clock, hub, onboarding, opened, registry, sessions, stateOf } = await setUp();
    await add('d1');
    hub.keep('acme.d1');
    sessions(0, opened(1, 'd1'));
    await clock.advanceAsync(300);
    expect(await stateOf('d1')).toBe('connected');
    onboarding.rowsStored(['acme.d1']);
    await clock.advanceAsync(300);
    expect(await registry.get('acme', 'd1')).toMatchObject({
      state: 'active',
      activatedAtMs: expect.any(Number),
      lastRowAtMs: expect.any(Number),
    });
    const all = { registered: 1, activated: 1, connected: 1, online: 1 };
    expect(onboarding.counts()?.city.production).toEqual(all);
    expect(onboarding.isOnline('acme', 'd1')).toBe(true);
    const kinds = hub.recent('acme.d1').map(({ kind, detail }: ToldDeviceEvent) => [kind, detail]);
    expect(kinds).toEqual([
      ['state', 'connected'],
      ['first-row', ''],
      ['state', 'active'],
    ]);
    onboarding.workerGone(0);
    expect(onboarding.isOnline('acme', 'd1')).toBe(false);
    await clock.advanceAsync(16 * minuteMs);
    expect(await stateOf('d1')).toBe('inactive');
    const audit = await registry.lives.audit({ enterprise: 'acme', device: 'd1' }, { limit: 10 });
    const [silence, store, connect] = audit.items;
    expect([silence?.event, store?.event, connect?.event]).toEqual(['silence', 'store', 'connect']);
  });

  test('nobody is silent while rows cannot be stored', async () => {
    const { add, clock, onboarding, stateOf, store } = await setUp();
    await add('d1');
    onboarding.rowsStored(['acme.d1']);
    await clock.advanceAsync(300);
    store.away = true;
    await clock.advanceAsync(60 * minuteMs);
    expect(await stateOf('d1')).toBe('active');
    store.away = false;
    await clock.advanceAsync(14 * minuteMs);
    expect(await stateOf('d1')).toBe('active');
    await clock.advanceAsync(2 * minuteMs);
    expect(await stateOf('d1')).toBe('inactive');
  });

  test('what is not yet written is when it has stopped, and a new start knows it', async () => {
    const { add, clock, onboarding, registry } = await setUp();
    await add('d1');
    onboarding.rowsStored(['acme.d1']);
    await clock.advanceAsync(300);
    const { lastRowAtMs } = (await registry.get('acme', 'd1'))!;
    await clock.advanceAsync(5 * minuteMs);
    onboarding.rowsStored(['acme.d1']);
    expect((await registry.get('acme', 'd1'))!.lastRowAtMs).toBe(lastRowAtMs);
    await onboarding.stop();
    expect((await registry.get('acme', 'd1'))!.lastRowAtMs).toBeGreaterThan(lastRowAtMs!);
  });

  test('the directory is read in the background; who is online stays so', async () => {
    const { clock, onboarding, opened, registry, sessions } = await setUp();
    const import1200 = async function* () {
      for (let row = 1; row <= 1200; row++) {
        yield { row, enterprise: 'acme', device: `d${row}`, profile: 'env-sensor' };
      }
    };
    sessions(0, opened(1, 'd1'));
    await registry.importDevices(import1200());
    onboarding.directoryChanged();
    for (let i = 0; i < 20; i++) await clock.advanceAsync(100);
    expect(onboarding.countsOf('acme')?.other.registered).toBe(1200);
    expect(onboarding.isOnline('acme', 'd1')).toBe(true);
  });
});

describe('a change', () => {
  test('is durable and every worker is told before it is answered', async () => {
    const { add, onboarding, stateOf, told } = await setUp();
    await add('d1');
    const entry = await onboarding.change({ ...change, event: 'suspend' });
    expect([entry.state, await stateOf('d1')]).toEqual(['suspended', 'suspended']);
    expect(told).toContainEqual([
      'all',
      { type: 'shut-out', code: 'device.suspended', keys: ['acme.d1'] },
    ]);
    told.splice(0);
    expect((await onboarding.change({ ...change, event: 'resume' })).state).toBe('registered');
    expect(told).toEqual([]);
    await onboarding.change({ ...change, event: 'revoke' });
    expect(new Set(shutOuts(told, 'acme.d1'))).toEqual(new Set(['device.revoked']));
    expect(onboarding.counts()?.city.production.registered).toBe(0);
  });

  test('of nobody, or in the wrong state, is refused with the state', async () => {
    const { add, onboarding, told } = await setUp();
    const nobody = onboarding.change({ ...change, event: 'suspend' });
    expect((await failureOf(nobody)).code).toBe('registry.not-found');
    await add('d1');
    const resumed = onboarding.change({ ...change, event: 'resume' });
    expect(await failureOf(resumed)).toMatchObject({
      code: 'device.state-not-allowed',
      details: ['acme.d1: registered'],
    });
    expect(shutOuts(told, 'acme.d1')).toEqual(['device.suspended', 'device.suspended']);
  });

  test('takes along what became due before it, and nothing brings the device back', async () => {
    const { add, clock, onboarding, opened, registry, sessions, stateOf } = await setUp();
    await add('d1');
    sessions(0, opened(1, 'd1'));
    onboarding.rowsStored(['acme.d1']);
    await onboarding.change({ ...change, event: 'suspend' });
    expect(await registry.get('acme', 'd1')).toMatchObject({
      state: 'suspended',
      activatedAtMs: expect.any(Number),
    });
    onboarding.rowsStored(['acme.d1']);
    await clock.advanceAsync(1000);
    expect(await stateOf('d1')).toBe('suspended');
    expect(onboarding.counts()?.city.production.activated).toBe(1);
  });

  test('while the registry is busy the device is kept out, again and again until it is written', async () => {
    const { add, clock, onboarding, registry, told } = await setUp();
    await add('d1');
    const { apply } = registry.lives;
    let free = () => {};
    const busy = new Promise<void>((resolve) => {
      free = resolve;
    });
    registry.lives.apply = async (changes) => {
      await busy;
      return apply.call(registry.lives, changes);
    };
    const suspended = onboarding.change({ ...change, event: 'suspend' });
    expect(shutOuts(told, 'acme.d1')).toEqual(['device.suspended']);
    await clock.advanceAsync(3000);
    expect(shutOuts(told, 'acme.d1')).toHaveLength(11);
    free();
    expect((await suspended).state).toBe('suspended');
    expect(shutOuts(told, 'acme.d1')).toHaveLength(12);
    await clock.advanceAsync(3000);
    expect(shutOuts(told, 'acme.d1')).toHaveLength(12);
  });

  test('of many at once shuts all out first, and is written in parts that others come between', async () => {
    const { add, clock, onboarding, opened, registry, sessions, told } = await setUp();
    const rows = Array.from({ length: 2500 }, (_, n) => ({
      ...{ row: n, enterprise: 'acme', device: `m${n}`, profile: 'cnc-machining-centre' },
    }));
    await registry.importDevices(Readable.from(rows));
    await add('d1');
    onboarding.directoryChanged();
    await clock.advanceAsync(2000);
    await registry.lives.apply([{ ...change, device: 'm7', event: 'revoke', atMs: clock.nowMs() }]);
    sessions(0, opened(1, 'm1'), opened(2, 'm2400'));
    const { apply } = registry.lives;
    const parts: number[] = [];
    registry.lives.apply = (changes) => {
      if (parts.push(changes.length) === 1) {
        expect(shutOuts(told, 'acme.m2400')).toEqual(['device.suspended']);
      }
      return apply.call(registry.lives, changes);
    };
    const wanted = [...rows.map(({ device }) => device), 'none'].map((device) => ({
      ...{ ...change, device, event: 'suspend' as const },
    }));
    const done = await onboarding.changeMany(wanted);
    // Two connected and were not written yet.
    expect(parts).toEqual([1001, 1000, 502]);
    expect(done).toHaveLength(2499);
    expect(done.map(({ device }) => device)).not.toContain('m7');
    expect(new Set(done.map(({ to }) => to))).toEqual(new Set(['suspended']));
    expect(shutOuts(told, 'acme.m2400')).toEqual(['device.suspended', 'device.suspended']);
    expect(await registry.get('acme', 'm2400')).toMatchObject({ state: 'suspended' });
    const { items } = await registry.lives.audit(
      { enterprise: 'acme', device: 'm2400' },
      { limit: 3 },
    );
    expect(items.map(({ event }) => event)).toEqual(['suspend', 'connect', 'register']);
    sessions(1, opened(1, 'm2'));
    expect(shutOuts(told, 'acme.m2')).toHaveLength(3);
  });

  test('of many that cannot be written loses nothing that became due, and can be stopped', async () => {
    const { add, clock, onboarding, opened, registry, sessions, stateOf } = await setUp();
    await add('d1');
    sessions(0, opened(1, 'd1'));
    const { apply } = registry.lives;
    registry.lives.apply = () => Promise.reject(new OnrampError('database.unavailable'));
    const many = [{ ...change, event: 'suspend' as const }];
    expect((await failureOf(onboarding.changeMany(many))).code).toBe('database.unavailable');
    registry.lives.apply = apply.bind(registry.lives);
    const stopped = onboarding.changeMany(many, AbortSignal.abort(new Error('stopping')));
    await expect(stopped).rejects.toThrow('stopping');
    await clock.advanceAsync(1000);
    expect(await stateOf('d1')).toBe('connected');
  });

  test('that cannot be written, or is not allowed, loses nothing that became due before it', async () => {
    const { add, clock, hub, onboarding, opened, registry, sessions } = await setUp();
    await add('d1');
    hub.keep('acme.d1');
    const { apply } = registry.lives;
    registry.lives.apply = () => Promise.reject(new OnrampError('database.unavailable'));
    sessions(0, opened(1, 'd1'));
    onboarding.rowsStored(['acme.d1']);
    const failed = failureOf(onboarding.change({ ...change, event: 'suspend' }));
    expect((await failed).code).toBe('database.unavailable');
    registry.lives.apply = apply.bind(registry.lives);
    const refused = failureOf(onboarding.change({ ...change, event: 'resume' }));
    expect((await refused).code).toBe('device.state-not-allowed');
    expect(hub.recent('acme.d1').map(({ kind, detail }) => `${kind} ${detail}`)).toEqual([
      'state connected',
      'first-row ',
      'state active',
    ]);
    await clock.advanceAsync(1000);
    expect(await registry.get('acme', 'd1')).toMatchObject({ state: 'active' });
    expect(onboarding.counts()?.city.production.activated).toBe(1);
  });

  test('a session that is reported after it is shut out too', async () => {
    const { add, onboarding, opened, sessions, told } = await setUp();
    await add('d1');
    await onboarding.change({ ...change, event: 'suspend' });
    told.splice(0);
    sessions(1, opened(1, 'd1'));
    expect(told).toEqual([
      ['all', { type: 'shut-out', code: 'device.suspended', keys: ['acme.d1'] }],
    ]);
  });

  test('works the same on the registry alone, where nobody can be told', async () => {
    const { add, clock, registry, stateOf } = await setUp();
    await add('d1');
    const offline = offlineOnboarding(registry, clock);
    await offline.change({ ...change, event: 'suspend' });
    expect(await stateOf('d1')).toBe('suspended');
    const again = failureOf(offline.change({ ...change, event: 'suspend' }));
    expect((await again).code).toBe('device.state-not-allowed');
    expect([offline.counts(), offline.isOnline('acme', 'd1'), offline.events]).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe('workers', () => {
  test('only the loser of a client id is told; limits of an enterprise hold across them', async () => {
    const { clock, onboarding, opened, registry, sessions, told } = await setUp({ sessionsMax: 2 });
    sessions(0, opened(1, 'd1'), opened(2, 'd2'));
    sessions(1, opened(1, 'd1'), opened(2, 'd3'));
    expect(told).toEqual([]);
    await clock.advanceAsync(1);
    const ends = told.filter(([, message]) => message.type === 'end-sessions');
    expect(ends).toEqual([
      [0, { type: 'end-sessions', code: 'session.taken-over', numbers: [1] }],
      [1, { type: 'end-sessions', code: 'enterprise.sessions-exceeded', numbers: [2] }],
    ]);
    await registry.addEnterprise({ id: 'acme', limits: { sessionsMax: 1 } });
    told.splice(0);
    onboarding.limitsChanged('acme');
    await clock.advanceAsync(10);
    expect(told).toEqual([
      ['all', { type: 'limits', enterprise: 'acme' }],
      [1, { type: 'end-sessions', code: 'enterprise.sessions-exceeded', numbers: [1] }],
    ]);
  });

  test('sessions whose credential was changed end everywhere', async () => {
    const { onboarding, told } = await setUp();
    onboarding.identityChanged(Array.from({ length: 12_000 }, (_, i) => `acme.d${i}`));
    const sizes = told.map(([, message]) =>
      message.type === 'shut-out' ? message.keys.length : 0,
    );
    expect(sizes).toEqual([5000, 5000, 2000]);
  });

  test('devices of a revoked group key are told of as suspended, until they are resumed', async () => {
    const { ask, clock, hub, onboarding, registry, stateOf, told } = await setUp();
    const profile = 'cnc-machining-centre';
    await registry.groupKeys.create({ enterprise: 'acme', id: 'line', profile }, 'operator');
    const secret = 'a secret of at least twenty characters';
    hub.keep('acme.d1');
    await ask({ kind: 'enrol', enterprise: 'acme', group: 'line', device: 'd1', secret });
    onboarding.rowsStored(['acme.d1']);
    await clock.advanceAsync(2000);
    expect(await stateOf('d1')).toBe('active');
    await registry.groupKeys.revoke('acme', 'line', 'operator');
    onboarding.identityChanged(['acme.d1'], 'device.suspended');
    await clock.advanceAsync(100);
    expect(shutOuts(told, 'acme.d1')).toEqual(['device.suspended']);
    const states = () =>
      hub.recent('acme.d1').flatMap((event) => (event.kind === 'state' ? [event.detail] : []));
    expect(states().at(-1)).toBe('suspended');
    await registry.resetSecret('acme', 'd1');
    await onboarding.change({ ...change, event: 'resume' });
    expect(await stateOf('d1')).toBe('inactive');
    expect(states().at(-1)).toBe('inactive');
  });
});
