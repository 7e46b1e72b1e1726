/**
 * Looks after trials while the gateway runs: the events of their devices are kept, and each ends.
 */

import type { Timer } from '../../model/clock.ts';
import { messageOf } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { TrialParts } from './begin-trial.ts';
import { endTrial } from './end-trial.ts';

export interface TrialKeeperOptions extends TrialParts {
  readonly log: { info(message: string): void; warn(message: string): void };
}

const sweepIntervalMs = 60_000;
const actor = 'system';

export class TrialKeeper {
  readonly #options: TrialKeeperOptions;
  readonly #stopping = new AbortController();
  #timer: Timer | null = null;
  #sweeping: Promise<void> | null = null;

  constructor(options: TrialKeeperOptions) {
    this.#options = options;
  }

  /**
   * Keeps the events of the devices of running trials, and ends those that have expired, from now
   * on.
   */
  start(): void {
    this.#sweep(() => this.#keepEvents());
    this.#timer = this.#options.clock.every(sweepIntervalMs, () => this.#sweep());
  }

  /** Resolves when nothing is being changed any more. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#stopping.abort();
    await this.#sweeping;
  }

  #sweep(before?: () => Promise<void>): void {
    this.#sweeping ??= (before?.() ?? Promise.resolve())
      .then(() => this.#endDue())
      .catch((error) => {
        if (this.#stopping.signal.aborted) return;
        this.#options.log.warn(`Trials are looked after again later: ${messageOf(error)}`);
      })
      .finally(() => {
        this.#sweeping = null;
      });
  }

  async #keepEvents(): Promise<void> {
    const { onboarding, registry } = this.#options;
    const page = { limit: limits.apiPageRowsMax };
    const { items } = await registry.trials.list({ living: true }, page);
    for (const { device, enterprise } of items) {
      onboarding.events?.keep(deviceKey(enterprise, device));
    }
  }

  async #endDue(): Promise<void> {
    const { clock, log, registry } = this.#options;
    for (const enterprise of await registry.trials.due(clock.nowMs())) {
      await endTrial(this.#options, enterprise, actor, this.#stopping.signal);
      log.info(`The trial of ${enterprise} has ended: its devices are suspended.`);
    }
  }
}
