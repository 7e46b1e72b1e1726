/** One answer to "how is it going?": counters, directory, and what the store says it holds. */

import type { FastifyInstance } from 'fastify';
import type { ApiContext } from './context.ts';
import { storeTotals } from './store-totals.ts';
import { isoTime } from './time.ts';

/**
 * `GET /api/v1/summary`: all of `GatewayStatus` (counters since the data folder was made), the
 * directory's counts as `registry`, and as `store` what the store itself counted over the last
 * 24 hours when it was last asked (`StoredTotals`; `asOf` says when). The store's numbers may lag
 * behind the counters by what waits in the journal.
 */
export function summaryRoutes(app: FastifyInstance, context: ApiContext): void {
  const totals = storeTotals(context.store, context.clock);
  app.get('/api/v1/summary', async () => {
    const [registry, stored] = await Promise.all([context.registry.counts(), totals()]);
    const status = context.status();
    return {
      ...status,
      asOf: isoTime(status.nowMs),
      startedAt: isoTime(status.startedAtMs),
      registry,
      store: { description: status.store, ...stored },
    };
  });
}
