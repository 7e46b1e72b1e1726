/**
 * Injected: time, a gateway that starts again, a registry that fails, a device somebody else shut
 * out. Must hold: a trial that has expired ends once, nobody of its enterprise gets in, and others
 * are left alone.
 */

import { Readable } from 'node:stream';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { createDevelopmentCa } from '../../../gateway/commands/development-ca.ts';
import type { DeviceEventHub } from '../../../gateway/device-events/device-event.ts';
import { offlineOnboarding } from '../../../gateway/onboarding/offline-onboarding.ts';
import type { Onboarding } from '../../../gateway/onboarding/onboarding.ts';
import type { Registry } from '../../../gateway/registry/registry.ts';
import { beginTrial } from '../../../gateway/trials/begin-trial.ts';
import { endTrial } from '../../../gateway/trials/end-trial.ts';
import { TrialKeeper } from '../../../gateway/trials/trial-keeper.ts';
import { limits } from '../../../model/limits.ts';
import { eventually } from '../../helpers/eventually.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { failureOf, openEmpty } from '../registry/open.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;

let clock: VirtualClock;
let registry: Registry;
let onboarding: Onboarding;
let kept: string[];
let released: string[];
let said: string[];

beforeEach(() => {
  clock = new VirtualClock();
  registry = openEmpty(clock).registry;
  kept = [];
  said = [];
  released = [];
  const events: Partial<DeviceEventHub> = {
    keep: (key) => kept.push(key),
    release: (key) => released.push(key),
  };
  onboarding = { ...offlineOnboarding(registry, clock), events: events as DeviceEventHub };
});

const parts = () => ({ clock, registry, onboarding });
const begin = (enterprise: string) => beginTrial(parts(), { enterprise }, 'operator');

function keeper(): TrialKeeper {
  const log = { info: (text: string) => said.push(text), warn: (text: string) => said.push(text) };
  const made = new TrialKeeper({ ...parts(), log });
  onTestFinished(() => made.stop());
  made.start();
  return made;
}

const stateOf = async (enterprise: string, device = 'machine-1') =>
  (await registry.get(enterprise, device))?.state;
const endedAt = async (enterprise: string) => (await registry.trials.get(enterprise))?.endedAtMs;

it('ends what has expired, with all its ways in, and nothing else', async () => {
  await registry.add({ enterprise: 'works', device: 'm', profile: 'generic' });
  await begin('acme');
  for (let n = 0; n < 3; n++) {
    await registry.add({ enterprise: 'acme', device: `more-${n}`, profile: 'generic' });
  }
  const revoked = { enterprise: 'acme', device: 'more-0', event: 'revoke' } as const;
  await onboarding.change({ ...revoked, cause: '', actor: 'operator' });
  const expiresAtMs = clock.nowMs() + 100 * dayMs;
  await registry.claims.issue({ enterprise: 'acme', id: 'c', expiresAtMs, devicesMax: 5 }, 'o');
  await registry.groupKeys.create({ enterprise: 'acme', id: 'g', profile: 'generic' }, 'o');
  const validity = { notBeforeMs: clock.nowMs(), days: 30 };
  const { certificate } = await createDevelopmentCa('acme', validity);
  await registry.trust.add({ enterprise: 'acme', certificate }, 'o');
  const long = { role: 'enterprise', enterprise: 'acme', name: '', expiresAtMs } as const;
  const { text } = await registry.tokens.issue(long, 'operator');
  clock.advance(dayMs);
  await begin('beta');
  keeper();
  clock.advance(6 * dayMs - 2 * minuteMs);
  await eventually(() => kept).toEqual([
    'acme.machine-1',
    'beta.machine-1',
    'acme.machine-1',
    'beta.machine-1',
  ]);
  expect(await endedAt('acme')).toBeNull();
  clock.advance(3 * minuteMs);
  await eventually(() => endedAt('acme')).not.toBeNull();
  expect(await stateOf('acme')).toBe('suspended');
  expect(await stateOf('acme', 'more-0')).toBe('revoked');
  expect(await stateOf('acme', 'more-2')).toBe('suspended');
  expect((await registry.claim('acme', 'c'))?.revokedAtMs).not.toBeNull();
  expect(await registry.groups('acme')).toEqual([]);
  expect(await registry.authorities('acme')).toEqual([]);
  expect(await registry.tokens.verify(text)).toBeNull();
  expect([await stateOf('beta'), await endedAt('beta')]).toEqual(['registered', null]);
  expect(await stateOf('works', 'm')).toBe('registered');
  const { items } = await registry.lives.audit({ enterprise: 'acme' }, { limit: 100 });
  expect(items.filter(({ actor }) => actor === 'system').map(({ event }) => event)).toEqual(
    expect.arrayContaining(['suspend', 'claim-revoked', 'trial-ended']),
  );
  expect(said).toEqual([expect.stringContaining('acme has ended')]);
  expect(released).toEqual(['acme.machine-1']);
});

