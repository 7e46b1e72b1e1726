/** What the HTTP API is given by the supervisor. */

import type { Clock } from '../../model/clock.ts';
import type { LatencyHistogram } from '../../model/histogram.ts';
import type { GatewaySettings } from '../config.ts';
import type { DeviceCommands } from '../device-commands/device-command.ts';
import type { Onboarding } from '../onboarding/onboarding.ts';
import type { Registry } from '../registry/registry.ts';
import type { DeadLetters } from '../shipping/dead-letters.ts';
import type { GatewayStatus } from '../status/status.ts';
import type { Store } from '../stores/store.ts';
import type { Endpoint } from '../trials/endpoint.ts';

/** Which dead letters to try again. */
export interface ReplayRequest {
  readonly enterprise?: string | undefined;
  readonly device?: string | undefined;
  readonly code?: string | undefined;
  /** Only those after this letter: the `next` of the report before. */
  readonly after?: number | undefined;
  readonly limit: number;
}

/** What became of them; those refused again stay dead letters. */
export interface ReplayReport {
  readonly tried: number;
  readonly stored: number;
  readonly refusedAgain: number;
  /** The last letter tried when there may be more; null when there are none. */
  readonly next: number | null;
}

export interface ApiContext {
  readonly settings: GatewaySettings;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly onboarding: Onboarding;
  readonly commands: DeviceCommands;
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  /** The operator's token in the clear, kept in memory for comparison only. */
  readonly operatorToken: string;
  /** Where devices and people reach this gateway; null where none runs. */
  endpoint(): Endpoint | null;
  /** The fleet key, made on first use; secrets of simulated cities derive from it. */
  fleetKey(): Buffer;
  status(): GatewayStatus;
  /** From each reading's timestamp to the store's success answer, since the start. */
  storedMsSinceStart(): LatencyHistogram;
  replay(request: ReplayRequest): Promise<ReplayReport>;
}
