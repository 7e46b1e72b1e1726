/** Injected: machines that ask twice, with two claims, in masses, and after they were let in. */

import { describe, expect, test } from 'vitest';
import { createDevelopmentCa } from '../../../gateway/commands/development-ca.ts';
import type { ToldDeviceEvent } from '../../../gateway/device-events/device-event.ts';
import type { ProvisionAnswer, Question } from '../../../gateway/onboarding/questions.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { failureOf } from '../registry/open.ts';
import { change, minuteMs, setUp, shutOuts } from './onboarding-world.ts';

describe('a machine that claims', () => {
  const question = (serial: string): Question => ({
    kind: 'provision',
    enterprise: 'acme',
    claim: 'batch',
    serial,
    profile: 'cnc-machining-centre',
  });

  const machine = { enterprise: 'acme', profile: 'cnc-machining-centre' };
  const expiresAtMs = new VirtualClock().nowMs() + 1000 * minuteMs;
  const claim = { enterprise: 'acme', id: 'batch', expiresAtMs, devicesMax: 5000 };

  const passwordOf = (given: ProvisionAnswer | { secret: string }) =>
    'secret' in given ? given.secret : given.password;

  async function withClaim() {
    const world = await setUp();
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
    // At once: nobody else is given what a machine has just begun to use.
    await expect(ask(question('sn-1'))).rejects.toMatchObject({ code: 'claim.serial-taken' });
    const { secretHash: after } = (await registry.device('acme', 'sn-1'))!;
    expect(after).toEqual(secretHash(first.password));
  });

  test('that is online with another credential keeps it, whoever claims its serial', async () => {
    const { ask, onboarding, opened, registry, sessions, stateOf } = await withClaim();
    await registry.add({ ...machine, device: 'd1', serial: 'sn-1' });
    onboarding.directoryChanged(['acme.d1']);
    sessions(0, opened(1, 'd1'));
    await expect(ask(question('sn-1'))).rejects.toMatchObject({ code: 'claim.serial-taken' });
    expect(await stateOf('d1')).toBe('connected');
  });

  test('takes the place of whoever had the credential before: that one is shut out', async () => {
    const { ask, clock, onboarding, registry, told } = await withClaim();
    const changed = () => shutOuts(told.splice(0), 'acme.sn-1');
    await ask(question('sn-1'));
    expect(changed()).toEqual([]);
    await ask(question('sn-1'));
    expect(changed()).toEqual([]);
    await clock.advanceAsync(11 * minuteMs);
    await ask(question('sn-1'));
    expect(changed()).toEqual(['device.credential-changed']);
    await registry.claims.issue({ ...claim, id: 'second' }, 'operator');
    await ask({ ...question('sn-1'), claim: 'second' } as Question);
    expect(changed()).toEqual(['device.credential-changed']);
    await ask(question('sn-1'));
    expect(changed()).toEqual(['device.credential-changed']);
    await registry.add({ ...machine, device: 'd1', serial: 'sn-2' });
    onboarding.directoryChanged(['acme.d1']);
    await clock.advanceAsync(10);
    await registry.claims.issue({ ...claim, id: 'listed', serials: ['sn-2'] }, 'operator');
    await ask({ ...question('sn-2'), claim: 'listed' } as Question);
    expect(shutOuts(told, 'acme.d1')).toEqual(['device.credential-changed']);
  });

  test('is not told again what was told before it used it, was refused, or was told by another claim', async () => {
    const { ask, onboarding, opened, registry, sessions } = await withClaim();
    // Only with a list may a claim replace the secret of a device that was registered anew.
    await registry.claims.issue({ ...claim, id: 'listed', serials: ['sn-1'] }, 'operator');
    const told = new Set<string>();
    const asks = async (of = 'listed') => {
      const answer = (await ask({ ...question('sn-1'), claim: of } as Question)) as ProvisionAnswer;
      told.add(answer.password);
      return told.size;
    };
    expect(await asks()).toBe(1);
    sessions(0, opened(1, 'sn-1'), { closed: 1 });
    await onboarding.change({ ...change, device: 'sn-1', event: 'revoke' });
    await registry.add({ ...machine, device: 'sn-1', serial: 'sn-1', again: true });
    expect(await asks()).toBe(2);
    const wrong = { ...question('sn-1'), claim: 'listed', profile: 'env-sensor' } as Question;
    expect((await failureOf(ask(wrong))).code).toBe('claim.request-invalid');
    expect(await asks()).toBe(3);
    await registry.claims.issue({ ...claim, id: 'second' }, 'operator');
    expect(await asks('second')).toBe(4);
    expect(await asks()).toBe(5);
  });

  test('is never told a secret again that was replaced, whoever knows of that', async () => {
    const { ask, registry } = await withClaim();
    const first = (await ask(question('sn-1'))) as ProvisionAnswer;
    const own = await registry.resetSecret('acme', 'sn-1');
    await registry.claims.issue({ ...claim, id: 'listed', serials: ['sn-1'] }, 'operator');
    const stored = async () => (await registry.device('acme', 'sn-1'))!.secretHash;
    expect((await failureOf(ask(question('sn-1')))).code).toBe('claim.serial-taken');
    expect(await stored()).toEqual(secretHash(own.secret));
    const listed = { ...question('sn-1'), claim: 'listed' } as Question;
    const second = (await ask(listed)) as ProvisionAnswer;
    await registry.resetSecret('acme', 'sn-1');
    const third = (await ask(listed)) as ProvisionAnswer;
    expect(await ask(listed)).toEqual(third);
    expect(await stored()).toEqual(secretHash(third.password));
    expect(new Set([first, own, second, third].map(passwordOf)).size).toBe(4);
  });

  test('is told another sample when its profile has another version', async () => {
    const { ask, onboarding, registry } = await withClaim();
    const name = { zh: '压', en: 'press' };
    const profile = (range: [number, number]) => ({
      id: 'acme.press',
      name,
      production: true,
      signals: [{ id: 'force', name, unit: '', ucum: '', type: 'float' as const, range }],
    });
    const sample = async (serial: string) =>
      ((await ask({ ...question(serial), profile: 'acme.press' } as Question)) as ProvisionAnswer)
        .sample;
    await registry.addProfile(profile([0, 10]), 'acme');
    expect(await sample('sn-1')).toBe('{"values":{"force":5}}');
    await registry.addProfile(profile([0, 100]), 'acme');
    onboarding.profileChanged('acme.press');
    expect(await sample('sn-2')).toBe('{"values":{"force":50}}');
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

describe('a device that comes on board', () => {
  const states = (events: readonly ToldDeviceEvent[]) => events.map(({ detail }) => detail);

  test('is told of by its state, whichever way it came', async () => {
    const { ask, clock, hub, onboarding, registry } = await setUp();
    const expiresAtMs = clock.nowMs() + 1000 * minuteMs;
    const { certificate } = await createDevelopmentCa('acme', {
      notBeforeMs: clock.nowMs() - minuteMs,
      days: 30,
    });
    const profile = 'cnc-machining-centre';
    const claim = { enterprise: 'acme', id: 'batch', expiresAtMs, devicesMax: 5, profile };
    await registry.claims.issue(claim, 'operator');
    await registry.groupKeys.create({ enterprise: 'acme', id: 'line', profile }, 'operator');
    const trust = { enterprise: 'acme', certificate, profile };
    const { fingerprint: authority } = await registry.trust.add(trust, 'operator');
    const secret = 'a secret of at least twenty characters';
    const questions: Question[] = [
      { kind: 'provision', enterprise: 'acme', claim: 'batch', serial: 'd0' },
      { kind: 'enrol', enterprise: 'acme', group: 'line', device: 'd1', secret },
      {
        kind: 'pin',
        enterprise: 'acme',
        device: 'd2',
        certificate: { fingerprint: 'f'.repeat(64), notBeforeMs: clock.nowMs(), authority },
      },
    ];
    for (const device of ['d0', 'd1', 'd2']) hub.keep(`acme.${device}`);
    for (const question of questions) await ask(question);
    for (const question of questions.slice(1)) await ask(question);
    await clock.advanceAsync(100);
    const told = ['d0', 'd1', 'd2'].map((device) => states(hub.recent(`acme.${device}`)));
    expect(told).toEqual([['provisioned'], ['registered'], ['registered']]);
    await onboarding.change({ ...change, event: 'revoke' });
    await registry.add({ enterprise: 'acme', device: 'd1', profile, again: true });
    onboarding.identityChanged(['acme.d1']);
    await clock.advanceAsync(100);
    expect(states(hub.recent('acme.d1'))).toEqual(['registered', 'revoked', 'registered']);
    await registry.claims.issue({ ...claim, id: 'listed', serials: ['d1'] }, 'operator');
    await ask({ kind: 'provision', enterprise: 'acme', claim: 'listed', serial: 'd1' });
    await clock.advanceAsync(100);
    expect(states(hub.recent('acme.d1')).at(-1)).toBe('provisioned');
  });

  test('many at once share a few writes, and each is answered by itself', async () => {
    const { ask, registry } = await setUp();
    const profile = 'cnc-machining-centre';
    await registry.groupKeys.create({ enterprise: 'acme', id: 'line', profile }, 'operator');
    const { enrolMany } = registry.groupKeys;
    const sizes: number[] = [];
    registry.groupKeys.enrolMany = (devices) => {
      sizes.push(devices.length);
      return enrolMany.call(registry.groupKeys, devices);
    };
    const secret = 'a secret of at least twenty characters';
    const enrol = (device: string, group = 'line'): Question => ({
      ...{ kind: 'enrol', enterprise: 'acme', group, device, secret },
    });
    const answers = await Promise.all([
      ...Array.from({ length: 600 }, (_, i) => ask(enrol(`d${i}`))),
      failureOf(ask(enrol('d700', 'none'))),
    ]);
    expect(answers.pop()).toMatchObject({ code: 'group.invalid' });
    expect(answers).toEqual(Array(600).fill(null));
    expect(sizes).toEqual([500, 101]);
  });
});

test('a profile that is no production any more moves its devices to the others', async () => {
  const { clock, onboarding, registry } = await setUp();
  const name = { zh: '压', en: 'press' };
  const signals = [{ id: 'force', name, unit: '', ucum: '', type: 'float' as const }];
  const put = (production: boolean) =>
    registry.addProfile({ id: 'acme.press', name, production, signals }, 'acme');
  await put(true);
  await registry.add({ enterprise: 'acme', device: 'd1', profile: 'acme.press' });
  onboarding.directoryChanged(['acme.d1']);
  await clock.advanceAsync(10);
  expect(onboarding.countsOf('acme')?.production.registered).toBe(1);
  await put(false);
  onboarding.profileChanged('acme.press');
  await clock.advanceAsync(10_000);
  const { production, other } = onboarding.countsOf('acme')!;
  expect([production.registered, other.registered]).toEqual([0, 1]);
});
