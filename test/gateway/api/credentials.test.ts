/** Tokens, claims, group keys and authorities over HTTP. */

import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createDevelopmentCa,
  signDeviceCertificate,
} from '../../../gateway/commands/development-ca.ts';
import { fingerprintOf } from '../../../gateway/registry/certificate-check.ts';
import { fleetSecret, secretHash } from '../../../model/fleet-secret.ts';
import { groupSecret } from '../../../model/group-secret.ts';
import { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = new ApiWorld();
});
afterEach(() => world.close());

const post = (url: string, payload?: object) =>
  world.ask('POST', `/api/v1/${url}`, payload === undefined ? {} : { payload });
const get = async (url: string) => (await world.ask('GET', `/api/v1/${url}`)).json();
const events = async () =>
  (await get('audit')).items.map(({ event, actor }: Record<string, string>) => [event, actor]);

describe('tokens', () => {
  it('are issued once, listed without their secret, and void when revoked', async () => {
    await post('enterprises', { id: 'acme' });
    const body = { role: 'enterprise', enterprise: 'acme', name: 'MES', expiresIn: '7d' };
    const issued = await post('tokens', body);
    expect(issued.statusCode).toBe(201);
    const { token, ...entry } = issued.json();
    expect(entry).toMatchObject({
      role: 'enterprise',
      enterprise: 'acme',
      name: 'MES',
      expiresAt: '2026-01-08T00:00:00.000Z',
      revokedAt: null,
      lastUsedAtMs: null,
    });
    const using = () =>
      world.app.inject({
        url: '/api/v1/devices',
        headers: { authorization: `Bearer ${token}` },
      });
    expect((await using()).statusCode).toBe(200);
    const listed = await get('tokens');
    expect(listed.items).toMatchObject([{ id: entry.id }]);
    expect(JSON.stringify(listed)).not.toContain(token.split('_').at(-1));
    expect((await get('tokens?enterprise=beta')).items).toEqual([]);
    const revoked = await post(`tokens/${entry.id}/revoke`);
    expect(revoked.json().revokedAt).toBe('2026-01-01T00:00:00.000Z');
    expect((await using()).statusCode).toBe(401);
    expect(await events()).toEqual([
      ['token-revoked', 'operator'],
      ['token-issued', 'operator'],
      ['enterprise-added', 'operator'],
    ]);
  });

  it('expire by themselves', async () => {
    const { token } = (await post('tokens', { role: 'viewer', expiresIn: '1h' })).json();
    const using = () =>
      world.app.inject({ url: '/api/v1/devices', headers: { authorization: `Bearer ${token}` } });
    expect((await using()).statusCode).toBe(200);
    world.clock.advance(3_600_000);
    expect((await using()).statusCode).toBe(401);
  });

  it.each([
    [{ role: 'king' }, 400],
    [{ role: 'enterprise' }, 400],
    [{ role: 'operator', enterprise: 'acme' }, 400],
    [{ role: 'enterprise', enterprise: 'none' }, 404],
    [{ role: 'viewer', expiresIn: '7 days' }, 400],
    [{ role: 'viewer', expiresIn: '0s' }, 400],
    [{ role: 'viewer', expiresIn: '400d' }, 400],
    [{ role: 'viewer', name: 'x'.repeat(300) }, 400],
  ])('are not issued for %j', async (body, status) => {
    await post('enterprises', { id: 'acme' });
    expect((await post('tokens', body)).statusCode).toBe(status);
    expect((await get('tokens')).items).toEqual([]);
  });

  it('that are not there cannot be revoked', async () => {
    expect((await post('tokens/nosuchtoken/revoke')).statusCode).toBe(404);
  });
});

