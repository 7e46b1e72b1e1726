/** Every way in: what lets a device in, what does not, and what a refusal gives away. */

import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type CertifiedKey,
  createDevelopmentCa,
  signDeviceCertificate,
} from '../../../gateway/commands/development-ca.ts';
import type { PinnedCertificate, StoredAuthority } from '../../../gateway/registry/authorities.ts';
import { fingerprintOf } from '../../../gateway/registry/certificate-check.ts';
import type { StoredClaim } from '../../../gateway/registry/claims.ts';
import { type DeviceState, deviceStates, mayConnect } from '../../../model/device.ts';
import { OnrampError } from '../../../model/errors.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { groupSecret } from '../../../model/group-secret.ts';
import { secret, World } from './mqtt-world.ts';

const dayMs = 86_400_000;

/** Why the last CONNECT was refused. */
function reason(world: World): string | null | undefined {
  return world.events.findLast(({ kind }) => kind === 'refused')?.code;
}

describe('a secret', () => {
  test.each(deviceStates)('of a device that is %s', async (state) => {
    const world = await World.start();
    world.add('acme.press-1', { state });
    const codes: Partial<Record<DeviceState, string>> = {
      suspended: 'device.suspended',
      revoked: 'device.revoked',
      decommissioned: 'device.revoked',
      expired: 'device.credential-expired',
      rejected: 'device.credential-expired',
      claiming: 'device.credential-expired',
    };
    expect((await world.connect('press-1')).code).toBe(mayConnect(state) ? 0 : 5);
    expect(reason(world)).toBe(codes[state]);
  });

  test('that is wrong tells nothing of the state, nor whether the device exists', async () => {
    const world = await World.start();
    world.add('acme.press-1', { state: 'suspended' });
    world.add('acme.press-2');
    for (const name of ['press-1', 'press-2', 'nobody']) {
      expect((await world.connect(name, 'wrong')).code).toBe(4);
      expect(reason(world)).toBe('connect.bad-credentials');
    }
  });

  test.each<[string, object, number]>([
    ['a client id of another device', { clientId: 'acme.press-2' }, 2],
    ['a client id of a claim', { clientId: 'acme.claim.press-1' }, 2],
    ['a user name of another enterprise', { username: 'rival/press-1' }, 4],
    ['no password', { password: undefined }, 4],
    ['an empty password', { password: Buffer.alloc(0) }, 4],
    ['a user name of three parts', { username: 'acme/press-1/x' }, 4],
    ['a reserved name', { username: 'acme/claim' }, 4],
  ])('with %s is refused', async (_what, more, code) => {
    const world = await World.start();
    world.add('acme.press-1');
    world.add('acme.press-2');
    expect((await world.connect('press-1', secret, more)).code).toBe(code);
  });
});

