/**
 * Onboarding over a real registry, with workers that only listen. Injected: sessions in several
 * workers, rows, claims asked for twice and in masses, changes that race with what became due.
 */

import { describe, expect, onTestFinished, test } from 'vitest';
import type { ToldDeviceEvent } from '../../../gateway/device-events/device-event.ts';
import { EventHub } from '../../../gateway/device-events/event-hub.ts';
import { fromFailure, type SessionChange, type ToWorker } from '../../../gateway/messages.ts';
import { GatewayOnboarding } from '../../../gateway/onboarding/gateway-onboarding.ts';
import { offlineOnboarding } from '../../../gateway/onboarding/offline-onboarding.ts';
import type { ProvisionAnswer, Question } from '../../../gateway/onboarding/questions.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { failureOf, openEmpty } from '../registry/open.ts';

const minuteMs = 60_000;

async function setUp(settings: { sessionsMax?: number } = {}) {
  const clock = new VirtualClock();
  const { registry } = openEmpty(clock);
  const told: [number | 'all', ToWorker][] = [];
  const hub = new EventHub({ clock, watch: () => {} });
  const onboarding = new GatewayOnboarding({
    registry,
    clock,
    log: { warn: () => {} },
    events: hub,
    workers: {
      send: (worker, message) => told.push([worker, message]),
      broadcast: (message) => told.push(['all', message]),
    },
    storeAway: () => false,
    settings: {
      inactiveAfterMs: 15 * minuteMs,
      credentialUnusedMsMax: 60 * minuteMs,
      sessionsMax: 100,
      ...settings,
    },
  });
  onTestFinished(() => hub.close());
  const add = async (device: string) => {
    await registry.add({ enterprise: 'acme', device, profile: 'cnc-machining-centre' });
    onboarding.directoryChanged([`acme.${device}`]);
    await clock.advanceAsync(10);
  };
  const opened = (number: number, subject: string): SessionChange => ({
    opened: number,
    kind: 'device',
    enterprise: 'acme',
    subject,
  });
  const sessions = (worker: number, ...changes: SessionChange[]) =>
    onboarding.hear(worker, { type: 'sessions', changes });
  const stateOf = async (device: string) => (await registry.get('acme', device))?.state;
  let asked = 0;
  /** A worker's question, and its answer. */
  const ask = async (question: Question): Promise<unknown> => {
    const id = ++asked;
    onboarding.hear(0, { type: 'ask', id, question });
    for (let tries = 0; tries < 100; tries++) {
      const found = told.find(([, message]) => message.type === 'answer' && message.id === id);
      if (found?.[1].type === 'answer') {
        const { answer, failure } = found[1];
        if (failure !== null) throw fromFailure(failure);
        return answer;
      }
      await clock.advanceAsync(5);
    }
    throw new Error('no answer');
  };
  onboarding.start();
  await clock.advanceAsync(100);
  return { add, ask, clock, hub, onboarding, opened, registry, sessions, stateOf, told };
}