describe('claims', () => {
  const newClaim = { enterprise: 'acme', id: 'batch-7', devicesMax: 3, serials: ['sn-1'] };

  it('are issued with what a machine connects with', async () => {
    const issued = await post('claims', { ...newClaim, expiresIn: '12h' });
    expect(issued.statusCode).toBe(201);
    const { secret, ...claim } = issued.json();
    expect(claim).toMatchObject({
      key: 'acme.batch-7',
      clientId: 'acme.claim.{serial}',
      username: 'acme/claim/batch-7',
      expiresAt: '2026-01-01T12:00:00.000Z',
      devicesMax: 3,
      devices: 0,
      serials: 1,
      revokedAtMs: null,
    });
    const stored = await world.context.registry.claim('acme', 'batch-7');
    expect(stored?.secretHash).toEqual(secretHash(secret));
    const shown = await get('claims/acme.batch-7');
    expect(shown).toMatchObject({ key: 'acme.batch-7', serials: 1 });
    expect(JSON.stringify([shown, await get('claims')])).not.toContain(secret);
    expect((await post('claims', newClaim)).json().code).toBe('registry.exists');
  });

  it('take more serials, where they have a list', async () => {
    await post('claims', newClaim);
    const more = await post('claims/acme.batch-7/serials', { serials: ['sn-1', 'sn-2', 'sn-3'] });
    expect(more.json().serials).toBe(3);
    expect((await post('claims/acme.none/serials', { serials: [] })).json()).toMatchObject({
      status: 404,
      details: ['acme.none'],
    });
    await post('claims', { enterprise: 'acme', id: 'any', devicesMax: 1 });
    expect((await post('claims/acme.any/serials', { serials: ['sn-1'] })).statusCode).toBe(400);
    expect((await post('claims/acme.batch-7/serials', { serials: ['A B'] })).statusCode).toBe(400);
  });

  it('are revoked, and listed in pages of one enterprise', async () => {
    for (const id of ['c1', 'c2', 'c3']) await post('claims', { ...newClaim, id });
    await post('claims', { ...newClaim, enterprise: 'beta' });
    expect((await post('claims/acme.c2/revoke')).json().revokedAt).not.toBeNull();
    const first = await get('claims?enterprise=acme&limit=2');
    expect(first.items.map(({ id }: { id: string }) => id)).toEqual(['c1', 'c2']);
    expect(await get(`claims?enterprise=acme&limit=2&after=${first.next}`)).toMatchObject({
      items: [{ id: 'c3' }],
      next: null,
    });
    expect((await post('claims/acme.none/revoke')).statusCode).toBe(404);
  });

  it.each([
    { enterprise: 'acme' },
    { enterprise: 'acme', devicesMax: 0 },
    { enterprise: 'acme', devicesMax: 1, profile: 'nothing' },
    { enterprise: 'acme', devicesMax: 1, secret: 'short' },
    { enterprise: 'acme', devicesMax: 1, expiresIn: '-1d' },
    { enterprise: 'acme', devicesMax: 1, id: 'A' },
    { enterprise: 'acme', devicesMax: 1, serials: 'sn-1' },
  ])('are not issued for %j', async (body) => {
    expect((await post('claims', body)).statusCode).toBe(400);
    expect(await world.context.registry.enterprise('acme')).toBeNull();
  });

  it('of a whole city derive from the fleet key', async () => {
    const body = { seed: 1, enterprises: 5, devices: 40, expiresIn: '2h' };
    expect((await post('claims/import-city', body)).json()).toEqual({ claims: 5 });
    const { items } = await get('claims');
    expect(items).toHaveLength(5);
    const sum = items.reduce(
      (total: number, each: { devicesMax: number }) => total + each.devicesMax,
      0,
    );
    expect(sum).toBeGreaterThanOrEqual(40);
    const { enterprise, id } = items[0];
    expect([id, items[0].expiresAt]).toEqual(['fleet', '2026-01-01T02:00:00.000Z']);
    const stored = await world.context.registry.claim(enterprise, 'fleet');
    const secret = fleetSecret(world.context.fleetKey(), enterprise, 'claim');
    expect(stored?.secretHash).toEqual(secretHash(secret));
    expect(await world.context.registry.counts()).toMatchObject({ enterprises: 5, devices: 0 });
    expect(world.onboarding.told).toEqual(['directory all']);
    expect((await post('claims/import-city', { seed: 1 })).statusCode).toBe(400);
  });
});

