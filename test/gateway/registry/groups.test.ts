import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { NewGroup } from '../../../gateway/registry/groups.ts';
import { openReader } from '../../../gateway/registry/sqlite.ts';
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
      expect(device).toMatchObject({ state: 'registered', group: null });
    }
    expect(a!.secretHash).not.toEqual(b!.secretHash);
    expect((await registry.device('acme', 'c'))!.secretHash).toEqual(secretHash(own.secret));
    expect(await registry.device('acme', 'd')).toEqual(untouched);
    expect((await events('a')).at(-1)).toEqual([
      'secret-voided',
      'token:t1',
      'group line-2 was revoked',
    ]);
    expect(await list()).toHaveLength(2);
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
