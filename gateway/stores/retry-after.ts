/** For how long a server wants to be left alone. */

import { limits } from '../../model/limits.ts';

/**
 * Retry-After (RFC 9110 §10.2.3): a number of seconds or a date; null when there is none.
 * At most `limits.storeRetryAfterMsMax`.
 */
export function retryAfter(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), limits.storeRetryAfterMsMax);
}
