import { describe, expect, it } from 'vitest';
import type { NewDevice, Registry } from '../../../gateway/registry/registry.ts';
import type { LifeEvent } from '../../../model/device.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { failureOf, openEmpty } from './open.ts';

const device = { enterprise: 'acme', device: 'a', profile: 'generic' };

/** Lets events happen to `acme.a`, each of which must be allowed. */
async function happen(registry: Registry, ...events: LifeEvent[]): Promise<void> {
  const changes = events.map((event, i) => ({
    enterprise: 'acme',
    device: 'a',
    event,
    atMs: 1000 + i,
    cause: 'test',
    actor: 'system',
  }));
  for (const outcome of await registry.lives.apply(changes)) expect(outcome).not.toBeNull();
}

async function trail(registry: Registry) {
  const { items } = await registry.lives.audit({ enterprise: 'acme', device: 'a' }, { limit: 100 });
  return items.map(({ event, from, to, cause, actor }) => ({ event, from, to, cause, actor }));
}

describe('registering', () => {
  it('is in the audit trail, with who did it, of the device and of its new enterprise', async () => {
    const { registry } = openEmpty();
    await registry.add(device, 'token:abc');
    expect(await trail(registry)).toEqual([
      { event: 'register', from: null, to: 'registered', cause: 'registered', actor: 'token:abc' },
    ]);
    const all = await registry.lives.audit({ enterprise: 'acme' }, { limit: 10 });
    expect(all.items.map((entry) => entry.event)).toEqual(['register', 'enterprise-added']);
  });

  it('refuses a serial that another device of the enterprise has, and says which', async () => {
    const { registry } = openEmpty();
    await registry.add({ ...device, serial: 'sn-1' });
    const second = { ...device, device: 'b', serial: 'sn-1' };
    expect(await failureOf(registry.add(second))).toEqual({
      code: 'registry.serial-taken',
      details: ['sn-1 is the serial of acme.a (registered)'],
    });
    await registry.add({ ...second, enterprise: 'bolt' });
    await registry.add({ ...second, serial: undefined });
    await registry.add({ ...device, device: 'c' });
  });

  it('says of a revoked device how it comes back', async () => {
    const { registry } = openEmpty();
    await registry.add(device);
    await happen(registry, 'revoke');
    const { code, details } = await failureOf(registry.add(device));
    expect(code).toBe('registry.exists');
    expect(details.join(' ')).toMatch(/acme\.a .*revoked.*again/);
  });

  it('anew begins a new life: other secret, nothing of the old one but the audit trail', async () => {
    const { registry } = openEmpty();
    const first = await registry.add({ ...device, profile: 'agv', serial: 'sn-1' });
    await happen(registry, 'claim', 'issue', 'connect', 'store', 'revoke');
    const before = (await registry.get('acme', 'a'))!;
    expect(before).toMatchObject({ activatedAtMs: 1003, lastRowAtMs: 1003 });

    const second = await registry.add({ ...device, serial: 'sn-2', again: true }, 'token:abc');
    expect(second.secret).not.toBe(first.secret);
    const found = await registry.device('acme', 'a');
    expect(found!.secretHash).toEqual(secretHash(second.secret));
    expect(found).toMatchObject({ state: 'registered', group: null, certificate: null });
    expect(await registry.get('acme', 'a')).toEqual({
      ...before,
      profile: 'generic',
      serial: 'sn-2',
      state: 'registered',
      activatedAtMs: null,
      lastRowAtMs: null,
      revision: before.revision + 1,
    });
    expect((await trail(registry))[0]).toEqual({
      event: 'register',
      from: 'revoked',
      to: 'registered',
      cause: 'registered anew',
      actor: 'token:abc',
    });
    await registry.add({ ...device, device: 'new', again: true });
  });

  it.each<[string, LifeEvent[]]>([
    ['registered', []],
    ['active', ['connect', 'store']],
    ['suspended', ['suspend']],
  ])('anew is not possible for a device that is %s', async (state, events) => {
    const { registry } = openEmpty();
    const { secret } = await registry.add(device);
    await happen(registry, ...events);
    expect(await failureOf(registry.add({ ...device, again: true }))).toEqual({
      code: 'device.state-not-allowed',
      details: [`acme.a is ${state}`],
    });
    expect((await registry.device('acme', 'a'))!.secretHash).toEqual(secretHash(secret));
  });

  it('anew does not make a gateway a device, for others may name it', async () => {
    const { registry } = openEmpty();
    await registry.add({ ...device, kind: 'gateway' });
    await happen(registry, 'decommission');
    const again = registry.add({ ...device, again: true });
    expect((await failureOf(again)).code).toBe('registry.device-invalid');
    expect((await registry.get('acme', 'a'))!.state).toBe('decommissioned');
  });
});

