/** What the store itself says it holds, asked so seldom that asking cannot hurt it. */

import type { Clock } from '../../model/clock.ts';
import { messageOf, OnrampError } from '../../model/errors.ts';
import type { Store } from '../stores/store.ts';
import { isoTime } from './time.ts';

/**
 * Totals as the store answered them: distinct enterprises and devices with a row, and rows of
 * readings (no events, no generic signals), whose own timestamp lies between `since` and `asOf`.
 * Null, with a reason, when the store did not answer; never a guess.
 */
export interface StoredTotals {
  readonly enterprises: number | null;
  readonly devices: number | null;
  readonly rows: number | null;
  readonly since: string;
  /** When the question was put. */
  readonly asOf: string;
  readonly reason: string | null;
}

const windowMs = 24 * 3_600_000;
const ttlMs = 3000;
/** The store spends at most a twentieth of its time on counting for us. */
const restPerWork = 20;
const patienceMs = 5000;

/**
 * Totals over the last 24 hours. An answer serves for 3 s, or twenty times as long as the store
 * took for it. Whoever asks when it has expired waits up to 5 s for the next one and is then given
 * the last one, recognisable by its `asOf`.
 */
export function storeTotals(store: Store, clock: Clock): () => Promise<StoredTotals> {
  let last: StoredTotals | null = null;
  let asking: Promise<StoredTotals> | null = null;
  let expiresAtMs = 0;

  async function ask(): Promise<StoredTotals> {
    const nowMs = clock.nowMs();
    const period = { since: isoTime(nowMs - windowMs), asOf: isoTime(nowMs) };
    const startedAtMs = clock.monotonicMs();
    try {
      last = { ...(await store.totals(nowMs - windowMs)), ...period, reason: null };
    } catch (error) {
      last = { ...unknown, ...period, reason: reasonOf(error) };
    }
    const tookMs = clock.monotonicMs() - startedAtMs;
    expiresAtMs = clock.monotonicMs() + Math.max(ttlMs, tookMs * restPerWork);
    asking = null;
    return last;
  }

  return async () => {
    if (last !== null && clock.monotonicMs() < expiresAtMs) return last;
    asking ??= ask();
    const patience = Promise.withResolvers<null>();
    const timer = clock.after(patienceMs, () => patience.resolve(null));
    const answer = (await Promise.race([asking, patience.promise])) ?? last;
    timer.cancel();
    if (answer !== null) return answer;
    const nowMs = clock.nowMs();
    return {
      ...unknown,
      since: isoTime(nowMs - windowMs),
      asOf: isoTime(nowMs),
      reason: 'the store is still counting',
    };
  };
}

const unknown = { enterprises: null, devices: null, rows: null };

function reasonOf(error: unknown): string {
  if (!(error instanceof OnrampError) || error.details.length === 0) return messageOf(error);
  return `${error.code}: ${error.details.join('; ')}`;
}
