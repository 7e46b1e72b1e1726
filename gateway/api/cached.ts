/** An answer that is kept for a moment, so that many viewers cost one question. */

import type { Clock } from '../../model/clock.ts';

/** The answer of `load`, asked for again after `ttlMs`; callers that meet share one question. */
export function cached<T>(clock: Clock, ttlMs: number, load: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  let expiresAtMs = 0;
  return () => {
    if (answer !== null && clock.monotonicMs() < expiresAtMs) return answer;
    const asked = load();
    answer = asked;
    expiresAtMs = Number.POSITIVE_INFINITY;
    const settle = (keepMs: number) => {
      if (answer === asked) expiresAtMs = clock.monotonicMs() + keepMs;
    };
    // A failure is told to those who wait and then forgotten.
    asked.then(
      () => settle(ttlMs),
      () => settle(0),
    );
    return asked;
  };
}
