/**
 * A change of a device's life that somebody asked for: written durably, or refused with a reason.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../model/clock.ts';
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

/** Why a device has no session once the event has happened to it; null where it may have one. */
export function shutOutCodeOf(event: RequestedChange['event']): ErrorCode | null {
  if (event === 'resume') return null;
  return event === 'suspend' ? 'device.suspended' : 'device.revoked';
}

/**
 * Applies `change` after `before`, which became due earlier. `onCommitted` is told what came of
 * them as soon as they are in the registry, also when the change itself is not allowed; what is not
 * allowed is left out. Rejects with `registry.not-found`, `device.state-not-allowed`.
 */
export async function changeLife(
  registry: Pick<Registry, 'get' | 'lives'>,
  change: RequestedChange & { readonly atMs: number },
  before: readonly LifeChange[] = [],
  onCommitted: (outcomes: readonly LifeOutcome[]) => void = () => {},
): Promise<DirectoryEntry> {
  const { device, enterprise } = change;
  const outcomes = await registry.lives.apply([...before, change]);
  onCommitted(allowed(outcomes));
  const entry = await registry.get(enterprise, device);
  if (entry === null) throw new OnrampError('registry.not-found', deviceKey(enterprise, device));
  if (outcomes.at(-1) !== null) return entry;
  throw new OnrampError(
    'device.state-not-allowed',
    `${deviceKey(enterprise, device)}: ${entry.state}`,
  );
}

/** Changes of one transaction where many are made: about 20 milliseconds. */
const partMax = 1000;

/** What goes along with a part of many changes. */
export interface PartHooks {
  /** Changes that became due before, of the devices of the part. */
  take(part: readonly RequestedChange[]): readonly LifeChange[];
  /** They were not written. */
  restore(before: readonly LifeChange[]): void;
  /** `outcomes`, of what became due before too, are in the registry; `refused` is not allowed. */
  committed(
    part: readonly RequestedChange[],
    outcomes: readonly LifeOutcome[],
    refused: readonly RequestedChange[],
  ): void;
}

const noHooks: PartHooks = { take: () => [], restore() {}, committed() {} };

/** Applies `changes` in parts, each after what its hooks bring; resolves with what was done. */
export async function changeLives(
  { lives }: Pick<Registry, 'lives'>,
  clock: Clock,
  changes: readonly RequestedChange[],
  signal?: AbortSignal,
  hooks = noHooks,
): Promise<readonly LifeOutcome[]> {
  const done: LifeOutcome[] = [];
  for (let at = 0; at < changes.length; at += partMax) {
    signal?.throwIfAborted();
    const part = changes.slice(at, at + partMax);
    const before = hooks.take(part);
    const atMs = clock.nowMs();
    let outcomes: readonly (LifeOutcome | null)[];
    try {
      outcomes = await lives.apply([...before, ...part.map((change) => ({ ...change, atMs }))]);
    } catch (error) {
      hooks.restore(before);
      throw error;
    }
    const wanted = outcomes.slice(before.length);
    hooks.committed(
      part,
      allowed(outcomes),
      part.filter((_, i) => wanted[i] === null),
    );
    done.push(...allowed(wanted));
    await nextTurn();
  }
  return done;
}

function allowed(outcomes: readonly (LifeOutcome | null)[]): LifeOutcome[] {
  return outcomes.filter((outcome) => outcome !== null);
}
