import { timingSafeEqual } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { claimProblem, type NewClaim } from '../../../gateway/registry/claims.ts';
import type { Registry } from '../../../gateway/registry/registry.ts';
import { buildCity } from '../../../model/city.ts';
import { fleetSecret, secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { failureOf, openEmpty } from './open.ts';

const hourMs = 3_600_000;

function opened() {
  const clock = new VirtualClock();
  const expiresAtMs = clock.nowMs() + hourMs;
  return { clock, expiresAtMs, ...openEmpty(clock) };
}

function newClaim(expiresAtMs: number, more: Partial<NewClaim> = {}): NewClaim {
  return { enterprise: 'acme', id: 'line-2', expiresAtMs, devicesMax: 3, ...more };
}

async function events(registry: Registry) {
  const { items } = await registry.lives.audit({ enterprise: 'acme' }, { limit: 100 });
  return items.map(({ event, actor, cause }) => [event, actor, cause]);
}

describe('issuing a claim', () => {
  it('registers the enterprise, shows the secret once and stores its hash', async () => {
    const { registry, reader, clock, expiresAtMs } = opened();
    const { entry, secret } = await registry.claims.issue(newClaim(expiresAtMs), 'token:t1');
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(entry).toEqual({
      enterprise: 'acme',
      id: 'line-2',
      name: 'line-2',
      createdAtMs: clock.nowMs(),
      expiresAtMs,
      devicesMax: 3,
      devices: 0,
      profile: null,
      serials: null,
      revokedAtMs: null,
    });
    expect(await registry.enterprise('acme')).toMatchObject({ district: 'unknown' });
    const stored = await reader().claim('acme', 'line-2');
    expect(stored).toEqual({ ...entry, secretHash: secretHash(secret) });
    expect(await registry.claims.get('acme', 'line-2')).toEqual(entry);
    expect((await events(registry))[0]).toEqual([
      'claim-issued',
      'token:t1',
      'line-2: 3 devices until 2026-01-01T01:00:00.000Z',
    ]);
  });

  it('a forged secret, an unknown claim and another enterprise have no hash that fits', async () => {
    const { registry, reader, expiresAtMs } = opened();
    const { secret } = await registry.claims.issue(newClaim(expiresAtMs), 'operator');
    const stored = await reader().claim('acme', 'line-2');
    expect(timingSafeEqual(stored!.secretHash, secretHash(`${secret}x`))).toBe(false);
    expect(await reader().claim('acme', 'line-3')).toBeNull();
    expect(await reader().claim('other', 'line-2')).toBeNull();
  });

  it('makes an id, and keeps a secret that was brought along', async () => {
    const { registry, expiresAtMs } = opened();
    const secret = 'exactly-20-characte!';
    const made = await registry.claims.issue(
      newClaim(expiresAtMs, { id: undefined, secret, name: '二号线' }),
      'operator',
    );
    expect(made.entry.id).toMatch(/^c-[0-9a-f]{12}$/);
    expect(made.entry.name).toBe('二号线');
    expect(made.secret).toBe(secret);
  });

  it.each([
    ['registry.id-invalid', { enterprise: 'ACME' }],
    ['registry.id-invalid', { id: 'claim' }],
    ['registry.id-invalid', { serials: ['sn-1', 'S/N 2'] }],
    ['registry.device-invalid', { expiresAtMs: 0 }],
    ['registry.device-invalid', { expiresAtMs: Number.NaN }],
    ['registry.device-invalid', { expiresAtMs: 1e300 }],
    ['registry.device-invalid', { devicesMax: 0 }],
    ['registry.device-invalid', { devicesMax: 1.5 }],
    ['registry.device-invalid', { devicesMax: limits.claimDevicesMax + 1 }],
    ['registry.device-invalid', { name: 'x'.repeat(limits.textCharsMax + 1) }],
    ['registry.unknown-profile', { profile: 'press' }],
    ['registry.secret-too-short', { secret: 'short' }],
    ['registry.too-many', { serials: new Array(limits.claimSerialsMax + 1).fill('sn-1') }],
  ])('refuses with %s', async (code, more) => {
    const { registry, expiresAtMs } = opened();
    const claim = newClaim(expiresAtMs, more);
    expect(await failureOf(registry.claims.issue(claim, 'operator'))).toMatchObject({ code });
    expect(await registry.enterprise('acme')).toBeNull();
  });

  it('refuses an id that is taken', async () => {
    const { registry, expiresAtMs } = opened();
    await registry.claims.issue(newClaim(expiresAtMs), 'operator');
    const again = registry.claims.issue(newClaim(expiresAtMs), 'operator');
    expect(await failureOf(again)).toMatchObject({ code: 'registry.exists' });
  });

  it('keeps as many as an enterprise may have, and forgets the oldest that is of no use', async () => {
    const { registry, clock, expiresAtMs } = opened();
    const max = limits.claimsPerEnterpriseMax;
    const issue = (id: string, at: number) =>
      registry.claims.issue(newClaim(at, { id, serials: ['sn-1'] }), 'operator');
    for (let i = 0; i < max; i++) await issue(`c-${i}`, expiresAtMs + i);
    expect(await failureOf(issue('more', expiresAtMs))).toMatchObject({
      code: 'registry.too-many',
    });
    clock.advance(hourMs + 1);
    await issue('more', clock.nowMs() + hourMs);
    expect(await registry.claims.get('acme', 'c-0')).toBeNull();
    expect(await registry.claims.get('acme', 'c-1')).not.toBeNull();
  });
});

describe('lists of claims', () => {
  it('come in pages, of all or of one enterprise, without secrets', async () => {
    const { registry, expiresAtMs } = opened();
    for (const enterprise of ['a', 'acme', 'b']) {
      for (const id of ['x', 'y']) {
        await registry.claims.issue(newClaim(expiresAtMs, { enterprise, id }), 'operator');
      }
    }
    const first = await registry.claims.list({}, { limit: 3 });
    expect(first.items.map((claim) => `${claim.enterprise}/${claim.id}`)).toEqual([
      'a/x',
      'a/y',
      'acme/x',
    ]);
    expect(first.next).toBe('acme.x');
    const rest = await registry.claims.list({}, { limit: 3, after: first.next! });
    expect(rest.items.map((claim) => claim.enterprise)).toEqual(['acme', 'b', 'b']);
    expect(rest.next).toBeNull();
    const own = await registry.claims.list({ enterprise: 'acme' }, { limit: 2 });
    expect(own).toMatchObject({ items: [{ id: 'x' }, { id: 'y' }], next: null });
    expect(JSON.stringify(own)).not.toContain('ecret');
    for (const page of [{ limit: 0 }, { limit: 1.5 }, { limit: 5, after: 'x' }]) {
      const code = 'api.bad-request';
      expect(await failureOf(registry.claims.list({}, page))).toMatchObject({ code });
    }
  });
});

describe('an allow-list', () => {
  it('grows, counts each serial once, and is noted', async () => {
    const { registry, expiresAtMs } = opened();
    const claim = newClaim(expiresAtMs, { serials: ['sn-1', 'sn-2', 'sn-1'] });
    expect((await registry.claims.issue(claim, 'operator')).entry.serials).toBe(2);
    const add = (...serials: string[]) =>
      registry.claims.addSerials('acme', 'line-2', serials, 'operator');
    expect((await add('sn-2', 'sn-3')).serials).toBe(3);
    expect((await add('sn-3')).serials).toBe(3);
    const added = (await events(registry)).filter(([event]) => event === 'claim-serials-added');
    expect(added).toEqual([['claim-serials-added', 'operator', 'line-2: 1']]);
    expect(await failureOf(add('S/N'))).toMatchObject({ code: 'registry.id-invalid' });
  });

  it('is not made for a claim that has none, or is none', async () => {
    const { registry, expiresAtMs } = opened();
    await registry.claims.issue(newClaim(expiresAtMs), 'operator');
    for (const id of ['line-2', 'line-3']) {
      const added = registry.claims.addSerials('acme', id, ['sn-1'], 'operator');
      expect(await failureOf(added)).toMatchObject({ code: 'registry.not-found' });
    }
  });

  it('is bounded, all or nothing', async () => {
    const { registry, expiresAtMs } = opened();
    const serials = Array.from({ length: limits.claimSerialsMax - 1 }, (_, i) => `sn-${i}`);
    await registry.claims.issue(newClaim(expiresAtMs, { serials }), 'operator');
    const add = (...more: string[]) =>
      registry.claims.addSerials('acme', 'line-2', more, 'operator');
    expect(await failureOf(add('x-1', 'x-2'))).toMatchObject({ code: 'registry.too-many' });
    expect((await registry.claims.get('acme', 'line-2'))!.serials).toBe(serials.length);
    expect((await add('x-1')).serials).toBe(limits.claimSerialsMax);
  });
});

describe('revoking a claim', () => {
  it('takes effect for whoever reads it next, once', async () => {
    const { registry, reader, clock, expiresAtMs } = opened();
    await registry.claims.issue(newClaim(expiresAtMs), 'operator');
    const worker = reader();
    expect(claimProblem((await worker.claim('acme', 'line-2'))!, clock.nowMs())).toBeNull();
    const revoked = await registry.claims.revoke('acme', 'line-2', 'token:t1');
    expect(revoked.revokedAtMs).toBe(clock.nowMs());
    const stored = await worker.claim('acme', 'line-2');
    expect(claimProblem(stored!, clock.nowMs())).toBe('claim.revoked');
    clock.advance(1000);
    expect(await registry.claims.revoke('acme', 'line-2', 'token:t1')).toEqual(revoked);
    const noted = (await events(registry)).filter(([event]) => event === 'claim-revoked');
    expect(noted).toEqual([['claim-revoked', 'token:t1', 'line-2']]);
    const none = registry.claims.revoke('acme', 'line-9', 'operator');
    expect(await failureOf(none)).toMatchObject({ code: 'registry.not-found' });
  });

  it('is told before expiry; a claim ends at the very millisecond', () => {
    expect(claimProblem({ revokedAtMs: 1, expiresAtMs: 0 }, 5)).toBe('claim.revoked');
    expect(claimProblem({ revokedAtMs: null, expiresAtMs: 5 }, 5)).toBe('claim.expired');
    expect(claimProblem({ revokedAtMs: null, expiresAtMs: 5 }, 4)).toBeNull();
  });
});

describe('the claims of a city', () => {
  const city = buildCity({ seed: 1, enterprises: 600, devices: 2000, sensors: true });
  const fleetKey = Buffer.alloc(32, 7);

  it('one for each enterprise, with a derived secret, and again the same', async () => {
    const { registry, reader, expiresAtMs } = opened();
    expect(await registry.importCityClaims(city, fleetKey, expiresAtMs)).toBe(600);
    const { id, name, district, industry, devices } = city.enterprises[555]!;
    const claim = (await reader().claim(id, 'fleet'))!;
    expect(claim.secretHash).toEqual(secretHash(fleetSecret(fleetKey, id, 'claim')));
    expect(claim).toMatchObject({ devicesMax: devices, devices: 0, expiresAtMs });
    expect(await registry.enterprise(id)).toMatchObject({ name, district, industry });
    expect((await registry.counts()).devices).toBe(0);

    await registry.claims.revoke(id, 'fleet', 'operator');
    expect(await registry.importCityClaims(city, fleetKey, expiresAtMs + 1)).toBe(600);
    const again = (await reader().claim(id, 'fleet'))!;
    expect(again.expiresAtMs).toBe(expiresAtMs + 1);
    expect(again.revokedAtMs).not.toBeNull();
    const { items } = await registry.lives.audit({ enterprise: id }, { limit: 10 });
    expect(items.map(({ event }) => event)).toEqual(['claim-revoked', 'claim-issued']);
  });
});
