/** Onboarding while no gateway runs: changes are made, and there are no sessions to end. */

import type { Clock } from '../../model/clock.ts';
import type { Registry } from '../registry/registry.ts';
import { changeLife, changeLives } from './change-life.ts';
import type { Onboarding } from './onboarding.ts';

/** Works on the registry alone; what only a running gateway knows is null. */
export function offlineOnboarding(
  registry: Pick<Registry, 'get' | 'lives'>,
  clock: Clock,
): Onboarding {
  return {
    change(change) {
      return changeLife(registry, { ...change, atMs: clock.nowMs() });
    },
    changeMany: (changes, signal) => changeLives(registry, clock, changes, signal),
    identityChanged() {},
    directoryChanged() {},
    limitsChanged() {},
    profileChanged() {},
    counts: () => null,
    countsOf: () => null,
    isOnline: () => null,
    events: null,
  };
}
