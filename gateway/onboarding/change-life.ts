/** A change of a device's life that somebody asked for: written durably, or refused with the reason. */

import type { DeviceState } from '../../model/device.ts';
import { type ErrorCode, OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import type { LifeChange, LifeOutcome } from '../registry/lives.ts';
import type { DirectoryEntry, Registry } from '../registry/registry.ts';
import type { RequestedChange } from './onboarding.ts';

/** Why a device in this state has no session; null where it may have one. */
export function shutOutCode(state: DeviceState): ErrorCode | null {
  switch (state) {
    case 'suspended':
      return 'device.suspended';
    case 'revoked':
    case 'rejected':
    case 'decommissioned':
      return 'device.revoked';
    case 'expired':
      return 'device.credential-expired';
    default:
      return null;
  }
}

/**
 * Applies `change`, after `before`, which became due earlier, and answers every outcome; the last
 * one is the change's. Rejects with `registry.not-found`, `device.state-not-allowed`.
 */
export async function changeLife(
  registry: Pick<Registry, 'get' | 'lives'>,
  change: RequestedChange & { readonly atMs: number },
  before: readonly LifeChange[] = [],
): Promise<{ readonly outcomes: readonly LifeOutcome[]; readonly entry: DirectoryEntry }> {
  const { device, enterprise } = change;
  const outcomes = await registry.lives.apply([...before, change]);
  const entry = await registry.get(enterprise, device);
  if (entry === null) throw new OnrampError('registry.not-found', deviceKey(enterprise, device));
  if (outcomes.at(-1) === null) {
    throw new OnrampError(
      'device.state-not-allowed',
      `${deviceKey(enterprise, device)}: ${entry.state}`,
    );
  }
  return { outcomes: outcomes.filter((outcome) => outcome !== null), entry };
}