describe('a group key', () => {
  const key = Buffer.alloc(64, 7);

  async function start(enrolled: (world: World) => void) {
    const world: World = await World.start({ ask: async () => enrolled(world) });
    const counts = { devicesMax: 1, devices: 0 };
    const entry = { name: '', profile: 'generic', createdAtMs: 0, revokedAtMs: null, ...counts };
    world.groups.push({ ...entry, enterprise: 'rival', id: 'their', key: Buffer.alloc(64, 9) });
    world.groups.push({ ...entry, enterprise: 'acme', id: 'older', key: Buffer.alloc(64, 8) });
    world.groups.push({ ...entry, enterprise: 'acme', id: 'line-3', key });
    return world;
  }
  const enrol = (device: string) => (world: World) =>
    world.add(`acme.${device}`, { secretHash: secretHash(groupSecret(key, device)) });

  test('enrols a device that nobody registered; then it is known by its own secret', async () => {
    const world = await start(enrol('sn-1'));
    const derived = groupSecret(key, 'sn-1');
    expect((await world.connect('sn-1', derived)).code).toBe(0);
    const question = { kind: 'enrol', enterprise: 'acme', group: 'line-3', device: 'sn-1' };
    expect(world.questions).toEqual([{ ...question, secret: derived }]);
    expect((await world.connect('sn-1', derived)).code).toBe(0);
    expect(world.questions).toHaveLength(1);
  });

  test.each([
    ['of another device', groupSecret(key, 'sn-2')],
    ["of another enterprise's group", groupSecret(Buffer.alloc(64, 9), 'sn-1')],
    ['of nobody', secret],
  ])('does not let in with a secret %s', async (_whose, password) => {
    const world = await start(enrol('sn-1'));
    expect((await world.connect('sn-1', password)).code).toBe(4);
    expect(world.questions).toEqual([]);
  });

  test('does not enrol under a client id of another', async () => {
    const world = await start(enrol('sn-1'));
    const other = { clientId: 'acme.sn-2' };
    expect((await world.connect('sn-1', groupSecret(key, 'sn-1'), other)).code).toBe(2);
    expect(world.questions).toEqual([]);
  });

  test('does not override a device that is registered by itself', async () => {
    const world = await start(enrol('sn-1'));
    world.add('acme.sn-1', { state: 'revoked' });
    expect((await world.connect('sn-1', groupSecret(key, 'sn-1'))).code).toBe(4);
    expect(world.questions).toEqual([]);
  });

  test('that was revoked meanwhile lets nobody in, and the reason is told', async () => {
    const world = await start(() => {
      throw new OnrampError('group.invalid', 'line-3');
    });
    expect((await world.connect('sn-1', groupSecret(key, 'sn-1'))).code).toBe(5);
    expect(world.events).toMatchObject([{ code: 'group.invalid', detail: 'line-3' }]);
  });

  test('that cannot be read lets nobody in, and the reason is told and counted', async () => {
    const world = await start(enrol('sn-1'));
    world.groupsFailure = new OnrampError('group.key-unreadable', 'acme/line-3');
    expect((await world.connect('sn-1', groupSecret(key, 'sn-1'))).code).toBe(5);
    expect(world.events).toMatchObject([{ code: 'group.key-unreadable', detail: 'acme/line-3' }]);
    expect(world.source.stats().refusals).toEqual({ 'group.key-unreadable': 1 });
  });

  test('when nobody answers in time the device may try again', async () => {
    const world = await start(() => {
      throw new OnrampError('connect.busy');
    });
    expect((await world.connect('sn-1', groupSecret(key, 'sn-1'))).code).toBe(3);
  });
});

describe('a claim', () => {
  const claim: StoredClaim = {
    enterprise: 'acme',
    id: 'batch-7',
    name: '',
    createdAtMs: 0,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    devicesMax: 10,
    devices: 0,
    profile: 'generic',
    serials: null,
    revokedAtMs: null,
    secretHash: secretHash(secret),
  };
  const present = (more = {}) => ({
    clientId: 'acme.claim.sn-1',
    username: 'acme/claim/batch-7',
    password: Buffer.from(secret),
    ...more,
  });

  test.each<[string, Partial<StoredClaim>, object, number, string | undefined]>([
    ['that is right', {}, {}, 0, undefined],
    ['that is spent, for its last answer may be lost', { devices: 10 }, {}, 0, undefined],
    ['that expired', { expiresAtMs: 1 }, {}, 5, 'claim.expired'],
    ['that was revoked', { revokedAtMs: 1 }, {}, 5, 'claim.revoked'],
    ['with a wrong secret', {}, { password: Buffer.from('wrong') }, 4, 'claim.invalid'],
    ['expired, and wrong', { expiresAtMs: 1 }, { password: Buffer.from('x') }, 4, 'claim.invalid'],
    ['without a secret', {}, { password: undefined }, 4, 'claim.invalid'],
    ['that does not exist', {}, { username: 'acme/claim/forged' }, 4, 'claim.invalid'],
    ["of another's", {}, { username: 'rival/claim/batch-7' }, 4, undefined],
    ['under a device id', {}, { clientId: 'acme.sn-1' }, 2, undefined],
    ['under no serial', {}, { clientId: 'acme.claim.' }, 2, undefined],
    ["under another's name", {}, { clientId: 'rival.claim.sn-1' }, 2, undefined],
  ])('%s', async (_what, stored, presented, code, told) => {
    const world = await World.start();
    world.claims.set('acme/batch-7', { ...claim, ...stored });
    expect((await world.open(present(presented))).code).toBe(code);
    expect(reason(world)).toBe(told);
    const opened = { client: 'acme.claim.sn-1' };
    expect(world.changes).toMatchObject(code === 0 ? [opened] : []);
  });

  test('with a list lets in who is on it, and tells no one else without its secret', async () => {
    const world = await World.start();
    world.claims.set('acme/batch-7', { ...claim, serials: 1 });
    world.listed.add('acme/batch-7/sn-1');
    expect((await world.open(present())).code).toBe(0);
    const unlisted = { clientId: 'acme.claim.sn-2' };
    expect((await world.open(present(unlisted))).code).toBe(5);
    expect(world.events.at(-1)).toMatchObject({ code: 'claim.serial-not-allowed', detail: 'sn-2' });
    const guessed = { ...unlisted, password: Buffer.from('wrong') };
    expect((await world.open(present(guessed))).code).toBe(4);
    expect(reason(world)).toBe('claim.invalid');
  });
});

