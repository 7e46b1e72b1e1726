/** Waiting times between tries: doubling, with jitter, up to half a minute, or what the store asks for. */

import { jitter } from '../../model/random.ts';

const firstMs = 250;
const maxMs = 30_000;

export class Backoff {
  #nextMs = firstMs;

  /** How long to wait now; the store's own wish wins when it asks for longer. */
  next(retryAfterMs = 0): number {
    const waitMs = this.#nextMs * (0.75 + jitter() / 2);
    this.#nextMs = Math.min(this.#nextMs * 2, maxMs);
    return Math.max(waitMs, Math.min(retryAfterMs, 10 * 60_000));
  }

  reset(): void {
    this.#nextMs = firstMs;
  }
}
