/**
 * Holds back an address that keeps logging in with wrong credentials, but not the devices behind it
 * that are known to be right: a whole plant may share one address. Pure: the time is passed in.
 */

import { limits } from '../../model/limits.ts';
import { LoginBackoff, networkOf } from '../login-backoff.ts';

export interface DoorLimiterOptions {
  /** Failures within `windowMs` from which an address is held back. */
  readonly failuresMax: number;
  readonly windowMs: number;
  /**
   * It is held back this long at first, and twice as long with each failure that follows, until it
   * has been quiet for twice the longest wait.
   */
  readonly waitMsMin: number;
  readonly waitMsMax: number;
  /** Addresses remembered; beyond it the one that failed longest ago is forgotten. */
  readonly addressesMax: number;
  /** User names remembered to have been let in, with their addresses; beyond it the oldest go. */
  readonly namesMax: number;
}

const defaults: DoorLimiterOptions = {
  failuresMax: 20,
  windowMs: 60_000,
  waitMsMin: 1000,
  waitMsMax: 5 * 60_000,
  addressesMax: 10_000,
  namesMax: limits.loginNamesMax,
};

/** Times are of the monotonic clock. Addresses of IPv6 count by their first 64 bits. */
export class DoorLimiter {
  readonly #options: DoorLimiterOptions;
  readonly #backOff: LoginBackoff;
  /** Times of the latest failures of each address, oldest first; the latest address comes last. */
  readonly #failures = new Map<string, number[]>();
  /** `{address} {name}`, the latest last. */
  readonly #letIn = new Set<string>();

  constructor(options: Partial<DoorLimiterOptions> = {}) {
    this.#options = { ...defaults, ...options };
    const { addressesMax, waitMsMax, waitMsMin } = this.#options;
    // Somebody who has been quiet for as long as the longest wait begins anew.
    const forgetMs = 2 * waitMsMax;
    this.#backOff = new LoginBackoff({
      freeFailures: 1,
      waitMsMin,
      waitMsMax,
      forgetMs,
      addressesMax,
    });
  }

  /** Whether a log-in from `address` with this user name is to be looked at. */
  mayTry(address: string, name: string, nowMs: number): boolean {
    const network = networkOf(address);
    return this.#backOff.waitMs(network, nowMs) === 0 || this.#letIn.has(`${network} ${name}`);
  }

  /** Notes that a log-in failed. While the address is held back that changes nothing. */
  failed(address: string, nowMs: number): void {
    const { addressesMax, failuresMax, windowMs } = this.#options;
    const network = networkOf(address);
    if (this.#backOff.waitMs(network, nowMs) > 0) return;
    if (this.#backOff.knows(network, nowMs)) {
      // It was held back and goes on: what counts is the next failure, not twenty within a minute.
      this.#backOff.failed(network, nowMs);
      return;
    }
    const earlier = this.#failures.get(network) ?? [];
    const recent = earlier.filter((atMs) => nowMs - atMs < windowMs).slice(1 - failuresMax);
    recent.push(nowMs);
    this.#failures.delete(network);
    this.#failures.set(network, recent);
    removeOldest(this.#failures, addressesMax);
    if (recent.length >= failuresMax) this.#backOff.failed(network, nowMs);
  }

  /** Notes that a user name was let in from `address`. Failures of the address stay counted. */
  succeeded(address: string, name: string): void {
    const known = `${networkOf(address)} ${name}`;
    this.#letIn.delete(known);
    this.#letIn.add(known);
    removeOldest(this.#letIn, this.#options.namesMax);
  }
}

/** Keeps the newest `max` entries. */
function removeOldest(entries: Map<string, unknown> | Set<string>, max: number): void {
  if (entries.size <= max) return;
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
}
