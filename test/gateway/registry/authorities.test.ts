import { X509Certificate } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CertifiedKey } from '../../../gateway/commands/development-ca.ts';
import type { NewAuthority } from '../../../gateway/registry/authorities.ts';
import {
  checkClientCertificate,
  fingerprintOf,
} from '../../../gateway/registry/certificate-check.ts';
import { suspendedPerPart } from '../../../gateway/registry/sqlite/suspend-known.ts';
import type { LifeEvent } from '../../../model/device.ts';
import { OnrampError } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { dayMs, newCa, nowMs, signed, validity } from './certificates.ts';
import { failureOf, openEmpty } from './open.ts';

function opened() {
  const clock = new VirtualClock({ nowMs });
  const { registry, reader } = openEmpty(clock);
  const add = (ca: CertifiedKey, more: Partial<NewAuthority> = {}) =>
    registry.trust.add({ enterprise: 'acme', certificate: ca.certificate, ...more }, 'token:t1');
  /** What a worker does: checks the certificate with what it reads, and has it pinned. */
  const come = async (certificate: X509Certificate, enterprise = 'acme') => {
    const checked = checkClientCertificate(
      certificate,
      await registry.authorities(enterprise),
      clock.nowMs(),
    );
    if (!checked.ok) throw new Error(`${checked.code}: ${checked.detail}`);
    await registry.trust.pin({ ...checked, certificate: checked, nowMs: clock.nowMs() });
  };
  const events = async (device?: string) => {
    const { items } = await registry.lives.audit({ enterprise: 'acme', device }, { limit: 100 });
    return items.map(({ event, actor, cause }) => [event, actor, cause]).reverse();
  };
  return { clock, registry, reader, add, come, events };
}

const fingerprint = (ca: CertifiedKey) => fingerprintOf(new X509Certificate(ca.certificate));
const from = (days: number) => ({ notBeforeMs: validity.notBeforeMs + days * dayMs, days: 300 });

describe('trusting an authority', () => {
  it('registers the enterprise and keeps what the certificate says', async () => {
    const { registry, reader, add, events } = opened();
    const ca = await newCa();
    const entry = await add(ca, { profile: 'generic' });
    expect(entry).toEqual({
      enterprise: 'acme',
      fingerprint: fingerprint(ca),
      name: 'CN=acme development CA',
      subject: 'CN=acme development CA',
      notBeforeMs: Math.floor(validity.notBeforeMs / 1000) * 1000,
      notAfterMs: Math.floor(validity.notBeforeMs / 1000) * 1000 + 365 * dayMs,
      profile: 'generic',
      createdAtMs: nowMs,
      revokedAtMs: null,
      devicesMax: limits.enrolledDevicesDefault,
      devices: 0,
    });
    const [stored] = await reader().authorities('acme');
    expect(stored).toMatchObject(entry);
    expect(fingerprintOf(new X509Certificate(stored!.certificate))).toBe(entry.fingerprint);
    expect(await reader().authorities('other')).toEqual([]);
    expect(await registry.trust.list({ enterprise: 'acme' }, { limit: 10 })).toEqual({
      items: [entry],
      next: null,
    });
    expect((await events()).at(-1)).toEqual([
      'authority-added',
      'token:t1',
      `CN=acme development CA, ${entry.fingerprint}`,
    ]);
  });

  it.each([
    ['certificate.invalid', { certificate: 'hello' }],
    ['registry.id-invalid', { enterprise: 'a.b' }],
    ['registry.unknown-profile', { profile: 'press' }],
    ['registry.device-invalid', { name: 'x'.repeat(limits.textCharsMax + 1) }],
  ])('refuses with %s', async (code, more) => {
    const { registry, add } = opened();
    expect(await failureOf(add(await newCa(), more))).toMatchObject({ code });
    expect(await registry.enterprise('acme')).toBeNull();
  });

  it('refuses one that is trusted already, and more than an enterprise may have', async () => {
    const { registry, clock, add } = opened();
    const ca = await newCa();
    await add(ca);
    expect(await failureOf(add(ca))).toMatchObject({ code: 'registry.exists' });
    await add(ca, { enterprise: 'other' });
    const max = limits.authoritiesPerEnterpriseMax;
    const more = await Promise.all(Array.from({ length: max }, () => newCa()));
    for (const each of more.slice(1)) await add(each);
    expect(await failureOf(add(more[0]!))).toMatchObject({ code: 'registry.too-many' });
    await registry.trust.revoke('acme', fingerprint(ca), 'operator');
    await add(more[0]!);
    for (const each of more) {
      clock.advance(1);
      await registry.trust.revoke('acme', fingerprint(each), 'operator');
    }
    await add(await newCa());
    const { items } = await registry.trust.list({ enterprise: 'acme' }, { limit: 100 });
    expect(items).toHaveLength(max + 1);
  });
});