describe('group keys', () => {
  it('are shown once; revoking one voids what derives from it', async () => {
    const created = await post('groups', { enterprise: 'acme', id: 'line-2', profile: 'generic' });
    expect(created.statusCode).toBe(201);
    const { groupKey, ...group } = created.json();
    expect(group).toMatchObject({ key: 'acme.line-2', devices: 0, revokedAt: null });
    expect(Buffer.from(groupKey, 'base64')).toHaveLength(64);
    expect(JSON.stringify(await get('groups'))).not.toContain(groupKey);
    await world.context.registry.groupKeys.enrol({
      enterprise: 'acme',
      group: 'line-2',
      device: 'm',
      secret: groupSecret(Buffer.from(groupKey, 'base64'), 'm'),
      nowMs: world.clock.nowMs(),
    });
    const revoked = (await post('groups/acme.line-2/revoke')).json();
    expect(revoked).toMatchObject({
      group: { key: 'acme.line-2', devicesMax: 100_000, devices: 1 },
      voided: ['acme.m'],
    });
    expect(world.onboarding.told).toEqual(['identity acme.m device.suspended']);
    expect((await get('groups?enterprise=acme')).items[0].revokedAt).not.toBeNull();
    expect((await post('groups/acme.none/revoke')).json()).toMatchObject({
      status: 404,
      details: ['acme.none'],
    });
  });

  it.each([
    { enterprise: 'acme' },
    { enterprise: 'acme', profile: 'nothing' },
    { enterprise: 'acme', profile: 'generic', key: 'c2hvcnQ=' },
    { enterprise: 'acme', profile: 'generic', key: '!' },
    { enterprise: 'acme', profile: 'generic', devicesMax: 0 },
    { enterprise: 'acme', profile: 'generic', devicesMax: 1e9 },
  ])('are not created from %j', async (body) => {
    expect((await post('groups', body)).statusCode).toBe(400);
  });
});

describe('authorities', () => {
  it('are trusted until they are revoked; sessions of their devices end', async () => {
    const validity = { notBeforeMs: world.clock.nowMs() - 60_000, days: 30 };
    const ca = await createDevelopmentCa('acme', validity);
    const body = {
      enterprise: 'acme',
      certificate: ca.certificate,
      name: 'plant',
      profile: 'generic',
      devicesMax: 1,
    };
    const added = await post('authorities', body);
    expect(added.statusCode).toBe(201);
    const fingerprint = fingerprintOf(new X509Certificate(ca.certificate));
    expect(added.json()).toMatchObject({
      key: `acme.${fingerprint}`,
      fingerprint,
      name: 'plant',
      notBefore: '2025-12-31T23:59:00.000Z',
      revokedAt: null,
    });
    const made = await signDeviceCertificate(ca, { enterprise: 'acme', device: 'm' }, validity);
    const certificate = new X509Certificate(made.certificate);
    await world.context.registry.trust.pin({
      enterprise: 'acme',
      device: 'm',
      certificate: {
        fingerprint: fingerprintOf(certificate),
        notBeforeMs: certificate.validFromDate.getTime(),
        authority: fingerprint,
      },
      nowMs: world.clock.nowMs(),
    });
    const revoked = (await post(`authorities/acme.${fingerprint}/revoke`)).json();
    expect(revoked).toMatchObject({
      authority: { fingerprint, devicesMax: 1, devices: 1 },
      devices: ['acme.m'],
    });
    expect(world.onboarding.told).toEqual(['identity acme.m device.suspended']);
    expect((await get('authorities')).items[0].revokedAt).not.toBeNull();
  });

  it.each(['', 'nothing', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
    'are not made of %j',
    async (certificate) => {
      expect((await post('authorities', { enterprise: 'acme', certificate })).statusCode).toBe(400);
    },
  );
});
