/**
 * How often an address may have tokens looked up that are not known to be right. Everybody behind a
 * reverse proxy has one address: whoever guesses there shuts nobody else out. Pure: the time is
 * passed in.
 */

import { limits } from '../../model/limits.ts';
import { LoginBackoff, networkOf } from '../fairness/login-backoff.ts';

interface Bucket {
  readonly lookUps: number;
  readonly atMs: number;
}

/**
 * A token bucket for each address, and a back-off for each token that is guessed at from there.
 * Times are of the monotonic clock. Addresses of IPv6 count by their first 64 bits.
 */
export class TokenLimiter {
  readonly #backOff = new LoginBackoff();
  /** What is left of each address; the one that asked last comes last. */
  readonly #buckets = new Map<string, Bucket>();

  /** Takes one look-up of the token `id`; how long it has to wait, or 0 when it may be made. */
  take(address: string, id: string, nowMs: number): number {
    const heldBackMs = this.#backOff.waitMs(guessOf(address, id), nowMs);
    if (heldBackMs > 0) return heldBackMs;
    const left = this.#left(address, nowMs);
    if (left < 1) return Math.ceil(((1 - left) * 1000) / limits.apiTokenLookUpsPerSecondMax);
    this.#set(address, { lookUps: left - 1, atMs: nowMs });
    return 0;
  }

  /** The secret was right: the look-up is given back. */
  right(address: string, nowMs: number): void {
    this.#set(address, { lookUps: this.#left(address, nowMs) + 1, atMs: nowMs });
  }

  /** The secret was wrong, or there is no such token. */
  wrong(address: string, id: string, nowMs: number): void {
    this.#backOff.failed(guessOf(address, id), nowMs);
  }

  #left(address: string, nowMs: number): number {
    const { apiTokenLookUpsBurstMax, apiTokenLookUpsPerSecondMax } = limits;
    const bucket = this.#buckets.get(networkOf(address));
    if (bucket === undefined) return apiTokenLookUpsBurstMax;
    const refilled = ((nowMs - bucket.atMs) / 1000) * apiTokenLookUpsPerSecondMax;
    return Math.min(apiTokenLookUpsBurstMax, bucket.lookUps + refilled);
  }

  #set(address: string, bucket: Bucket): void {
    const network = networkOf(address);
    this.#buckets.delete(network);
    this.#buckets.set(network, bucket);
    if (this.#buckets.size <= limits.loginAddressesMax) return;
    const [oldest] = this.#buckets.keys();
    this.#buckets.delete(oldest!);
  }
}

/** Who guesses at what. */
function guessOf(address: string, id: string): string {
  return `${networkOf(address)} ${id}`;
}
