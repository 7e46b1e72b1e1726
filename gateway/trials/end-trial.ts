/** Ends a trial: nobody of its enterprise gets in any more. What was stored stays. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { transition } from '../../model/device.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { RequestedChange } from '../onboarding/onboarding.ts';
import type { DirectoryEntry, Page, PageRequest } from '../registry/registry.ts';
import type { TrialEntry } from '../registry/trials.ts';
import type { TrialParts } from './begin-trial.ts';

export interface EndedTrial {
  readonly entry: TrialEntry;
  /** Ids of the tokens that this voided. */
  readonly tokens: readonly string[];
}

const cause = 'the trial has ended';

/**
 * Voids the tokens of the enterprise and its ways in, suspends its devices (all of them are shut
 * out first), and only then notes the end, so that a process that dies in between does it again. Rejects with `registry.not-found`;
 * with the signal's reason when that is aborted.
 */
export async function endTrial(
  { clock, onboarding, registry }: TrialParts,
  enterprise: string,
  actor: string,
  signal?: AbortSignal,
): Promise<EndedTrial> {
  const { claims, groupKeys, tokens, trials, trust } = registry;
  const own = { enterprise };
  const nowMs = clock.nowMs();
  const voided: string[] = [];
  if ((await trials.get(enterprise)) !== null) {
    for await (const { expiresAtMs, id, revokedAtMs } of every((page) => tokens.list(own, page))) {
      if (revokedAtMs !== null || expiresAtMs <= nowMs) continue;
      voided.push((await tokens.revoke(id, actor)).id);
    }
    for await (const { id, revokedAtMs } of every((page) => claims.list(own, page))) {
      if (revokedAtMs === null) await claims.revoke(enterprise, id, actor);
    }
    for await (const { id, revokedAtMs } of every((page) => groupKeys.list(own, page))) {
      if (revokedAtMs === null) await groupKeys.revoke(enterprise, id, actor);
    }
    for await (const { fingerprint, revokedAtMs } of every((page) => trust.list(own, page))) {
      if (revokedAtMs === null) await trust.revoke(enterprise, fingerprint, actor);
    }
    const wanted: RequestedChange[] = [];
    for await (const entry of every((page) => registry.list(own, page))) {
      if (isToBeShutOut(entry)) wanted.push(suspend(entry, actor));
    }
    await onboarding.changeMany(wanted, signal);
  }
  const entry = await trials.end(enterprise, actor);
  onboarding.events?.release(deviceKey(enterprise, entry.device));
  return { entry, tokens: voided };
}

/** Also who was suspended already, with its group key or authority: its session is to end. */
function isToBeShutOut({ state }: DirectoryEntry): boolean {
  return state === 'suspended' || transition({ state, suspendedFrom: null }, 'suspend') !== null;
}

function suspend({ device, enterprise }: DirectoryEntry, actor: string): RequestedChange {
  return { enterprise, device, event: 'suspend', cause, actor };
}

/** Everything in a list of pages. */
async function* every<T>(list: (page: PageRequest) => Promise<Page<T>>): AsyncGenerator<T> {
  let after: string | undefined;
  do {
    const { items, next } = await list({ after, limit: limits.apiPageRowsMax });
    yield* items;
    after = next ?? undefined;
    // Reading a page takes milliseconds.
    await nextTurn();
  } while (after !== undefined);
}
