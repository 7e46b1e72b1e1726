import { expect } from 'vitest';
import type { NewClaim, ProvisionRequest } from '../../../gateway/registry/claims.ts';
import type { LifeEvent } from '../../../model/device.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { failureOf, openEmpty } from './open.ts';

export const hourMs = 3_600_000;
export const secretOf = (n: number) => `secret-number-${String(n).padStart(20, '0')}`;

/** A registry in which acme has the claim `line-2` for three devices, generic unless they say. */
export async function openWithClaim(more: Partial<NewClaim> = {}) {
  const clock = new VirtualClock();
  const { path, registry, reader } = openEmpty(clock);
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
    path,
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
