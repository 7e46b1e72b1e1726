/**
 * Holds back log-ins that are wrong, without shutting out others of the same address: a whole plant
 * may share one, and one of its devices be broken. Pure: the time is passed in.
 */

import { hash } from 'node:crypto';
import { limits } from '../../model/limits.ts';
import { LoginBackoff, networkOf } from '../fairness/login-backoff.ts';

export interface DoorLimiterOptions {
  /** User names remembered to have been let in, with their addresses; beyond it the oldest go. */
  readonly namesMax: number;
  /** User names remembered to have failed, with their addresses. */
  readonly failedNamesMax: number;
  /** Addresses whose failures are counted; beyond it the one that failed longest ago goes. */
  readonly addressesMax: number;
}

const defaults: DoorLimiterOptions = {
  namesMax: limits.loginNamesMax,
  failedNamesMax: limits.loginFailedNamesMax,
  addressesMax: limits.loginAddressesMax,
};

const freeFailures = 5;
const waitMsMax = 60_000;
/** Longer ones, which nobody has, are kept as their hash. */
const nameCharsMax = 3 * limits.idCharsMax;

/** Failures of an address that count against it. */
interface Bucket {
  readonly left: number;
  readonly atMs: number;
}

/**
 * A user name that fails five times from one address waits a second there, and twice as long with
 * each further failure, up to a minute; right credentials are taken after the wait, and end it.
 * Beside that an address may fail 200 times, and then 50 times a second, before names that were
 * not let in from there are held back: a flood is shed, a few broken devices are not noticed.
 *
 * Times are of the monotonic clock. Addresses of IPv6 count by their first 64 bits.
 */
export class DoorLimiter {
  readonly #options: DoorLimiterOptions;
  readonly #names: LoginBackoff;
  /** The address that failed last comes last. */
  readonly #buckets = new Map<string, Bucket>();
  /** Who was let in, the latest last. */
  readonly #letIn = new Set<string>();

  constructor(options: Partial<DoorLimiterOptions> = {}) {
    this.#options = { ...defaults, ...options };
    this.#names = new LoginBackoff({
      freeFailures,
      waitMsMin: 1000,
      waitMsMax,
      // Who has been quiet for twice the longest wait begins anew.
      forgetMs: 2 * waitMsMax,
      rememberedMax: this.#options.failedNamesMax,
    });
  }

  /** Whether a log-in from `address` with this user name is to be looked at. */
  mayTry(address: string, name: string, nowMs: number): boolean {
    const who = whoOf(address, name);
    if (this.#names.waitMs(who, nowMs) > 0) return false;
    return this.#letIn.has(who) || this.#left(networkOf(address), nowMs) >= 1;
  }

  /** Notes that a log-in was looked at and was wrong. */
  failed(address: string, name: string, nowMs: number): void {
    const network = networkOf(address);
    this.#names.failed(whoOf(address, name), nowMs);
    const left = Math.max(0, this.#left(network, nowMs) - 1);
    this.#buckets.delete(network);
    this.#buckets.set(network, { left, atMs: nowMs });
    removeOldest(this.#buckets, this.#options.addressesMax);
  }

  /** Notes that a user name was let in from `address`. */
  succeeded(address: string, name: string): void {
    const who = whoOf(address, name);
    this.#names.succeeded(who);
    this.#letIn.delete(who);
    this.#letIn.add(who);
    removeOldest(this.#letIn, this.#options.namesMax);
  }

  #left(network: string, nowMs: number): number {
    const { loginLookUpsBurstMax, loginLookUpsPerSecondMax } = limits;
    const bucket = this.#buckets.get(network);
    if (bucket === undefined) return loginLookUpsBurstMax;
    const refilled = ((nowMs - bucket.atMs) / 1000) * loginLookUpsPerSecondMax;
    return Math.min(loginLookUpsBurstMax, bucket.left + refilled);
  }
}

/** `{address} {name}`, of a bounded length. */
function whoOf(address: string, name: string): string {
  const kept = name.length <= nameCharsMax ? name : hash('sha256', name, 'hex');
  return `${networkOf(address)} ${kept}`;
}

/** Keeps the newest `max` entries. */
function removeOldest(entries: Map<string, unknown> | Set<string>, max: number): void {
  if (entries.size <= max) return;
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
}
