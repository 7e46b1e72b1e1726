/** The counters of a gateway that may be away for a moment, as when one of its processes dies. */

import type { GatewayProgress } from '../../gateway/api/progress.ts';
import type { Clock } from '../../model/clock.ts';
import type { WatchedGateway } from './monitor.ts';

/** Who waits: `sleep` rejects when waiting is in vain. */
export interface Waiting {
  readonly clock: Clock;
  sleep(milliseconds: number): Promise<void>;
}

const awayMsMax = 30_000;
const pollMs = 250;

/** The counters as soon as they are told. Rejects with the gateway's error after 30 s without. */
export async function answered(client: WatchedGateway, waiting: Waiting): Promise<GatewayProgress> {
  const { clock } = waiting;
  const endMs = clock.monotonicMs() + awayMsMax;
  for (;;) {
    const progress = await client.progress().catch((error: unknown) => {
      if (clock.monotonicMs() >= endMs) throw error;
      return null;
    });
    if (progress !== null) return progress;
    await waiting.sleep(pollMs);
  }
}
