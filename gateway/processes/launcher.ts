/** Runs a supervisor and starts it again when it dies: the outermost process of a gateway. */

import { fork } from 'node:child_process';
import { type Clock, systemClock } from '../../model/clock.ts';
import { fromSentError } from '../../model/sent-error.ts';
import type { GatewaySettings } from '../config.ts';
import type { GatewayAddress } from '../supervisor.ts';
import { RestartedProcess, type RestartPace } from './restarted-process.ts';
import type { FromSupervisor, ToSupervisor } from './supervisor-process.ts';

export interface LauncherOptions {
  readonly settings: GatewaySettings;
  /** Called at the first start and after every restart. */
  readonly onReady?: (address: GatewayAddress, restarted: boolean) => void;
  readonly onDied?: (how: string) => void;
  readonly clock?: Clock;
}

const pace: RestartPace = { delayMs: 500, delayMaxMs: 30_000, healthyAfterMs: 20_000 };
const stopTimeoutMs = 60_000;

/** A gateway in processes of its own. */
export class GatewayLauncher {
  readonly #supervisor: RestartedProcess<GatewayAddress, FromSupervisor, ToSupervisor>;

  constructor({ settings, onReady, onDied, clock = systemClock }: LauncherOptions) {
    this.#supervisor = new RestartedProcess({
      name: 'the supervisor',
      clock,
      pace,
      stopTimeoutMs,
      fork: () =>
        fork(new URL('./supervisor-process.ts', import.meta.url), [], {
          serialization: 'advanced',
        }),
      greeting: () => ({ type: 'start', settings }),
      hear: (message) =>
        message.type === 'ready' ? { ready: message.address } : { failed: fromSentError(message) },
      onReady: (address, restarted) => onReady?.(address, restarted),
      onEnded: ({ how, again }) => {
        if (again) onDied?.(how);
      },
    });
  }

  /**
   * Resolves when devices can connect.
   * @throws OnrampError what the supervisor's start throws.
   */
  start(): Promise<GatewayAddress> {
    return this.#supervisor.start();
  }

  /** Pid of the supervisor. */
  get pid(): number | null {
    return this.#supervisor.pid;
  }

  /**
   * Ends the gateway in order: what was accepted is shipped or stays in the journal. May be called
   * again, and resolves when the supervisor is gone.
   */
  stop(): Promise<void> {
    return this.#supervisor.stop();
  }
}