describe('changing', () => {
  it('changes what it says and nothing else, and tells the audit trail what', async () => {
    const { registry } = openEmpty();
    await registry.add({ enterprise: 'acme', device: 'edge', kind: 'gateway' });
    await registry.add({ ...device, district: 'wujin', serial: 'sn-1' });
    const before = (await registry.get('acme', 'a'))!;
    const update = { profile: 'agv', gateway: 'edge', serial: null };
    const after = await registry.update('acme', 'a', update, 1, 'token:abc');
    expect(after).toEqual({
      ...before,
      profile: 'agv',
      gateway: 'edge',
      serial: undefined,
      revision: 2,
    });
    expect(await registry.get('acme', 'a')).toEqual(after);
    expect((await trail(registry))[0]).toEqual({
      event: 'changed',
      from: null,
      to: null,
      cause: 'profile: generic → agv; gateway:  → edge; serial: sn-1 → ',
      actor: 'token:abc',
    });
    const alone = await registry.update('acme', 'a', { gateway: null }, null, 'operator');
    expect(alone).toMatchObject({ gateway: undefined, profile: 'agv', revision: 3 });
  });

  it('refuses to overwrite a change that somebody else made', async () => {
    const { registry } = openEmpty();
    await registry.add(device);
    await registry.update('acme', 'a', { district: 'wujin' }, 1, 'one');
    const late = registry.update('acme', 'a', { district: 'liyang' }, 1, 'other');
    expect((await failureOf(late)).code).toBe('api.version-mismatch');
    await happen(registry, 'suspend');
    const blind = registry.update('acme', 'a', { district: 'liyang' }, 2, 'other');
    expect((await failureOf(blind)).code).toBe('api.version-mismatch');
    expect((await registry.get('acme', 'a'))!.district).toBe('wujin');
  });

  it('leaves the revision alone when nothing changes, and when rows come', async () => {
    const { registry } = openEmpty();
    await registry.add(device);
    await registry.update('acme', 'a', { profile: 'generic' }, 1, 'operator');
    await happen(registry, 'connect', 'store', 'silence', 'store');
    expect((await registry.get('acme', 'a'))!.revision).toBe(1);
    expect((await trail(registry)).map((entry) => entry.event)).not.toContain('changed');
  });

  it.each([
    ['registry.unknown-profile', { profile: 'press' }],
    ['registry.unknown-gateway', { gateway: 'b' }],
    ['registry.unknown-gateway', { gateway: 'a' }],
    ['registry.serial-taken', { serial: 'sn-b' }],
    ['registry.id-invalid', { serial: 'S 1' }],
    ['registry.device-invalid', { district: 'a b' }],
    ['registry.device-invalid', { industry: 'x' }],
  ])('refuses with %s', async (code, update) => {
    const { registry } = openEmpty();
    await registry.add(device);
    await registry.add({ ...device, device: 'b', serial: 'sn-b' });
    const before = await registry.get('acme', 'a');
    const failure = failureOf(registry.update('acme', 'a', update, null, 'operator'));
    expect(await failure).toMatchObject({ code });
    expect(await registry.get('acme', 'a')).toEqual(before);
  });

  it('refuses a device that is not there', async () => {
    const { registry } = openEmpty();
    const update = registry.update('acme', 'a', {}, null, 'operator');
    expect((await failureOf(update)).code).toBe('registry.not-found');
  });
});

describe('a new secret', () => {
  it('raises the revision, is in the audit trail, and leaves the state', async () => {
    const { registry } = openEmpty();
    await registry.add(device);
    await happen(registry, 'suspend');
    const { secret } = await registry.resetSecret('acme', 'a', undefined, 'token:abc');
    const found = await registry.device('acme', 'a');
    expect(found).toMatchObject({ state: 'suspended' });
    expect(found!.secretHash).toEqual(secretHash(secret));
    expect((await registry.get('acme', 'a'))!.revision).toBe(3);
    expect((await trail(registry))[0]).toMatchObject({
      event: 'secret-reset',
      actor: 'token:abc',
    });
    expect(JSON.stringify(await registry.lives.audit({}, { limit: 100 }))).not.toContain(secret);
  });

  it('of a device that claimed does not expire with the credential of the claim', async () => {
    const { registry } = openEmpty();
    await registry.add(device);
    await happen(registry, 'claim');
    await happen(registry, 'issue');
    const { secret } = await registry.resetSecret('acme', 'a');
    expect(await registry.lives.expireUnused(Number.MAX_SAFE_INTEGER, 1)).toEqual([]);
    const found = await registry.device('acme', 'a');
    expect(found).toMatchObject({ state: 'provisioned', secretHash: secretHash(secret) });
  });

  it.each<[string, LifeEvent[]]>([
    ['revoked', ['revoke']],
    ['decommissioned', ['decommission']],
    ['rejected', ['claim', 'reject']],
    ['expired', ['claim', 'expire']],
  ])('is not given to a device that is %s', async (state, events) => {
    const { registry } = openEmpty();
    const { secret } = await registry.add(device);
    await happen(registry, ...events);
    expect(await failureOf(registry.resetSecret('acme', 'a'))).toEqual({
      code: 'device.state-not-allowed',
      details: [`acme.a is ${state}`],
    });
    expect((await registry.device('acme', 'a'))!.secretHash).toEqual(secretHash(secret));
  });
});

describe('counts', () => {
  it('follow every way of changing the directory', async () => {
    const { registry } = openEmpty();
    const counted = async () => {
      const { enterprises, devices, productionDevices } = await registry.counts();
      return [enterprises, devices, productionDevices];
    };
    expect(await counted()).toEqual([0, 0, 0]);
    await registry.add({ ...device, profile: 'env-sensor' });
    expect(await counted()).toEqual([1, 1, 0]);
    await registry.update('acme', 'a', { profile: 'agv' }, null, 'operator');
    expect(await counted()).toEqual([1, 1, 1]);
    await registry.addEnterprise({ id: 'bolt' });
    expect(await counted()).toEqual([2, 1, 1]);
    const row: NewDevice & { row: number } = { ...device, row: 2, device: 'b', profile: 'agv' };
    await registry.importDevices(
      (async function* () {
        yield row;
      })(),
    );
    expect(await counted()).toEqual([2, 2, 2]);
    await registry.add({ ...device, device: 'c', profile: 'env-sensor' });
    expect(await counted()).toEqual([2, 3, 2]);
  });
});