it('goes on where it was cut off: a trial that only half ended ends at the next start', async () => {
  await begin('acme');
  await registry.add({ enterprise: 'acme', device: 'more', profile: 'generic' });
  const stopping = new AbortController();
  const changeMany: Onboarding['changeMany'] = async (wanted, signal) => {
    await onboarding.changeMany(wanted.slice(0, 1), signal);
    stopping.abort();
    return onboarding.changeMany(wanted.slice(1), signal);
  };
  const cut = { ...parts(), onboarding: { ...onboarding, changeMany } };
  await expect(endTrial(cut, 'acme', 'system', stopping.signal)).rejects.toThrow();
  expect([await stateOf('acme'), await stateOf('acme', 'more')]).toEqual([
    'suspended',
    'registered',
  ]);
  expect(await endedAt('acme')).toBeNull();
  clock.advance(8 * dayMs);
  keeper();
  await eventually(() => endedAt('acme')).not.toBeNull();
  expect(await stateOf('acme', 'more')).toBe('suspended');
});

it('shuts very many devices out at once, and writes that in parts', async () => {
  await begin('acme');
  // From before trials were bounded, or of somebody who was let have more.
  await registry.trials.end('acme', 'operator');
  const rows = Array.from({ length: 4999 }, (_, n) => ({
    ...{ row: n, enterprise: 'acme', device: `d${n}`, profile: 'generic' },
  }));
  await registry.importDevices(Readable.from(rows));
  const sizes: number[] = [];
  const { apply } = registry.lives;
  registry.lives.apply = (changes) => {
    sizes.push(changes.length);
    return apply.call(registry.lives, changes);
  };
  await endTrial(parts(), 'acme', 'operator');
  expect(sizes).toEqual([1000, 1000, 1000, 1000, 1000]);
  expect(await stateOf('acme', 'd4998')).toBe('suspended');
});

it('ends the sessions also of devices that its group keys and authorities brought', async () => {
  await begin('acme');
  await registry.groupKeys.create({ enterprise: 'acme', id: 'g', profile: 'generic' }, 'o');
  const secret = 'a secret of at least twenty characters';
  const nowMs = clock.nowMs();
  await registry.groupKeys.enrol({ enterprise: 'acme', group: 'g', device: 'm2', secret, nowMs });
  const shutOut: string[] = [];
  const changeMany: Onboarding['changeMany'] = (wanted) => {
    shutOut.push(...wanted.map(({ device }) => device));
    return onboarding.changeMany(wanted);
  };
  await endTrial({ ...parts(), onboarding: { ...onboarding, changeMany } }, 'acme', 'operator');
  expect(shutOut).toEqual(['m2', 'machine-1']);
  expect([await stateOf('acme', 'm2'), await stateOf('acme')]).toEqual(['suspended', 'suspended']);
});

it('tries again later when the registry fails', async () => {
  await begin('acme');
  clock.advance(8 * dayMs);
  const { due } = registry.trials;
  registry.trials.due = () => Promise.reject(new Error('the disk is away'));
  keeper();
  await eventually(() => said).toEqual([expect.stringContaining('disk is away')]);
  registry.trials.due = due.bind(registry.trials);
  clock.advance(minuteMs);
  await eventually(() => endedAt('acme')).not.toBeNull();
});

it('what somebody else did in the meantime is no failure; a device that is resumed stays so', async () => {
  await begin('acme');
  const changeMany: Onboarding['changeMany'] = async (wanted) => {
    for (const each of wanted) await onboarding.change({ ...each, event: 'revoke' });
    return onboarding.changeMany(wanted);
  };
  await endTrial({ ...parts(), onboarding: { ...onboarding, changeMany } }, 'acme', 'operator');
  expect(await stateOf('acme')).toBe('revoked');
  await begin('beta');
  await endTrial(parts(), 'beta', 'operator');
  const resume = { enterprise: 'beta', device: 'machine-1', event: 'resume' } as const;
  await onboarding.change({ ...resume, cause: 'bought', actor: 'operator' });
  clock.advance(30 * dayMs);
  keeper();
  clock.advance(2 * minuteMs);
  await eventually(() => kept).toEqual(['acme.machine-1', 'beta.machine-1']);
  expect(await stateOf('beta')).toBe('registered');
});

it('there are as many as may be; one that ends makes room', async () => {
  for (let n = 0; n < limits.trialsMax; n++) {
    const trial = { name: { zh: '', en: '' }, device: 'm', profile: 'generic' };
    const expiresAtMs = clock.nowMs() + dayMs;
    await registry.trials.begin({ ...trial, enterprise: `e${n}`, expiresAtMs }, 'operator');
  }
  expect(await failureOf(begin('acme'))).toMatchObject({ code: 'registry.too-many' });
  expect(await registry.enterprise('acme')).toBeNull();
  await registry.trials.end('e7', 'operator');
  await begin('acme');
  expect(await failureOf(begin('beta'))).toMatchObject({ code: 'registry.too-many' });
  clock.advance(dayMs);
  await begin('beta');
  expect((await registry.trials.due(clock.nowMs())).length).toBe(limits.trialsMax - 1);
});
