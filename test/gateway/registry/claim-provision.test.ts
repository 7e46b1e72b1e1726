import { describe, expect, it } from 'vitest';
import type { NewClaim, ProvisionRequest } from '../../../gateway/registry/claims.ts';
import type { LifeEvent } from '../../../model/device.ts';
import { errorCodeOf } from '../../../model/errors.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { failureOf, openEmpty } from './open.ts';

const hourMs = 3_600_000;
const secretOf = (n: number) => `secret-number-${String(n).padStart(20, '0')}`;

/** A registry in which acme has the claim `line-2` for three devices, generic unless they say. */
async function opened(more: Partial<NewClaim> = {}) {
  const clock = new VirtualClock();
  const { registry, reader } = openEmpty(clock);
  const claim = (id: string, rest: Partial<NewClaim> = {}) =>
    registry.claims.issue(
      {
        enterprise: 'acme',
        id,
        expiresAtMs: clock.nowMs() + hourMs,
        devicesMax: 3,
        profile: 'generic',
        ...rest,
      },
      'operator',
    );
  await claim('line-2', more);
  let secrets = 0;
  const request = (serial: string, rest: Partial<ProvisionRequest> = {}): ProvisionRequest => {
    secrets += 1;
    const secret = secretOf(secrets);
    return {
      enterprise: 'acme',
      claim: 'line-2',
      serial,
      secret,
      nowMs: clock.nowMs(),
      ...rest,
    };
  };
  const provision = (serial: string, rest: Partial<ProvisionRequest> = {}) =>
    registry.claims.provision(request(serial, rest));
  const refusal = async (serial: string, rest: Partial<ProvisionRequest> = {}) =>
    (await failureOf(provision(serial, rest))).code;
  const happen = async (device: string, ...events: LifeEvent[]) => {
    const base = { enterprise: 'acme', device, atMs: clock.nowMs(), cause: 'test', actor: 'test' };
    const outcomes = await registry.lives.apply(events.map((event) => ({ ...base, event })));
    for (const outcome of outcomes) expect(outcome).not.toBeNull();
  };
  const trail = async (device: string) => {
    const { items } = await registry.lives.audit({ enterprise: 'acme', device }, { limit: 100 });
    return items.map(({ event, from, to, actor }) => [event, from, to, actor]).reverse();
  };
  const used = async () => (await registry.claims.get('acme', 'line-2'))!.devices;
  const device = (id: string) => registry.device('acme', id);
  return {
    clock,
    registry,
    reader,
    claim,
    request,
    provision,
    refusal,
    happen,
    trail,
    used,
    device,
  };
}

describe('a machine nobody registered', () => {
  it('becomes the device of its serial, with a secret of its own and a trail', async () => {
    const { registry, reader, clock, provision, trail, used } = await opened();
    await registry.addEnterprise({ id: 'acme', district: 'wujin', industry: '34' });
    const secret = secretOf(99);
    expect(await provision('sn-1', { secret })).toEqual({
      enterprise: 'acme',
      device: 'sn-1',
      secret,
      profile: 'generic',
      first: true,
    });
    expect(await reader().device('acme', 'sn-1')).toEqual({
      enterprise: 'acme',
      device: 'sn-1',
      kind: 'device',
      profile: 'generic',
      district: 'wujin',
      industry: '34',
      gateway: undefined,
      serial: 'sn-1',
      state: 'provisioned',
      createdAtMs: clock.nowMs(),
      secretHash: secretHash(secret),
      group: null,
      certificate: null,
    });
    expect(await trail('sn-1')).toEqual([
      ['register', null, 'registered', 'claim:line-2'],
      ['claim', 'registered', 'claiming', 'claim:line-2'],
      ['issue', 'claiming', 'provisioned', 'claim:line-2'],
    ]);
    expect(await used()).toBe(1);
    // Its credential expires if it is not used in time.
    const expired = await registry.lives.expireUnused(clock.nowMs() + 1, clock.nowMs() + 1);
    expect(expired.map(({ device }) => device)).toEqual(['sn-1']);
  });

  it('has the profile it says, or else the one of the claim', async () => {
    const { registry, claim, provision, refusal, device } = await opened();
    await claim('bare', { profile: undefined });
    await provision('sn-1', { profile: 'cnc-machining-centre' });
    expect((await device('sn-1'))!.profile).toBe('cnc-machining-centre');
    expect(await refusal('sn-2', { claim: 'bare' })).toBe('registry.unknown-profile');
    expect(await refusal('sn-2', { profile: 'no-such' })).toBe('registry.unknown-profile');
    expect(await refusal('sn-2', { profile: 'constructor' })).toBe('registry.unknown-profile');
    const profile = (await registry.profile('generic'))!;
    await registry.addProfile({ ...profile, id: 'other.press' }, 'other');
    await registry.addProfile({ ...profile, id: 'acme.press' }, 'acme');
    await registry.addProfile({ ...profile, id: 'shared.press' }, null);
    expect(await refusal('sn-2', { profile: 'other.press' })).toBe('registry.unknown-profile');
    expect((await provision('sn-2', { profile: 'acme.press' })).profile).toBe('acme.press');
    expect((await provision('sn-3', { profile: 'shared.press' })).profile).toBe('shared.press');
    expect(await device('sn-9')).toBeNull();
  });
});

