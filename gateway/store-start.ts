/** Starts a store, and goes on trying until it is there. */

import type { Clock, Timer } from '../model/clock.ts';
import { type ErrorCode, errorCodeOf, messageOf, OnrampError } from '../model/errors.ts';
import type { ShipperStatus } from './status/status.ts';
import type { Store } from './stores/store.ts';

export interface StoreStartOptions {
  readonly store: Pick<Store, 'start' | 'description' | 'problemsFor'>;
  /** Registered devices. */
  readonly devices: () => Promise<number>;
  readonly clock: Clock;
  readonly log: {
    info(message: string): void;
    warn(message: string): void;
    error(message: string): void;
  };
}

/** A store is warned of when it cannot hold these, however many are registered. */
const devicesMin = 100_000;
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
      return;
    }
    await this.#warnOfLimits();
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
    const sinceMs = this.#unavailable?.sinceMs ?? clock.nowMs();
    this.#unavailable = { sinceMs, reason, ...codeOf(error) };
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
    await this.#warnOfLimits();
  }

  /** Said once at each start: at the limit, readings of further devices would wait. */
  async #warnOfLimits(): Promise<void> {
    const { devices, log, store } = this.#options;
    try {
      const planned = Math.max(await devices(), devicesMin);
      const problems = (await store.problemsFor?.(planned)) ?? [];
      if (problems.length === 0) return;
      const details = [`for ${planned} devices`, ...problems];
      log.warn(new OnrampError('store.limits-too-small', details).message);
    } catch (error) {
      log.warn(`The limits of the store could not be asked for: ${messageOf(error)}`);
    }
  }
}

/** What has to be mended, when it is more than a store that is away. */
function codeOf(error: unknown): { readonly code?: ErrorCode } {
  const code = errorCodeOf(error);
  return code === null || code === 'store.unavailable' ? {} : { code };
}

function canWait(error: unknown): boolean {
  return error instanceof OnrampError && error.retry;
}
