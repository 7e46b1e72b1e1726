/**
 * Holds back an address that keeps logging in with wrong credentials. Pure: the time is passed in.
 */

import { limits } from '../model/limits.ts';

export interface LoginBackoffOptions {
  /** Failures that cost nothing: people mistype. */
  readonly freeFailures: number;
  /** The first wait; each further failure doubles it. */
  readonly waitMsMin: number;
  readonly waitMsMax: number;
  /** An address that did not fail for this long begins anew. */
  readonly forgetMs: number;
  /** Addresses remembered; beyond it the one that failed longest ago is forgotten. */
  readonly addressesMax: number;
}

const defaults: LoginBackoffOptions = {
  freeFailures: 10,
  waitMsMin: 1000,
  waitMsMax: 60_000,
  forgetMs: 10 * 60_000,
  addressesMax: limits.loginAddressesMax,
};

interface Failures {
  readonly count: number;
  readonly lastMs: number;
  /** When it may try again. */
  readonly freeAtMs: number;
}

/**
 * Counts failures by remote address; of IPv6 by its first 64 bits, which one network has to itself.
 */
export class LoginBackoff {
  readonly #options: LoginBackoffOptions;
  /** The one that failed longest ago comes first. */
  readonly #failures = new Map<string, Failures>();

  constructor(options: Partial<LoginBackoffOptions> = {}) {
    this.#options = { ...defaults, ...options };
  }

  /** How long `address` has to wait until it may try; 0 when it may. */
  waitMs(address: string, nowMs: number): number {
    const known = this.#failures.get(networkOf(address));
    return known === undefined ? 0 : Math.max(0, known.freeAtMs - nowMs);
  }

  /** True when `address` failed, and not so long ago that it begins anew. */
  knows(address: string, nowMs: number): boolean {
    const known = this.#failures.get(networkOf(address));
    return known !== undefined && nowMs - known.lastMs < this.#options.forgetMs;
  }

  /** Notes that a credential from `address` was wrong. */
  failed(address: string, nowMs: number): void {
    const { freeFailures, waitMsMin, waitMsMax, forgetMs, addressesMax } = this.#options;
    const network = networkOf(address);
    const known = this.#failures.get(network);
    const before = known !== undefined && nowMs - known.lastMs < forgetMs ? known.count : 0;
    const count = before + 1;
    const doublings = Math.min(count - freeFailures, 32);
    const waitMs = doublings < 0 ? 0 : Math.min(waitMsMax, waitMsMin * 2 ** doublings);
    this.#failures.delete(network);
    this.#failures.set(network, { count, lastMs: nowMs, freeAtMs: nowMs + waitMs });
    if (this.#failures.size <= addressesMax) return;
    const [oldest] = this.#failures.keys();
    this.#failures.delete(oldest!);
  }
}

/**
 * The first 64 bits of an IPv6 address; an IPv4 address as it is, mapped or not (RFC 4291
 * §2.5.5.2).
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail] = address.toLowerCase().split('%')[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