describe('revoking an authority', () => {
  it('names the devices known by its certificates, and it vouches for nobody', async () => {
    const { registry, reader, clock, add, come } = opened();
    const [ca, other] = await Promise.all([newCa(), newCa()]);
    await add(ca, { profile: 'generic' });
    await add(other, { profile: 'generic' });
    for (const id of ['b', 'a']) await come(await signed(ca, `acme.${id}`));
    await come(await signed(other, 'acme.c'));
    const certificate = await signed(ca, 'acme.a', from(1));

    const { entry, devices } = await registry.trust.revoke('acme', fingerprint(ca), 'operator');
    expect(devices).toEqual(['a', 'b']);
    expect(entry.revokedAtMs).toBe(clock.nowMs());
    expect((await reader().authorities('acme')).map((each) => each.fingerprint)).toEqual([
      fingerprint(other),
    ]);
    await expect(come(certificate)).rejects.toThrow('certificate.untrusted');
    // Checked just before it was revoked.
    const pinned = {
      fingerprint: fingerprintOf(certificate),
      notBeforeMs: certificate.validFromDate.getTime(),
      authority: fingerprint(ca),
    };
    const pin = (device: string, shown = pinned) =>
      registry.trust.pin({ enterprise: 'acme', device, certificate: shown, nowMs });
    expect(await failureOf(pin('a'))).toMatchObject({ code: 'certificate.untrusted' });
    expect(await failureOf(pin('new'))).toMatchObject({ code: 'certificate.untrusted' });
    const known = (await registry.device('acme', 'a'))!.certificate!;
    expect(await failureOf(pin('a', known))).toMatchObject({ code: 'certificate.untrusted' });
    expect(await registry.device('acme', 'new')).toBeNull();

    const again = await registry.trust.revoke('acme', fingerprint(ca), 'operator');
    expect(again).toEqual({ entry, devices });
    const none = registry.trust.revoke('other', fingerprint(ca), 'operator');
    expect(await failureOf(none)).toMatchObject({ code: 'registry.not-found' });
  });

  it('suspends the devices known by it, and again only after it was trusted again', async () => {
    const { registry, add, come, events } = opened();
    const [ca, other] = await Promise.all([newCa(), newCa()]);
    await add(ca, { profile: 'generic' });
    await add(other, { profile: 'generic' });
    const certificate = await signed(ca, 'acme.a');
    await come(certificate);
    for (const id of ['b', 'c']) await come(await signed(ca, `acme.${id}`));
    await come(await signed(other, 'acme.d'));
    await registry.add({ enterprise: 'acme', device: 'e', profile: 'generic' });
    const happen = (device: string, event: LifeEvent) =>
      registry.lives.apply([
        { enterprise: 'acme', device, event, atMs: nowMs, cause: 'test', actor: 'test' },
      ]);
    await happen('b', 'connect');
    await happen('c', 'revoke');
    const states = async () => {
      const { items } = await registry.list({}, { limit: 10 });
      return items.map(({ state }) => state);
    };
    const revoke = () => registry.trust.revoke('acme', fingerprint(ca), 'token:t1');
    expect((await revoke()).devices).toEqual(['a', 'b', 'c']);
    const after = ['suspended', 'suspended', 'revoked', 'registered', 'registered'];
    expect(await states()).toEqual(after);
    const cause = `authority ${fingerprint(ca)} was revoked`;
    expect((await events('b')).at(-1)).toEqual(['suspend', 'token:t1', cause]);

    await registry.resetSecret('acme', 'a');
    await happen('a', 'resume');
    await revoke();
    expect(await states()).toEqual(['registered', ...after.slice(1)]);
    await add(ca, { profile: 'generic' });
    await happen('b', 'resume');
    await come(certificate);
    expect(await states()).toEqual(['registered', 'connected', ...after.slice(2)]);
    await revoke();
    expect(await states()).toEqual(after);
  });

  it('reaches very many devices in parts, with those that come meanwhile', async () => {
    const { registry, add } = opened();
    const ca = await newCa();
    await add(ca, { profile: 'generic' });
    const pin = (devices: readonly string[]) =>
      registry.trust.pinMany(
        devices.map((device) => ({
          enterprise: 'acme',
          device,
          certificate: { fingerprint: device, notBeforeMs: nowMs, authority: fingerprint(ca) },
          nowMs,
        })),
      );
    await registry.add({ enterprise: 'acme', device: 'early', profile: 'generic' });
    await pin(Array.from({ length: 2 * suspendedPerPart + 1 }, (_, i) => `d${i}`));
    const revoked = registry.trust.revoke('acme', fingerprint(ca), 'operator');
    while ((await registry.device('acme', 'd0'))!.state !== 'suspended') await nextTurn();
    expect((await registry.authorities('acme')).length).toBe(1);
    expect(await pin(['early', 'late'])).toEqual([false, true]);
    const { devices } = await revoked;
    expect(devices).toHaveLength(2 * suspendedPerPart + 3);
    const filter = { state: 'suspended' } as const;
    const { items } = await registry.list(filter, { limit: 1000 });
    expect(items).toHaveLength(1000);
    for (const device of ['early', 'late', `d${2 * suspendedPerPart}`]) {
      expect((await registry.get('acme', device))!.state).toBe('suspended');
    }
  });

  it('can be taken back by trusting it again', async () => {
    const { registry, add, come } = opened();
    const ca = await newCa();
    await add(ca, { profile: 'generic' });
    await registry.trust.revoke('acme', fingerprint(ca), 'operator');
    expect((await add(ca, { profile: 'generic' })).revokedAtMs).toBeNull();
    await come(await signed(ca, 'acme.a'));
  });
});

