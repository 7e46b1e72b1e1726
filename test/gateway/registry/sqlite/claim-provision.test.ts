import { describe, expect, it } from 'vitest';
import type { ImportRow, NewDevice } from '../../../../gateway/registry/registry.ts';
import { errorCodeOf } from '../../../../model/errors.ts';
import { secretHash } from '../../../../model/fleet-secret.ts';
import { limits } from '../../../../model/limits.ts';
import { openWithClaim, secretOf } from '../claim-world.ts';

describe('a machine nobody registered', () => {
  it('becomes the device of its serial, with a secret of its own and a trail', async () => {
    const { registry, reader, clock, provision, trail, used } = await openWithClaim();
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
    const { registry, claim, provision, refusal, device } = await openWithClaim();
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
    const { provision, refusal, happen, used, device } = await openWithClaim();
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

  it('is the one it was told before, for as long as it has that', async () => {
    const { registry, clock, provision, device } = await openWithClaim({ serials: ['sn-1'] });
    const { secret } = await provision('sn-1', { toldBefore: secretOf(1000) });
    expect(secret).toBe(secretOf(1));
    const again = async () => (await provision('sn-1', { toldBefore: secret })).secret;
    expect(await again()).toBe(secret);
    expect((await device('sn-1'))!.secretHash).toEqual(secretHash(secret));
    await registry.lives.expireUnused(clock.nowMs() + 1, clock.nowMs());
    expect(await again()).not.toBe(secret);
    await registry.resetSecret('acme', 'sn-1', secretOf(1001));
    expect(await again()).not.toBe(secret);
  });

  it('a device whose credential expired claims again, on a claim that is spent', async () => {
    const { registry, clock, provision, used, device } = await openWithClaim({ devicesMax: 1 });
    await provision('sn-1');
    await registry.lives.expireUnused(clock.nowMs() + 1, clock.nowMs());
    expect((await device('sn-1'))!.state).toBe('expired');
    expect(await provision('sn-1')).toMatchObject({ first: false });
    expect((await device('sn-1'))!.state).toBe('provisioned');
    expect(await used()).toBe(1);
  });

  it('by another claim counts against that one, and no more against the first', async () => {
    const { registry, claim, provision, used } = await openWithClaim();
    await claim('line-3');
    await provision('sn-1');
    const other = async () => (await registry.claims.get('acme', 'line-3'))!.devices;
    for (let i = 0; i < 3; i++) {
      expect(await provision('sn-1', { claim: 'line-3' })).toMatchObject({ first: true });
      expect([await used(), await other()]).toEqual([0, 1]);
      await provision('sn-1');
      expect([await used(), await other()]).toEqual([1, 0]);
    }
  });
});

describe('a device whose secret people made', () => {
  const acme = (device: string, more: Partial<NewDevice> = {}) => ({
    enterprise: 'acme',
    device,
    profile: 'generic',
    ...more,
  });
  async function* rowsOf(row: ImportRow) {
    yield row;
  }

  it('keeps it from a claim without a list, however it was made, and can be listed', async () => {
    const world = await openWithClaim({ devicesMax: 100 });
    const { registry, claim, provision, refusal, happen, device } = world;
    await registry.add(acme('press-1', { serial: 'sn-1' }));
    await registry.add(acme('sn-2'));
    await registry.importDevices(rowsOf({ row: 1, ...acme('sn-3') }));
    for (const serial of ['sn-4', 'sn-5']) await provision(serial);
    await registry.resetSecret('acme', 'sn-4');
    const secret = secretOf(5000);
    const changed = rowsOf({ row: 1, ...acme('sn-5', { secret }) });
    await registry.importDevices(changed, { existing: 'update' });
    await registry.add(acme('sn-6'));
    await happen('sn-6', 'suspend', 'resume');
    const serials = ['sn-1', 'sn-2', 'sn-3', 'sn-4', 'sn-5', 'sn-6'];
    const ids = ['press-1', ...serials.slice(1)];
    const before = await Promise.all(ids.map(device));
    expect(before.map((found) => found!.state)).toEqual([
      'registered',
      'registered',
      'registered',
      'provisioned',
      'provisioned',
      'registered',
    ]);
    for (const serial of serials) {
      expect(await refusal(serial)).toBe('claim.serial-taken');
      expect(await refusal(serial, { profile: 'no-such' })).toBe('claim.serial-taken');
    }
    expect(await Promise.all(ids.map(device))).toEqual(before);
    await claim('listed', { devicesMax: 100, serials });
    for (const serial of serials) await provision(serial, { claim: 'listed' });
    // Now it has one that a claim gave it.
    for (const serial of serials) await provision(serial);
  });

  it('is found by its serial, keeps id and profile, and its old secret is void', async () => {
    const { registry, provision, used, device, trail } = await openWithClaim({ serials: ['sn-1'] });
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
    const { registry, provision, refusal, device } = await openWithClaim({
      serials: ['sn-1', 'sn-2'],
    });
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
    const { registry, provision, refusal, device } = await openWithClaim({ serials: ['sn-1'] });
    await registry.add({ enterprise: 'acme', device: 'a', profile: 'generic', serial: 'sn-1' });
    expect(await refusal('sn-1', { profile: 'cnc-machining-centre' })).toBe(
      'claim.request-invalid',
    );
    // A stranger's wrong request shuts nobody out.
    expect((await device('a'))!.state).toBe('registered');
    await provision('sn-1', { profile: 'generic' });
  });

  it('cannot be claimed once it has used what it has', async () => {
    const serials = ['sn-1', 'sn-2', 'sn-3', 'sn-4', 'sn-5'];
    const { registry, refusal, happen, device } = await openWithClaim({ serials });
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
    const { registry, clock, refusal } = await openWithClaim({ serials: ['sn-1', 'sn-2'] });
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
    const { registry, provision, refusal, happen } = await openWithClaim({ serials: ['sn-1'] });
    await provision('sn-1');
    await happen('sn-1', 'connect', 'revoke');
    expect(await refusal('sn-1')).toBe('device.revoked');
    const anew = { enterprise: 'acme', device: 'sn-1', profile: 'generic', again: true };
    await registry.add({ ...anew, serial: 'sn-1' });
    expect(await provision('sn-1')).toMatchObject({ device: 'sn-1' });
  });
});

describe('many requests at once', () => {
  it('are answered each by itself, in their order, over several transactions', async () => {
    const { registry, claim, request } = await openWithClaim();
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
