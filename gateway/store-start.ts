/** Starts a store, and goes on trying until it is there. */

import type { Clock, Timer } from '../model/clock.ts';
import { messageOf, OnrampError } from '../model/errors.ts';
import type { ShipperStatus } from './status/status.ts';
import type { Store } from './stores/store.ts';

export interface StoreStartOptions {
  readonly store: Pick<Store, 'start' | 'description'>;
  readonly clock: Clock;
  readonly log: {
    info(message: string): void;
    warn(message: string): void;
    error(message: string): void;
  };
}

const retryMs = 2000;
/** Somebody has to mend something, here or there. */
const retryMisconfiguredMs = 10_000;

export class StoreStart {
  readonly #options: StoreStartOptions;
  #unavailable: ShipperStatus['unavailable'] = null;
  #retry: Timer | null = null;
  #stopped = false;

  constructor(options: StoreStartOptions) {
    this.#options = options;
  }

  /**
   * Since when the store could not be started, and why not, as of the last try; null once it is.
   */
  get unavailable(): ShipperStatus['unavailable'] {
    return this.#unavailable;
  }

  /**
   * Resolves when the store is started, or is away: then it is tried again until it is there,
   * whatever else is found to be wrong with it.
   * @throws OnrampError when trying again as things are would not help.
   */
  async begin(): Promise<void> {
    try {
      await this.#options.store.start();
    } catch (error) {
      if (!canWait(error)) throw error;
      this.#failed(error);
    }
  }

  /** Tries no more. */
  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
  }

  #failed(error: unknown): void {
    const { clock, log } = this.#options;
    if (this.#stopped) return;
    const reason = messageOf(error);
    if (reason !== this.#unavailable?.reason) log[canWait(error) ? 'warn' : 'error'](reason);
    this.#unavailable = { sinceMs: this.#unavailable?.sinceMs ?? clock.nowMs(), reason };
    const delayMs = canWait(error) ? retryMs : retryMisconfiguredMs;
    this.#retry = clock.after(delayMs, () => void this.#tryAgain());
  }

  async #tryAgain(): Promise<void> {
    const { log, store } = this.#options;
    try {
      await store.start();
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#unavailable = null;
    log.info(`The store is there: ${store.description}.`);
  }
}

function canWait(error: unknown): boolean {
  return error instanceof OnrampError && error.retry;
}