const change = { enterprise: 'acme', device: 'd1', cause: 'a test', actor: 'operator' } as const;

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
      { type: 'shut-out', subjects: [{ key: 'acme.d1', code: 'device.suspended' }] },
    ]);
    told.splice(0);
    expect((await onboarding.change({ ...change, event: 'resume' })).state).toBe('registered');
    expect(told).toEqual([]);
    await onboarding.change({ ...change, event: 'revoke' });
    expect(told).toMatchObject([['all', { subjects: [{ code: 'device.revoked' }] }]]);
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
    expect(told).toEqual([]);
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

  test('a session that is reported after it is shut out too', async () => {
    const { add, onboarding, opened, sessions, told } = await setUp();
    await add('d1');
    await onboarding.change({ ...change, event: 'suspend' });
    told.splice(0);
    sessions(1, opened(1, 'd1'));
    expect(told).toEqual([
      ['all', { type: 'shut-out', subjects: [{ key: 'acme.d1', code: 'device.suspended' }] }],
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
    const ends = told.filter(([, message]) => message.type === 'end-sessions');
    expect(ends).toEqual([
      [0, { type: 'end-sessions', sessions: [{ number: 1, code: 'session.taken-over' }] }],
      [
        1,
        { type: 'end-sessions', sessions: [{ number: 2, code: 'enterprise.sessions-exceeded' }] },
      ],
    ]);
    await registry.addEnterprise({ id: 'acme', limits: { sessionsMax: 1 } });
    told.splice(0);
    onboarding.limitsChanged('acme');
    await clock.advanceAsync(10);
    expect(told).toEqual([
      ['all', { type: 'limits', enterprise: 'acme' }],
      [
        1,
        { type: 'end-sessions', sessions: [{ number: 1, code: 'enterprise.sessions-exceeded' }] },
      ],
    ]);
  });

  test('sessions whose credential was changed end everywhere', async () => {
    const { onboarding, told } = await setUp();
    onboarding.identityChanged(Array.from({ length: 12_000 }, (_, i) => `acme.d${i}`));
    const sizes = told.map(([, message]) =>
      message.type === 'shut-out' ? message.subjects.length : 0,
    );
    expect(sizes).toEqual([5000, 5000, 2000]);
  });
});

describe('a machine that claims', () => {
  const question = (serial: string): Question => ({
    kind: 'provision',
    enterprise: 'acme',
    claim: 'batch',
    serial,
    profile: 'cnc-machining-centre',
  });

  async function withClaim() {
    const world = await setUp();
    const expiresAtMs = world.clock.nowMs() + 1000 * minuteMs;
    const claim = { enterprise: 'acme', id: 'batch', expiresAtMs, devicesMax: 5000 };
    await world.registry.claims.issue(claim, 'operator');
    return world;
  }

  test('is told its credential, the same again until it has used it, and never after', async () => {
    const { ask, clock, onboarding, opened, registry, sessions } = await withClaim();
    const first = (await ask(question('sn-1'))) as ProvisionAnswer;
    expect(first).toMatchObject({
      clientId: 'acme.sn-1',
      username: 'acme/sn-1',
      topic: 'onramp/v1/acme/sn-1/telemetry',
    });
    expect(JSON.parse(first.sample)).toHaveProperty('values');
    await clock.advanceAsync(5 * minuteMs);
    expect(await ask(question('sn-1'))).toEqual(first);
    const stored = await registry.device('acme', 'sn-1');
    expect(stored?.secretHash).toEqual(secretHash(first.password));
    expect(onboarding.counts()?.city.production.registered).toBe(1);
    sessions(0, opened(1, 'sn-1'));
    await clock.advanceAsync(300);
    await expect(ask(question('sn-1'))).rejects.toMatchObject({ code: 'claim.serial-taken' });
  });

  test('later than ten minutes it is told another one', async () => {
    const { ask, clock } = await withClaim();
    const first = (await ask(question('sn-1'))) as ProvisionAnswer;
    await clock.advanceAsync(11 * minuteMs);
    const second = (await ask(question('sn-1'))) as ProvisionAnswer;
    expect(second.password).not.toBe(first.password);
  });

  test('many at once are all answered, each with its own, those refused with their reason', async () => {
    const { ask } = await withClaim();
    const serials = Array.from({ length: 1200 }, (_, i) => `sn-${i}`);
    const answers = await Promise.all([
      ...serials.map((serial) => ask(question(serial))),
      failureOf(ask({ ...question('sn-x'), claim: 'other' } as Question)),
    ]);
    expect(answers.pop()).toMatchObject({ code: 'claim.invalid' });
    const told = answers as ProvisionAnswer[];
    expect(new Set(told.map(({ password }) => password)).size).toBe(1200);
    expect(told.map(({ clientId }) => clientId)).toEqual(serials.map((serial) => `acme.${serial}`));
  });

  test('a credential that is not used in time is void', async () => {
    const { ask, clock, stateOf } = await withClaim();
    await ask(question('sn-1'));
    expect(await stateOf('sn-1')).toBe('provisioned');
    await clock.advanceAsync(61 * minuteMs);
    expect(await stateOf('sn-1')).toBe('expired');
  });
});