describe('a client certificate', () => {
  const validity = { notBeforeMs: Date.now() - dayMs, days: 30 };
  let ca: CertifiedKey;
  let rivalCa: CertifiedKey;
  let server: CertifiedKey;

  const sign = (by = ca, device = 'press-1', when = validity, enterprise = 'acme') =>
    signDeviceCertificate(by, { enterprise, device }, when);

  beforeAll(async () => {
    [ca, rivalCa, server] = await Promise.all([
      createDevelopmentCa('acme', { notBeforeMs: Date.now() - 100 * dayMs, days: 300 }),
      createDevelopmentCa('rival', { notBeforeMs: Date.now() - 100 * dayMs, days: 300 }),
      createDevelopmentCa('gateway', validity),
    ]);
  });

  function authority(of: CertifiedKey, more: Partial<StoredAuthority> = {}): StoredAuthority {
    const certificate = new X509Certificate(of.certificate);
    return {
      enterprise: 'acme',
      fingerprint: fingerprintOf(certificate),
      name: '',
      subject: certificate.subject,
      certificate: of.certificate,
      notBeforeMs: 0,
      notAfterMs: Number.MAX_SAFE_INTEGER,
      profile: null,
      createdAtMs: 0,
      revokedAtMs: null,
      devicesMax: null,
      devices: 0,
      ...more,
    };
  }

  /** A gateway whose registry pins what it is told to pin. */
  async function start(more: Partial<StoredAuthority> = {}): Promise<World> {
    const world: World = await World.start({
      tls: { key: server.key, cert: server.certificate },
      ask: async (question) => {
        if (question.kind !== 'pin') throw new Error(question.kind);
        const { certificate, device } = question;
        const key = `acme.${device}`;
        world.add(key, { ...world.devices.get(key), certificate });
      },
    });
    world.authorities.push(authority(ca, more));
    return world;
  }

  test('lets its device in at once, and is asked to be remembered once', async () => {
    const world = await start();
    world.add('acme.press-1');
    const certified = await sign();
    for (let i = 0; i < 2; i++) {
      const { code } = await world.openTls({ clientId: 'acme.press-1' }, certified);
      expect(code).toBe(0);
    }
    expect(world.questions).toMatchObject([{ kind: 'pin', device: 'press-1' }]);
    expect(world.changes[0]).toMatchObject({ client: 'acme.press-1' });
  });

  test('of a device nobody registered needs an authority that vouches for such', async () => {
    const strict = await start();
    const certified = await sign();
    const packet = { clientId: 'acme.press-1' };
    expect((await strict.openTls(packet, certified)).code).toBe(5);
    expect(reason(strict)).toBe('certificate.untrusted');
    expect(strict.questions).toEqual([]);
    const vouching = await start({ profile: 'generic' });
    expect((await vouching.openTls(packet, certified)).code).toBe(0);
  });

  test('a newer one takes its place, and then the older one is void', async () => {
    const world = await start();
    world.add('acme.press-1');
    const older = await sign();
    const newer = await sign(ca, 'press-1', { ...validity, notBeforeMs: Date.now() - dayMs / 2 });
    const packet = { clientId: 'acme.press-1' };
    expect((await world.openTls(packet, older)).code).toBe(0);
    expect((await world.openTls(packet, newer)).code).toBe(0);
    expect((await world.openTls(packet, older)).code).toBe(5);
    expect(reason(world)).toBe('certificate.replaced');
    expect(world.questions).toHaveLength(2);
  });

  test.each<[string, () => Promise<CertifiedKey>, string]>([
    ["of another enterprise's authority", () => sign(rivalCa), 'certificate.untrusted'],
    [
      'that names a device of another enterprise',
      () => sign(ca, 'press-1', validity, 'rival'),
      'certificate.untrusted',
    ],
    [
      'that expired',
      () => sign(ca, 'press-1', { notBeforeMs: Date.now() - 10 * dayMs, days: 2 }),
      'certificate.out-of-date',
    ],
    [
      'that is not yet valid',
      () => sign(ca, 'press-1', { notBeforeMs: Date.now() + dayMs, days: 2 }),
      'certificate.out-of-date',
    ],
    ['of the authority itself', async () => ca, 'certificate.invalid'],
  ])('%s is refused', async (_what, certified, code) => {
    const world = await start({ profile: 'generic' });
    world.add('acme.press-1');
    const { code: returnCode } = await world.openTls(
      { clientId: 'acme.press-1' },
      await certified(),
    );
    expect(returnCode).toBe(5);
    expect(reason(world)).toBe(code);
    expect(world.questions).toEqual([]);
  });

  test('under the client id of another device is refused', async () => {
    const world = await start();
    world.add('acme.press-1');
    world.add('acme.press-2');
    expect((await world.openTls({ clientId: 'acme.press-2' }, await sign())).code).toBe(2);
  });

  test.each<[string, string | undefined, number]>([
    ['no user name', undefined, 0],
    ['an empty one', '', 0],
    ['its own', 'acme/press-1', 0],
    ['that of another device', 'acme/press-2', 4],
    ["another enterprise's", 'rival/press-1', 4],
    ['that of a claim', 'acme/claim/batch', 4],
    ['any other', 'press-1', 4],
  ])('with %s', async (_what, username, code) => {
    const world = await start();
    world.add('acme.press-1');
    const packet = { clientId: 'acme.press-1', ...(username === undefined ? {} : { username }) };
    expect((await world.openTls(packet, await sign())).code).toBe(code);
    const refusals = code === 0 ? {} : { 'connect.username-mismatch': 1 };
    expect(world.source.stats().refusals).toEqual(refusals);
    expect(world.questions).toHaveLength(code === 0 ? 1 : 0);
  });

  test('pinned by an authority that was revoked lets nobody in', async () => {
    const world = await start();
    const certified = await sign();
    const certificate: PinnedCertificate = {
      fingerprint: fingerprintOf(new X509Certificate(certified.certificate)),
      notBeforeMs: validity.notBeforeMs,
      authority: 'an authority that is gone',
    };
    world.add('acme.press-1', { certificate });
    expect((await world.openTls({ clientId: 'acme.press-1' }, certified)).code).toBe(5);
    expect(reason(world)).toBe('certificate.untrusted');
  });

  test('of a suspended device is not remembered, and the state is told', async () => {
    const world = await start();
    world.add('acme.press-1', { state: 'suspended' });
    expect((await world.openTls({ clientId: 'acme.press-1' }, await sign())).code).toBe(5);
    expect(reason(world)).toBe('device.suspended');
    expect(world.questions).toEqual([]);
  });

  test('beside a password is not asked for', async () => {
    const world = await start();
    world.add('acme.press-1');
    const packet = { clientId: 'acme.press-1', username: 'acme/press-1' };
    const wrong = { ...packet, password: Buffer.from('wrong') };
    expect((await world.openTls(wrong, await sign())).code).toBe(4);
    const right = { ...packet, password: Buffer.from(secret) };
    expect((await world.openTls(right, await sign(rivalCa))).code).toBe(0);
  });
});
