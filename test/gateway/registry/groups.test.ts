import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NewGroup } from '../../../gateway/registry/groups.ts';
import { openReader, openRegistry } from '../../../gateway/registry/sqlite/sqlite.ts';
import { voidedPerPart } from '../../../gateway/registry/sqlite/void-secrets.ts';
import { type LifeEvent, wordOf } from '../../../model/device.ts';
import { OnrampError } from '../../../model/errors.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { groupSecret } from '../../../model/group-secret.ts';
import { limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { failureOf, openEmpty } from './open.ts';

function opened() {
  const clock = new VirtualClock();
  const { registry, reader, path } = openEmpty(clock);
  const create = (more: Partial<NewGroup> = {}) =>
    registry.groupKeys.create(
      { enterprise: 'acme', id: 'line-2', profile: 'generic', ...more },
      'operator',
    );
  /** The device comes with the secret that derives from the base64 of `key`. */
  const enrol = (device: string, key: string, group = 'line-2') =>
    registry.groupKeys.enrol({
      enterprise: 'acme',
      group,
      device,
      secret: groupSecret(Buffer.from(key, 'base64'), device),
      nowMs: clock.nowMs(),
    });
  const list = async () => (await registry.groupKeys.list({}, { limit: 100 })).items;
  const events = async (device?: string) => {
    const { items } = await registry.lives.audit({ enterprise: 'acme', device }, { limit: 100 });
    return items.map(({ event, actor, cause }) => [event, actor, cause]).reverse();
  };
  return { clock, registry, reader, path, create, enrol, list, events };
}

describe('creating a group key', () => {
  it('registers the enterprise, shows the key once and keeps it encrypted', async () => {
    const { registry, reader, path, clock, create } = opened();
    const { entry, key } = await create({ name: '二号线' });
    expect(Buffer.from(key, 'base64')).toHaveLength(64);
    expect(entry).toEqual({
      enterprise: 'acme',
      id: 'line-2',
      name: '二号线',
      profile: 'generic',
      createdAtMs: clock.nowMs(),
      revokedAtMs: null,
      devicesMax: limits.enrolledDevicesDefault,
      devices: 0,
    });
    expect(await registry.enterprise('acme')).not.toBeNull();
    expect(await reader().groups('acme')).toEqual([{ ...entry, key: Buffer.from(key, 'base64') }]);
    expect(await reader().groups('other')).toEqual([]);
    const files = [path, `${path}-wal`].map((file) => readFileSync(file));
    for (const file of files) {
      expect(file.includes(Buffer.from(key, 'base64'))).toBe(false);
      expect(file.includes(key)).toBe(false);
    }
  });

  it('takes a key that was brought along, and makes an id', async () => {
    const { create } = opened();
    const key = randomBytes(32).toString('base64');
    const made = await create({ key, id: undefined });
    expect(made.key).toBe(key);
    expect(made.entry.id).toMatch(/^g-[0-9a-f]{12}$/);
    await create({ key: key.replace(/=+$/, ''), id: 'unpadded' });
  });

  it.each([
    ['registry.id-invalid', { enterprise: 'a.b' }],
    ['registry.id-invalid', { id: 'Line' }],
    ['registry.unknown-profile', { profile: 'press' }],
    ['registry.device-invalid', { name: 'x'.repeat(limits.textCharsMax + 1) }],
    ['registry.device-invalid', { devicesMax: 0 }],
    ['registry.device-invalid', { devicesMax: limits.enrolledDevicesMax + 1 }],
    ['registry.device-invalid', { key: Buffer.alloc(31).toString('base64') }],
    ['registry.device-invalid', { key: Buffer.alloc(129).toString('base64') }],
    ['registry.device-invalid', { key: `${Buffer.alloc(32).toString('base64')} !` }],
  ])('refuses with %s', async (code, more) => {
    const { registry, create } = opened();
    expect(await failureOf(create(more))).toMatchObject({ code });
    expect(await registry.enterprise('acme')).toBeNull();
  });

  it('keeps as many as an enterprise may have; revoked ones make room', async () => {
    const { registry, clock, create, list } = opened();
    const max = limits.groupsPerEnterpriseMax;
    for (let i = 0; i < max; i++) await create({ id: `g-${i}` });
    expect(await failureOf(create())).toMatchObject({ code: 'registry.too-many' });
    expect(await failureOf(create({ id: 'g-1' }))).toMatchObject({ code: 'registry.exists' });
    for (let i = 0; i < max; i++) {
      clock.advance(1);
      await registry.groupKeys.revoke('acme', `g-${i}`, 'operator');
    }
    await create();
    const ids = (await list()).map(({ id }) => id);
    expect(ids).toHaveLength(max);
    expect(ids).not.toContain('g-0');
  });

  it('cannot be read under another sealing key, and says so', async () => {
    const { path, create } = opened();
    await create();
    const reader = openReader(path, Buffer.alloc(32, 9));
    const failure = await failureOf(reader.groups('acme'));
    reader.close();
    expect(failure).toEqual({ code: 'group.key-unreadable', details: ['acme/line-2'] });
  });
});

describe('enrolling a device', () => {
  it('registers it with the profile of the group and the hash of its secret', async () => {
    const { registry, reader, create, enrol, list, events } = opened();
    await registry.addEnterprise({ id: 'acme', district: 'wujin', industry: '34' });
    const { key } = await create();
    await enrol('press-1', key);
    expect(await reader().device('acme', 'press-1')).toMatchObject({
      kind: 'device',
      profile: 'generic',
      district: 'wujin',
      industry: '34',
      state: 'registered',
      group: 'line-2',
      secretHash: secretHash(groupSecret(Buffer.from(key, 'base64'), 'press-1')),
    });
    expect(await events('press-1')).toEqual([
      ['register', 'group:line-2', 'came with the secret of a group'],
    ]);
    expect((await list())[0]!.devices).toBe(1);
  });

  it('leaves a device alone that is registered, also when two workers ask at once', async () => {
    const { registry, create, enrol, list } = opened();
    const { key } = await create();
    await registry.add({ enterprise: 'acme', device: 'a', profile: 'cnc-machining-centre' });
    const before = await registry.device('acme', 'a');
    await enrol('a', key);
    expect(await registry.device('acme', 'a')).toEqual(before);
    await Promise.all([enrol('b', key), enrol('b', key)]);
    expect((await list())[0]!.devices).toBe(1);
  });

  it('is refused by a group that is none, revoked, or of another enterprise', async () => {
    const { registry, create, enrol } = opened();
    const { key } = await create();
    await create({ enterprise: 'other', id: 'foreign' });
    const refused = { code: 'group.invalid' };
    expect(await failureOf(enrol('a', key, 'line-9'))).toMatchObject(refused);
    expect(await failureOf(enrol('a', key, 'foreign'))).toMatchObject(refused);
    const revoked = registry.groupKeys.revoke('acme', 'line-2', 'operator');
    const raced = failureOf(enrol('a', key));
    await revoked;
    expect(await raced).toMatchObject(refused);
    expect(await registry.device('acme', 'a')).toBeNull();
  });

  it('stops when the key has enrolled as many as it may; those it knows come back', async () => {
    const { registry, create, enrol, list } = opened();
    const { key } = await create({ devicesMax: 2 });
    expect([await enrol('a', key), await enrol('b', key)]).toEqual([true, true]);
    expect(await failureOf(enrol('c', key))).toMatchObject({ code: 'group.spent' });
    expect(await enrol('a', key)).toBe(false);
    expect(await registry.device('acme', 'c')).toBeNull();
    expect((await list())[0]).toMatchObject({ devicesMax: 2, devices: 2 });
  });

  it('answers many at once, each by itself', async () => {
    const { registry, clock, create } = opened();
    await create({ devicesMax: 2 });
    const devices = ['a', 'A/B', 'b', 'a', 'c'];
    const answers = await registry.groupKeys.enrolMany(
      devices.map((device) => ({
        enterprise: 'acme',
        group: 'line-2',
        device,
        secret: `the secret of device ${device}`,
        nowMs: clock.nowMs(),
      })),
    );
    const told = answers.map((answer) => (answer instanceof OnrampError ? answer.code : answer));
    expect(told).toEqual([true, 'registry.id-invalid', true, false, 'group.spent']);
    expect((await registry.device('acme', 'b'))!.secretHash).toEqual(
      secretHash('the secret of device b'),
    );
    expect(await registry.device('acme', 'c')).toBeNull();
  });

  it('refuses an id that is none', async () => {
    const { create, enrol } = opened();
    const { key } = await create();
    expect(await failureOf(enrol('A/B', key))).toMatchObject({ code: 'registry.id-invalid' });
  });
});

describe('revoking a group key', () => {
  it('voids the secrets that derive from it, and no others', async () => {
    const { registry, reader, create, enrol, list, events } = opened();
    const { key } = await create();
    await create({ id: 'line-3' });
    await enrol('b', key);
    await enrol('a', key);
    await enrol('c', key);
    const own = await registry.resetSecret('acme', 'c');
    await registry.add({ enterprise: 'acme', device: 'd', profile: 'generic' });
    const untouched = await registry.device('acme', 'd');

    const { entry, voided } = await registry.groupKeys.revoke('acme', 'line-2', 'token:t1');
    expect(voided).toEqual(['a', 'b']);
    expect(entry).toMatchObject({ id: 'line-2', devices: 3 });
    expect(entry.revokedAtMs).not.toBeNull();
    expect((await reader().groups('acme')).map(({ id }) => id)).toEqual(['line-3']);
    const [a, b] = [await registry.device('acme', 'a'), await registry.device('acme', 'b')];
    for (const device of [a!, b!]) {
      const derived = groupSecret(Buffer.from(key, 'base64'), device.device);
      expect(device.secretHash).not.toEqual(secretHash(derived));
      expect(device).toMatchObject({ state: 'suspended', group: null });
    }
    expect(a!.secretHash).not.toEqual(b!.secretHash);
    expect((await registry.device('acme', 'c'))!.secretHash).toEqual(secretHash(own.secret));
    expect(await registry.device('acme', 'd')).toEqual(untouched);
    expect((await events('a')).slice(-2)).toEqual([
      ['secret-voided', 'token:t1', 'group key line-2 was revoked'],
      ['suspend', 'token:t1', 'group key line-2 was revoked'],
    ]);
    expect(await list()).toHaveLength(2);
  });

  it('suspends its devices, so that people see them blocked, until they are resumed', async () => {
    const { registry, clock, create, enrol } = opened();
    const { key } = await create();
    const atMs = clock.nowMs();
    const happen = (device: string, ...names: LifeEvent[]) =>
      registry.lives.apply(
        names.map((event) => ({
          ...{ enterprise: 'acme', device, event, atMs },
          cause: 'test',
          actor: 'test',
        })),
      );
    const lives: Record<string, LifeEvent[]> = {
      new: [],
      connected: ['connect'],
      active: ['connect', 'store'],
      paused: ['connect', 'store', 'suspend'],
      gone: ['connect', 'revoke'],
    };
    for (const [device, events] of Object.entries(lives)) {
      await enrol(device, key);
      await happen(device, ...events);
    }
    const before = (await registry.get('acme', 'active'))!.revision;
    const { voided } = await registry.groupKeys.revoke('acme', 'line-2', 'operator');
    expect(voided).toEqual(Object.keys(lives).sort());
    const state = async (device: string) => (await registry.get('acme', device))!.state;
    for (const device of ['new', 'connected', 'active', 'paused']) {
      expect(wordOf(await state(device))).toBe('blocked');
    }
    expect(await state('gone')).toBe('revoked');
    expect((await registry.get('acme', 'active'))!.revision).toBeGreaterThan(before);
    const { items } = await registry.lives.audit(
      { enterprise: 'acme', device: 'connected' },
      { limit: 1 },
    );
    expect(items[0]).toMatchObject({ event: 'suspend', from: 'connected', to: 'suspended' });

    for (const device of Object.keys(lives).slice(0, 4)) {
      const { secret } = await registry.resetSecret('acme', device);
      await happen(device, 'resume');
      expect((await registry.device('acme', device))!.secretHash).toEqual(secretHash(secret));
    }
    expect(await state('new')).toBe('registered');
    expect(await state('connected')).toBe('connected');
    for (const device of ['active', 'paused']) expect(await state(device)).toBe('inactive');
    const again = await registry.groupKeys.revoke('acme', 'line-2', 'operator');
    expect(again.voided).toEqual([]);
    expect(await state('active')).toBe('inactive');
  });

  it('lets others write between parts of very many devices', async () => {
    const { registry, clock, create, list } = opened();
    await create();
    const count = 2 * voidedPerPart + 1;
    const devices = Array.from({ length: count }, (_, i) => ({
      enterprise: 'acme',
      group: 'line-2',
      device: `d${i}`,
      secret: `the secret of device ${i}`,
      nowMs: clock.nowMs(),
    }));
    await registry.groupKeys.enrolMany(devices);
    let done = false;
    const revoked = registry.groupKeys.revoke('acme', 'line-2', 'operator').finally(() => {
      done = true;
    });
    while ((await registry.device('acme', 'd0'))!.group !== null) await nextTurn();
    await registry.add({ enterprise: 'acme', device: 'between', profile: 'generic' });
    expect(done).toBe(false);
    const { voided } = await revoked;
    expect(new Set(voided)).toEqual(new Set(devices.map(({ device }) => device)));
    const hashes = new Set<string>();
    for (const { device, secret } of devices) {
      const found = (await registry.device('acme', device))!;
      expect(found.group).toBeNull();
      expect(found.secretHash).not.toEqual(secretHash(secret));
      hashes.add(found.secretHash.toString('hex'));
    }
    expect(hashes.size).toBe(count);
    expect((await list())[0]!.devices).toBe(count);
  });

  it('goes on where a crash left it, before anybody can come', async () => {
    const { registry, path, clock, create, enrol } = opened();
    const { key } = await create();
    const { key: other } = await create({ id: 'line-3' });
    await enrol('a', key);
    await enrol('b', other, 'line-3');
    await registry.close();
    const db = new DatabaseSync(path);
    db.exec("UPDATE group_key SET revoked_at_ms = 1, sealed_key = x'' WHERE id = 'line-2'");
    db.close();
    const again = openRegistry({ path, clock, sealKey: Buffer.alloc(32, 1) });
    onTestFinished(() => again.close());
    const found = (await again.device('acme', 'a'))!;
    expect(found.group).toBeNull();
    const derived = groupSecret(Buffer.from(key, 'base64'), 'a');
    expect(found.secretHash).not.toEqual(secretHash(derived));
    expect((await again.device('acme', 'b'))!.group).toBe('line-3');
    const { items } = await again.lives.audit({ enterprise: 'acme', device: 'a' }, { limit: 1 });
    expect(items[0]).toMatchObject({ event: 'suspend', actor: 'system' });
    expect(found.state).toBe('suspended');
  });

  it('happens once, and only to what there is', async () => {
    const { registry, create, enrol, events } = opened();
    const { key } = await create();
    await enrol('a', key);
    await registry.groupKeys.revoke('acme', 'line-2', 'operator');
    const count = (await events()).length;
    const again = await registry.groupKeys.revoke('acme', 'line-2', 'operator');
    expect(again.voided).toEqual([]);
    expect(await events()).toHaveLength(count);
    const none = registry.groupKeys.revoke('acme', 'line-9', 'operator');
    expect(await failureOf(none)).toMatchObject({ code: 'registry.not-found' });
  });
});
