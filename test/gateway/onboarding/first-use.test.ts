/**
 * Injected: claims at the very moment a device connects. Must hold: nobody is given anew what a
 * device was let in with, and nobody is let in with what was given anew.
 */

import { describe, expect, test } from 'vitest';
import type { ProvisionAnswer, Question } from '../../../gateway/onboarding/questions.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { failureOf } from '../registry/open.ts';
import { change, minuteMs, setUp } from './onboarding-world.ts';

async function withClaims() {
  const world = await setUp();
  const { ask, clock, registry } = world;
  for (const id of ['batch', 'second']) {
    const profile = 'cnc-machining-centre';
    const expiresAtMs = clock.nowMs() + 1000 * minuteMs;
    const claim = { enterprise: 'acme', id, expiresAtMs, devicesMax: 5000, profile };
    await registry.claims.issue(claim, 'operator');
  }
  const claims = (serial: string, claim = 'batch') =>
    ask({ kind: 'provision', enterprise: 'acme', claim, serial }) as Promise<ProvisionAnswer>;
  const arrives = (device: string, password: string) => {
    const hash = secretHash(password).toString('hex');
    const question: Question = { kind: 'arrive', enterprise: 'acme', device, secretHash: hash };
    return ask(question) as Promise<boolean>;
  };
  return { ...world, claims, arrives };
}

describe('a credential that was shown', () => {
  test('is nobody else’s from then on, before any session is reported', async () => {
    const { arrives, claims, registry, stateOf } = await withClaims();
    const { password } = await claims('sn-1');
    expect(await arrives('sn-1', password)).toBe(true);
    expect(await stateOf('sn-1')).toBe('connected');
    for (const claim of ['batch', 'second']) {
      expect((await failureOf(claims('sn-1', claim))).code).toBe('claim.serial-taken');
    }
    expect((await registry.device('acme', 'sn-1'))?.secretHash).toEqual(secretHash(password));
  });

  test('after it was given anew is void, and does not use up the new one', async () => {
    const { arrives, claims, stateOf } = await withClaims();
    const { password: older } = await claims('sn-1');
    const { password: newer } = await claims('sn-1', 'second');
    expect(await arrives('sn-1', older)).toBe(false);
    expect(await stateOf('sn-1')).toBe('provisioned');
    expect(await arrives('sn-1', newer)).toBe(true);
    // Over a second connection; the worker looks at the state and lets it in.
    expect(await arrives('sn-1', newer)).toBe(false);
  });

  test('by a device that was suspended just then does not let it in', async () => {
    const { arrives, claims, onboarding, stateOf } = await withClaims();
    const { password } = await claims('sn-1');
    await onboarding.change({ ...change, device: 'sn-1', event: 'suspend' });
    expect(await arrives('sn-1', password)).toBe(false);
    expect(await stateOf('sn-1')).toBe('suspended');
    expect(await arrives('nobody', password)).toBe(false);
  });

  test('is told of as a state, once', async () => {
    const { arrives, claims, clock, hub, opened, sessions } = await withClaims();
    hub.keep('acme.sn-1');
    const { password } = await claims('sn-1');
    await clock.advanceAsync(100);
    await arrives('sn-1', password);
    sessions(0, opened(1, 'sn-1'));
    await clock.advanceAsync(1000);
    const told = hub.recent('acme.sn-1').map(({ detail }) => detail);
    expect(told).toEqual(['provisioned', 'connected']);
  });

  test('by many at once is written for hundreds at a time', async () => {
    const { arrives, claims, registry } = await withClaims();
    const serials = Array.from({ length: 600 }, (_, i) => `sn-${i}`);
    const given = await Promise.all(serials.map((serial) => claims(serial)));
    const { arrive } = registry.lives;
    const sizes: number[] = [];
    registry.lives.arrive = (devices) => {
      sizes.push(devices.length);
      return arrive.call(registry.lives, devices);
    };
    const answers = await Promise.all(
      given.map(({ password }, i) => arrives(serials[i]!, password)),
    );
    expect(answers).toEqual(Array(600).fill(true));
    expect(sizes).toEqual([500, 100]);
  });
});

test('whoever comes first, the claim or the device, the other one is refused', async () => {
  for (let round = 0; round < 20; round++) {
    const { arrives, claims } = await withClaims();
    const { password } = await claims('sn-1');
    const both = [arrives('sn-1', password), claims('sn-1', 'second')] as const;
    const [arrived, claimed] = await Promise.allSettled(round % 2 === 0 ? both : both.toReversed());
    const [device, claim] = round % 2 === 0 ? [arrived, claimed] : [claimed, arrived];
    const letIn = device.status === 'fulfilled' && device.value === true;
    expect(letIn).toBe(claim.status === 'rejected');
  }
});