describe('a lost answer', () => {
  it('may be asked for again until the credential is used, and counts once', async () => {
    const { provision, refusal, happen, used, device } = await opened();
    await provision('sn-1');
    const again = await provision('sn-1');
    expect(again).toMatchObject({ device: 'sn-1', first: false });
    expect((await device('sn-1'))!.secretHash).toEqual(secretHash(again.secret));
    expect(await used()).toBe(1);
    await happen('sn-1', 'connect');
    expect(await refusal('sn-1')).toBe('claim.serial-taken');
    expect((await device('sn-1'))!.secretHash).toEqual(secretHash(again.secret));
    await happen('sn-1', 'store');
    expect(await refusal('sn-1')).toBe('claim.serial-taken');
    await happen('sn-1', 'silence');
    expect(await refusal('sn-1')).toBe('claim.serial-taken');
  });

  it('a device whose credential expired claims again, on a claim that is spent', async () => {
    const { registry, clock, provision, used, device } = await opened({ devicesMax: 1 });
    await provision('sn-1');
    await registry.lives.expireUnused(clock.nowMs() + 1, clock.nowMs());
    expect((await device('sn-1'))!.state).toBe('expired');
    expect(await provision('sn-1')).toMatchObject({ first: false });
    expect((await device('sn-1'))!.state).toBe('provisioned');
    expect(await used()).toBe(1);
  });

  it('by another claim counts against that one', async () => {
    const { registry, claim, provision, used } = await opened();
    await claim('line-3');
    await provision('sn-1');
    expect(await provision('sn-1', { claim: 'line-3' })).toMatchObject({ first: true });
    expect(await used()).toBe(1);
    expect((await registry.claims.get('acme', 'line-3'))!.devices).toBe(1);
  });
});

describe('a device that is registered', () => {
  it('is found by its serial, keeps id and profile, and its old secret is void', async () => {
    const { registry, provision, used, device, trail } = await opened();
    const old = await registry.add({
      enterprise: 'acme',
      device: 'press-1',
      profile: 'cnc-machining-centre',
      serial: 'sn-1',
    });
    const given = await provision('sn-1');
    expect(given).toMatchObject({
      device: 'press-1',
      profile: 'cnc-machining-centre',
      first: true,
    });
    const found = (await device('press-1'))!;
    expect(found.secretHash).not.toEqual(secretHash(old.secret));
    expect(found).toMatchObject({ state: 'provisioned', serial: 'sn-1' });
    expect(await device('sn-1')).toBeNull();
    expect(await used()).toBe(1);
    expect((await trail('press-1')).map(([event]) => event)).toEqual([
      'register',
      'claim',
      'issue',
    ]);
  });

  it('under an id that is the serial takes the serial, unless it has another', async () => {
    const { registry, provision, refusal, device } = await opened();
    await registry.add({ enterprise: 'acme', device: 'sn-1', profile: 'generic' });
    await registry.add({ enterprise: 'acme', device: 'sn-2', profile: 'generic', serial: 'x' });
    const before = (await registry.get('acme', 'sn-1'))!.revision;
    await provision('sn-1');
    expect((await device('sn-1'))!.serial).toBe('sn-1');
    expect((await registry.get('acme', 'sn-1'))!.revision).toBe(before + 1);
    expect(await refusal('sn-2')).toBe('claim.serial-taken');
    expect((await device('sn-2'))!).toMatchObject({ serial: 'x', state: 'registered' });
  });

  it('must be of the profile that is asked for', async () => {
    const { registry, provision, refusal, device } = await opened();
    await registry.add({ enterprise: 'acme', device: 'a', profile: 'generic', serial: 'sn-1' });
    expect(await refusal('sn-1', { profile: 'cnc-machining-centre' })).toBe(
      'claim.request-invalid',
    );
    // A stranger's wrong request shuts nobody out.
    expect((await device('a'))!.state).toBe('registered');
    await provision('sn-1', { profile: 'generic' });
  });

  it('cannot be claimed once it has used what it has', async () => {
    const { registry, refusal, happen, device } = await opened();
    for (const [serial, event, code] of [
      ['sn-1', 'connect', 'claim.serial-taken'],
      ['sn-2', 'store', 'claim.serial-taken'],
      ['sn-3', 'suspend', 'device.suspended'],
      ['sn-4', 'revoke', 'device.revoked'],
      ['sn-5', 'decommission', 'device.revoked'],
    ] as const) {
      await registry.add({ enterprise: 'acme', device: serial, profile: 'generic', serial });
      await happen(serial, event);
      const before = (await device(serial))!;
      expect(await refusal(serial)).toBe(code);
      expect(await device(serial)).toEqual(before);
    }
  });

  it('is not taken over when it is a gateway, or came with the secret of a group', async () => {
    const { registry, clock, refusal } = await opened();
    await registry.add({ enterprise: 'acme', device: 'sn-1', kind: 'gateway' });
    await registry.groupKeys.create(
      { enterprise: 'acme', id: 'g', profile: 'generic' },
      'operator',
    );
    const nowMs = clock.nowMs();
    const enrolled = { enterprise: 'acme', group: 'g', device: 'sn-2', secret: 's', nowMs };
    await registry.groupKeys.enrol(enrolled);
    expect(await refusal('sn-1')).toBe('claim.serial-taken');
    expect(await refusal('sn-2')).toBe('claim.serial-taken');
  });

  it('may claim after it was revoked and registered anew', async () => {
    const { registry, provision, refusal, happen } = await opened();
    await provision('sn-1');
    await happen('sn-1', 'connect', 'revoke');
    expect(await refusal('sn-1')).toBe('device.revoked');
    const anew = { enterprise: 'acme', device: 'sn-1', profile: 'generic', again: true };
    await registry.add({ ...anew, serial: 'sn-1' });
    expect(await provision('sn-1')).toMatchObject({ device: 'sn-1' });
  });
});