describe('the certificate a device is known by', () => {
  it('registers an unknown device when the authority names a profile', async () => {
    const { registry, add, come, events } = opened();
    const [vouching, silent] = await Promise.all([newCa(), newCa()]);
    await add(vouching, { profile: 'generic' });
    await add(silent);
    const certificate = await signed(vouching, 'acme.press-1');
    await come(certificate);
    expect(await registry.device('acme', 'press-1')).toMatchObject({
      profile: 'generic',
      state: 'registered',
      kind: 'device',
      certificate: {
        fingerprint: fingerprintOf(certificate),
        notBeforeMs: certificate.validFromDate.getTime(),
        authority: fingerprint(vouching),
      },
    });
    expect(await events('press-1')).toEqual([
      ['register', 'device', 'came with a certificate'],
      ['certificate-pinned', 'device', fingerprintOf(certificate)],
    ]);
    const unknown = come(await signed(silent, 'acme.press-2'));
    expect(await failureOf(unknown)).toMatchObject({ code: 'certificate.untrusted' });
    expect(await registry.device('acme', 'press-2')).toBeNull();
    await registry.add({ enterprise: 'acme', device: 'press-2', profile: 'generic' });
    await come(await signed(silent, 'acme.press-2'));
  });

  it('registers no more devices than the authority may vouch for', async () => {
    const { registry, add, come } = opened();
    const ca = await newCa();
    await add(ca, { profile: 'generic', devicesMax: 1 });
    const known = await signed(ca, 'acme.a');
    await come(known);
    expect(await failureOf(come(await signed(ca, 'acme.b')))).toMatchObject({
      code: 'group.spent',
    });
    await come(known);
    await registry.add({ enterprise: 'acme', device: 'b', profile: 'generic' });
    await come(await signed(ca, 'acme.b'));
    const { items } = await registry.trust.list({}, { limit: 10 });
    expect(items).toMatchObject([{ devicesMax: 1, devices: 1 }]);
  });

  it('is noted for many at once, each by itself', async () => {
    const { registry, add } = opened();
    const ca = await newCa();
    await add(ca, { profile: 'generic' });
    await registry.add({ enterprise: 'acme', device: 'old', profile: 'generic' });
    const pinning = (device: string, more: { authority?: string; notBeforeMs?: number } = {}) => ({
      enterprise: 'acme',
      device,
      certificate: {
        fingerprint: `${device}-${more.notBeforeMs ?? nowMs}`,
        notBeforeMs: nowMs,
        authority: fingerprint(ca),
        ...more,
      },
      nowMs,
    });
    await registry.trust.pin(pinning('known'));
    const answers = await registry.trust.pinMany([
      pinning('known'),
      pinning('new'),
      pinning('known', { notBeforeMs: nowMs - 1 }),
      pinning('old'),
      pinning('other', { authority: 'nobody' }),
      pinning('A/B'),
      pinning('new', { notBeforeMs: nowMs - 1 }),
    ]);
    const told = answers.map((answer) => (answer instanceof OnrampError ? answer.code : answer));
    expect(told).toEqual([
      false,
      true,
      'certificate.replaced',
      false,
      'certificate.untrusted',
      'registry.id-invalid',
      'certificate.replaced',
    ]);
    expect((await registry.device('acme', 'old'))!.certificate).not.toBeNull();
    expect(await registry.device('acme', 'other')).toBeNull();
  });

  it('costs nothing when it is shown again', async () => {
    const { registry, add, come, events } = opened();
    const ca = await newCa();
    await add(ca, { profile: 'generic' });
    const certificate = await signed(ca, 'acme.a');
    await Promise.all([come(certificate), come(certificate)]);
    const version = await registry.version();
    await come(certificate);
    expect(await registry.version()).toBe(version);
    expect(await events('a')).toHaveLength(2);
  });

  it('is replaced by a newer one only, and the older one is void', async () => {
    const { registry, clock, add, come } = opened();
    const [ca, other] = await Promise.all([newCa(), newCa()]);
    await add(ca, { profile: 'generic' });
    await add(other);
    const first = await signed(ca, 'acme.a', from(0));
    const sameTime = await signed(ca, 'acme.a', from(0));
    const second = await signed(other, 'acme.a', from(1));
    clock.advance(5 * dayMs);
    await come(first);
    expect(await failureOf(come(sameTime))).toMatchObject({ code: 'certificate.replaced' });
    await come(second);
    expect(await failureOf(come(first))).toMatchObject({ code: 'certificate.replaced' });
    expect((await registry.device('acme', 'a'))!.certificate).toMatchObject({
      fingerprint: fingerprintOf(second),
      authority: fingerprint(other),
    });
  });

  it('stays void when the device is registered anew', async () => {
    const { registry, clock, add, come } = opened();
    const ca = await newCa();
    await add(ca);
    await registry.add({ enterprise: 'acme', device: 'a', profile: 'generic' });
    const stolen = await signed(ca, 'acme.a', from(0));
    await come(stolen);
    const change = { atMs: nowMs, cause: 'stolen', actor: 'operator' };
    await registry.lives.apply([
      { ...change, enterprise: 'acme', device: 'a', event: 'revoke' as const },
    ]);
    await registry.add({ enterprise: 'acme', device: 'a', profile: 'generic', again: true });
    expect(await failureOf(come(stolen))).toMatchObject({ code: 'certificate.replaced' });
    clock.advance(5 * dayMs);
    await come(await signed(ca, 'acme.a', from(1)));
  });

  it('keeps a claim from taking the device over', async () => {
    const { registry, clock, add, come } = opened();
    const ca = await newCa();
    await add(ca, { profile: 'generic' });
    await come(await signed(ca, 'acme.sn-1'));
    const expiresAtMs = clock.nowMs() + dayMs;
    await registry.claims.issue(
      { enterprise: 'acme', id: 'c', expiresAtMs, devicesMax: 1 },
      'operator',
    );
    const claimed = registry.claims.provision({
      enterprise: 'acme',
      claim: 'c',
      serial: 'sn-1',
      secret: 'exactly-20-characte!',
      nowMs: clock.nowMs(),
    });
    expect(await failureOf(claimed)).toMatchObject({ code: 'claim.serial-taken' });
  });

  it('of another enterprise is not pinned, whoever signed it', async () => {
    const { registry, add } = opened();
    const ca = await newCa('other');
    await add(ca, { enterprise: 'other', profile: 'generic' });
    const certificate = await signed(ca, 'acme.a');
    const checked = checkClientCertificate(
      certificate,
      [...(await registry.authorities('acme')), ...(await registry.authorities('other'))],
      nowMs,
    );
    expect(checked).toMatchObject({ ok: false, code: 'certificate.untrusted' });
    const pin = registry.trust.pin({
      enterprise: 'acme',
      device: 'a',
      certificate: { fingerprint: 'f', notBeforeMs: nowMs, authority: fingerprint(ca) },
      nowMs,
    });
    expect(await failureOf(pin)).toMatchObject({ code: 'certificate.untrusted' });
    expect(await registry.device('acme', 'a')).toBeNull();
  });
});
