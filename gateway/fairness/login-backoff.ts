/**
 * Holds back whoever keeps logging in with wrong credentials. Pure: the time is passed in.
 */

import { limits } from '../../model/limits.ts';

export interface LoginBackoffOptions {
  /** Failures that cost nothing: people mistype. */
  readonly freeFailures: number;
  /** The first wait; each further failure doubles it. */
  readonly waitMsMin: number;
  readonly waitMsMax: number;
  /** Who did not fail for this long begins anew. */
  readonly forgetMs: number;
  /** How many are remembered; beyond it the one that failed longest ago is forgotten. */
  readonly rememberedMax: number;
}

const defaults: LoginBackoffOptions = {
  freeFailures: 10,
  waitMsMin: 1000,
  waitMsMax: 60_000,
  forgetMs: 10 * 60_000,
  rememberedMax: limits.loginAddressesMax,
};

interface Failures {
  readonly count: number;
  readonly lastMs: number;
  /** When it may try again. */
  readonly freeAtMs: number;
}

/** Counts failures by `who`: any text, of a bounded length. */
export class LoginBackoff {
  readonly #options: LoginBackoffOptions;
  /** The one that failed longest ago comes first. */
  readonly #failures = new Map<string, Failures>();

  constructor(options: Partial<LoginBackoffOptions> = {}) {
    this.#options = { ...defaults, ...options };
  }

  /** How long `who` has to wait until it may try; 0 when it may. */
  waitMs(who: string, nowMs: number): number {
    const known = this.#failures.get(who);
    return known === undefined ? 0 : Math.max(0, known.freeAtMs - nowMs);
  }

  /** Notes that a credential of `who` was wrong. */
  failed(who: string, nowMs: number): void {
    const { freeFailures, waitMsMin, waitMsMax, forgetMs, rememberedMax } = this.#options;
    const known = this.#failures.get(who);
    const before = known !== undefined && nowMs - known.lastMs < forgetMs ? known.count : 0;
    const count = before + 1;
    const doublings = Math.min(count - freeFailures, 32);
    const waitMs = doublings < 0 ? 0 : Math.min(waitMsMax, waitMsMin * 2 ** doublings);
    this.#failures.delete(who);
    this.#failures.set(who, { count, lastMs: nowMs, freeAtMs: nowMs + waitMs });
    if (this.#failures.size <= rememberedMax) return;
    const [oldest] = this.#failures.keys();
    this.#failures.delete(oldest!);
  }

  /** Notes that a credential of `who` was right: it begins anew. */
  succeeded(who: string): void {
    this.#failures.delete(who);
  }
}

/**
 * The first 64 bits of an IPv6 address, which one network has to itself; an IPv4 address as it is,
 * mapped or not (RFC 4291 §2.5.5.2).
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