describe('a claim that is of no use', () => {
  it('is refused whatever the serial, and nothing is registered', async () => {
    const { registry, clock, claim, refusal, device } = await opened();
    await claim('listed', { serials: ['sn-7'] });
    await claim('empty', { serials: [] });
    expect(await refusal('sn-1', { claim: 'line-9' })).toBe('claim.invalid');
    expect(await refusal('sn-1', { claim: 'x'.repeat(1000) })).toBe('claim.invalid');
    expect(await refusal('sn-1', { enterprise: 'other' })).toBe('claim.invalid');
    expect(await refusal('sn-1', { claim: 'listed' })).toBe('claim.serial-not-allowed');
    expect(await refusal('sn-1', { claim: 'empty' })).toBe('claim.serial-not-allowed');
    expect(await refusal('S/N 1')).toBe('claim.request-invalid');
    expect(await refusal('claim')).toBe('claim.request-invalid');
    expect(await refusal('sn-1', { nowMs: clock.nowMs() + hourMs })).toBe('claim.expired');
    await registry.claims.revoke('acme', 'line-2', 'operator');
    expect(await refusal('sn-1')).toBe('claim.revoked');
    expect(await device('sn-1')).toBeNull();
    expect((await registry.counts()).devices).toBe(0);
  });

  it('is spent after as many devices as it is for, lost answers apart', async () => {
    const { provision, refusal, used } = await opened();
    for (const serial of ['sn-1', 'sn-2', 'sn-2', 'sn-3', 'sn-1']) await provision(serial);
    expect(await refusal('sn-4')).toBe('claim.spent');
    expect(await used()).toBe(3);
    expect(await provision('sn-3')).toMatchObject({ first: false });
  });
});

describe('races', () => {
  it('a claim revoked after it was checked gives nothing', async () => {
    const { registry, reader, refusal, device } = await opened();
    const checked = await reader().claim('acme', 'line-2');
    expect(checked!.revokedAtMs).toBeNull();
    const [, code] = await Promise.all([
      registry.claims.revoke('acme', 'line-2', 'operator'),
      refusal('sn-1'),
    ]);
    expect(code).toBe('claim.revoked');
    expect(await device('sn-1')).toBeNull();
  });

  it('the last free use is given once, to whoever asks first', async () => {
    const { registry, request } = await opened({ devicesMax: 1 });
    const serials = ['sn-1', 'sn-2', 'sn-3'];
    const asked = serials.map((serial) => registry.claims.provision(request(serial)));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect((await registry.claims.get('acme', 'line-2'))!.devices).toBe(1);
    expect((await registry.counts()).devices).toBe(1);
  });

  it('a device suspended or revoked at the same moment stays so', async () => {
    const { registry, request, refusal, happen, device } = await opened();
    for (const [serial, event] of [
      ['sn-1', 'suspend'],
      ['sn-2', 'revoke'],
    ] as const) {
      await registry.claims.provision(request(serial));
      const [, code] = await Promise.all([happen(serial, event), refusal(serial)]);
      expect(code).toMatch(/^device\.(suspended|revoked)$/);
      expect((await device(serial))!.state).toMatch(/^(suspended|revoked)$/);
    }
  });

  it('of one serial asked for twice at once, the last answer holds', async () => {
    const { registry, request, used, device } = await opened();
    const answers = await registry.claims.provisionMany([request('sn-1'), request('sn-1')]);
    expect(answers).toMatchObject([{ first: true }, { first: false }]);
    const last = answers[1] as { secret: string };
    expect((await device('sn-1'))!.secretHash).toEqual(secretHash(last.secret));
    expect(await used()).toBe(1);
  });
});

