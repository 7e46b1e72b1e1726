/** Onboarding for a gateway that starts: made from its settings and wired to its workers. */

import type { Clock } from '../../model/clock.ts';
import type { GatewaySettings } from '../config.ts';
import { EventHub } from '../device-events/event-hub.ts';
import type { WorkerPool } from '../processes/worker-pool.ts';
import type { Registry } from '../registry/registry.ts';
import { GatewayOnboarding } from './gateway-onboarding.ts';

export interface StartOnboardingOptions {
  readonly settings: GatewaySettings;
  readonly clock: Clock;
  readonly log: { warn(message: string): void };
  readonly registry: Registry;
  readonly pool: Pick<WorkerPool, 'send' | 'broadcast'>;
  /** True while rows cannot be stored. */
  readonly storeAway: () => boolean;
}

/** What the rest of the supervisor needs of it. */
export interface StartedOnboarding {
  readonly onboarding: GatewayOnboarding;
  readonly events: EventHub;
  /** A worker has (again) started. */
  readonly workerReady: (index: number) => void;
  readonly stop: () => Promise<void>;
}

/** Begins at once to read the directory. */
export function startOnboarding(options: StartOnboardingOptions): StartedOnboarding {
  const { clock, log, pool, registry, settings, storeAway } = options;
  const events = new EventHub({
    clock,
    watch: (devices) => pool.broadcast({ type: 'watch', devices }),
  });
  const onboarding = new GatewayOnboarding({
    registry,
    clock,
    log,
    events,
    workers: pool,
    storeAway,
    settings: {
      inactiveAfterMs: settings.onboarding.inactiveAfter,
      credentialUnusedMsMax: settings.onboarding.credentialUnusedMax,
      sessionsMax: settings.enterprises.sessionsMax,
    },
  });
  onboarding.start();
  return {
    onboarding,
    events,
    workerReady: (index) => pool.send(index, { type: 'watch', devices: events.watched }),
    stop: async () => {
      await onboarding.stop();
      events.close();
    },
  };
}
