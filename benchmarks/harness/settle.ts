/** Waits until everything that was accepted is stored. */

import type { GatewayProgress } from '../../gateway/api/progress.ts';
import type { Clock } from '../../model/clock.ts';
import type { WatchedGateway } from './monitor.ts';

export interface SettleOptions {
  readonly client: WatchedGateway;
  readonly clock: Clock;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Workers report once a second: what is known now may be from before the last reading. */
const reportMs = 1500;
const pollMs = 250;
/** A gateway that stores nothing for so long will not. */
const standstillMs = 60_000;

/**
 * Resolves with the counters when nothing waits any more, or when for a minute nothing more was
 * stored: however long it takes, as long as it goes on.
 */
export async function settle({ client, clock, sleep }: SettleOptions): Promise<GatewayProgress> {
  let done = -1;
  let lastMs = clock.monotonicMs();
  await sleep(reportMs);
  for (;;) {
    const progress = await client.progress().catch((error: unknown) => {
      if (clock.monotonicMs() - lastMs > standstillMs) throw error;
      return null;
    });
    if (progress !== null) {
      if (progress.waiting === 0 && progress.journalBytes === 0) return progress;
      const now = progress.stored + progress.deadLettered;
      if (now > done) lastMs = clock.monotonicMs();
      done = Math.max(done, now);
      if (clock.monotonicMs() - lastMs > standstillMs) return progress;
    }
    await sleep(pollMs);
  }
}
