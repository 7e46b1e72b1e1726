/**
 * How often the machines of one claim may ask, in this worker: every question costs the supervisor,
 * who answers those of all enterprises. Pure: the time is passed in.
 */

import { limits } from '../../model/limits.ts';

interface Bucket {
  tokens: number;
  atMs: number;
}

export interface ClaimAllowanceOptions {
  readonly perSecond: number;
  /** As many may ask at once, after a rest. */
  readonly burst: number;
  /** Claims remembered; beyond it those that have rested go, then the oldest. */
  readonly claimsMax: number;
}

const defaults: ClaimAllowanceOptions = {
  perSecond: limits.claimQuestionsPerSecondMax,
  burst: limits.claimQuestionsBurstMax,
  claimsMax: 10_000,
};

/** A token bucket for each claim that was used of late. Times are of the monotonic clock. */
export class ClaimAllowance {
  readonly #options: ClaimAllowanceOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: Partial<ClaimAllowanceOptions> = {}) {
    this.#options = { ...defaults, ...options };
  }

  /** Takes one question of a claim; false when it has to wait. */
  take(enterprise: string, claim: string, nowMs: number): boolean {
    const { burst, claimsMax } = this.#options;
    const key = `${enterprise}/${claim}`;
    const known = this.#buckets.get(key);
    if (known === undefined && this.#buckets.size >= claimsMax) this.#makeRoom(nowMs);
    const tokens = known === undefined ? burst : this.#refilled(known, nowMs);
    const taken = tokens >= 1;
    this.#buckets.set(key, { tokens: taken ? tokens - 1 : tokens, atMs: nowMs });
    return taken;
  }

  #refilled({ tokens, atMs }: Bucket, nowMs: number): number {
    const { burst, perSecond } = this.#options;
    return Math.min(burst, tokens + ((nowMs - atMs) / 1000) * perSecond);
  }

  #makeRoom(nowMs: number): void {
    const { burst, claimsMax } = this.#options;
    for (const [key, bucket] of this.#buckets) {
      if (this.#refilled(bucket, nowMs) >= burst) this.#buckets.delete(key);
    }
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size < claimsMax) return;
      this.#buckets.delete(key);
    }
  }
}
