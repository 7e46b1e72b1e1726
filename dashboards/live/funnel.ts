/** The four nested counts of the programme, as the steps of a funnel. */

import type { NestedCounts, Onboarding } from './snapshot.ts';

export type Stage = keyof NestedCounts;

/** From the widest to the narrowest. */
export const stages: readonly Stage[] = ['registered', 'activated', 'connected', 'online'];

/** What of `counts` is at a stage, 0 to 1: a share of all that are registered. */
export function shareAt(counts: NestedCounts, stage: Stage): number {
  return counts.registered === 0 ? 0 : counts[stage] / counts.registered;
}

/** Connected production devices of every district that is not one of `known`. */
export function connectedElsewhere(onboarding: Onboarding, known: ReadonlySet<string>): number {
  return Object.entries(onboarding.byDistrict)
    .filter(([district]) => !known.has(district))
    .reduce((sum, [, { production }]) => sum + production.connected, 0);
}
