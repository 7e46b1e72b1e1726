import { describe, expect, it } from 'vitest';
import { secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import { hourMs, openWithClaim } from './claim-world.ts';

describe('a claim that is of no use', () => {
  it('is refused whatever the serial, and nothing is registered', async () => {
    const { registry, clock, claim, refusal, device } = await openWithClaim();
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
    const { provision, refusal, used } = await openWithClaim();
    for (const serial of ['sn-1', 'sn-2', 'sn-2', 'sn-3', 'sn-1']) await provision(serial);
    expect(await refusal('sn-4')).toBe('claim.spent');
    expect(await used()).toBe(3);
    expect(await provision('sn-3')).toMatchObject({ first: false });
  });
});

describe('races', () => {
  it('a claim revoked after it was checked gives nothing', async () => {
    const { registry, reader, refusal, device } = await openWithClaim();
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
    const { registry, request } = await openWithClaim({ devicesMax: 1 });
    const serials = ['sn-1', 'sn-2', 'sn-3'];
    const asked = serials.map((serial) => registry.claims.provision(request(serial)));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect((await registry.claims.get('acme', 'line-2'))!.devices).toBe(1);
    expect((await registry.counts()).devices).toBe(1);
  });

  it('a device suspended or revoked at the same moment stays so', async () => {
    const { registry, request, refusal, happen, device } = await openWithClaim();
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
    const { registry, request, used, device } = await openWithClaim();
    const answers = await registry.claims.provisionMany([request('sn-1'), request('sn-1')]);
    expect(answers).toMatchObject([{ first: true }, { first: false }]);
    const last = answers[1] as { secret: string };
    expect((await device('sn-1'))!.secretHash).toEqual(secretHash(last.secret));
    expect(await used()).toBe(1);
  });
});

describe('refusals', () => {
  it('are in the audit trail, each code once a minute, whatever serials ask', async () => {
    const { registry, clock, refusal, trail } = await openWithClaim({ serials: ['sn-2'] });
    const refused = ['claim-refused', null, null, 'claim:line-2'];
    for (let i = 0; i < 5; i++) await refusal('sn-1');
    for (let i = 3; i < 9; i++) await refusal(`sn-${i}`);
    expect(await trail('sn-1')).toEqual([refused]);
    for (let i = 3; i < 9; i++) expect(await trail(`sn-${i}`)).toEqual([]);
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
    const { registry, refusal } = await openWithClaim();
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
    const { claim, provision, refusal, trail, device, used } = await openWithClaim();
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