describe('many requests at once', () => {
  it('are answered each by itself, in their order, over several transactions', async () => {
    const { registry, claim, request } = await opened();
    const count = limits.provisionBatchMax + 20;
    await claim('many', { devicesMax: count });
    const requests = Array.from({ length: count }, (_, i) =>
      request(`sn-${i}`, { claim: i % 10 === 3 ? 'line-9' : 'many' }),
    );
    const answers = await registry.claims.provisionMany(requests);
    expect(answers).toHaveLength(count);
    for (const [i, answer] of answers.entries()) {
      if (i % 10 === 3) expect(errorCodeOf(answer)).toBe('claim.invalid');
      else expect(answer).toMatchObject({ device: `sn-${i}`, secret: requests[i]!.secret });
    }
    const given = count * 0.9;
    expect((await registry.claims.get('acme', 'many'))!.devices).toBe(given);
    expect((await registry.counts()).devices).toBe(given);
    expect(await registry.claims.provisionMany([])).toEqual([]);
  });
});

describe('refusals', () => {
  it('are in the audit trail, each code once a minute', async () => {
    const { registry, clock, refusal, trail } = await opened({ serials: ['sn-2'] });
    const refused = ['claim-refused', null, null, 'claim:line-2'];
    for (let i = 0; i < 5; i++) await refusal('sn-1');
    expect(await trail('sn-1')).toEqual([refused]);
    await registry.claims.revoke('acme', 'line-2', 'operator');
    for (let i = 0; i < 5; i++) await refusal('sn-1');
    expect(await trail('sn-1')).toEqual([refused, refused]);
    clock.advance(60_000);
    for (let i = 0; i < 5; i++) await refusal('sn-1');
    expect(await trail('sn-1')).toEqual([refused, refused, refused]);
    const { items } = await registry.lives.audit({ enterprise: 'acme' }, { limit: 1 });
    expect(items[0]!.cause).toBe('claim.revoked: line-2');
  });

  it('of serials and claims that are none write down little of what a stranger wrote', async () => {
    const { registry, refusal } = await opened();
    await refusal('x'.repeat(100_000));
    await refusal('sn-1', { claim: 'y'.repeat(100_000) });
    const { items } = await registry.lives.audit({ enterprise: 'acme' }, { limit: 100 });
    const noted = items.filter(({ event }) => event === 'claim-refused');
    expect(noted.map(({ device, actor }) => [device, actor])).toEqual([
      ['sn-1', 'claim'],
      [null, 'claim:line-2'],
    ]);
    for (const { cause } of noted) expect(cause.length).toBeLessThanOrEqual(limits.textCharsMax);
  });

  it('reject a device of this very claim that never came back and asks wrongly', async () => {
    const { claim, provision, refusal, trail, device, used } = await opened();
    await claim('line-3');
    await provision('sn-1');
    const wrong = { profile: 'cnc-machining-centre' };
    expect(await refusal('sn-1', { ...wrong, claim: 'line-3' })).toBe('claim.request-invalid');
    expect((await device('sn-1'))!.state).toBe('provisioned');
    expect(await refusal('sn-1', wrong)).toBe('claim.request-invalid');
    expect((await device('sn-1'))!.state).toBe('rejected');
    expect((await trail('sn-1')).slice(-3)).toEqual([
      ['claim', 'provisioned', 'claiming', 'claim:line-2'],
      ['reject', 'claiming', 'rejected', 'claim:line-2'],
      ['claim-refused', null, null, 'claim:line-2'],
    ]);
    await refusal('sn-1', wrong);
    expect(await trail('sn-1')).toHaveLength(7);
    expect(await provision('sn-1')).toMatchObject({ first: false });
    expect((await device('sn-1'))!.state).toBe('provisioned');
    expect(await used()).toBe(1);
  });
});
