/** One answer to "how is it going?": counters, directory, and what the store says it holds. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from './context.ts';
import { viewersOfAll } from './roles.ts';
import { json, route } from './route.ts';
import { storeTotals } from './store-totals.ts';
import { isoTime } from './time.ts';

const summarySchema = z.looseObject({
  asOf: z.string(),
  startedAt: z.string(),
  readings: z
    .looseObject({ received: z.int(), stored: z.int(), deadLettered: z.int(), waiting: z.int() })
    .describe('Since the data folder was made'),
  sessions: z.int(),
  registry: z.looseObject({ enterprises: z.int(), devices: z.int(), productionDevices: z.int() }),
  store: z
    .looseObject({
      description: z.string(),
      enterprises: z.int().nullable(),
      devices: z.int().nullable(),
      rows: z.int().nullable(),
      reason: z.string().nullable(),
    })
    .describe('What the store itself counted over the last 24 hours'),
  notReady: z.array(z.string()),
});

/**
 * The summary: all of `GatewayStatus` (counters since the data folder was made), the directory's
 * counts as `registry`, and as `store` what the store itself counted over the last 24 hours when it
 * was last asked (`StoredTotals`; `asOf` says when). The store's numbers may lag behind the counters
 * by what waits in the journal.
 */
export function summaryRoutes(app: FastifyInstance, context: ApiContext): void {
  const totals = storeTotals(context.store, context.clock);
  route(app, {
    method: 'GET',
    url: '/api/v1/summary',
    tag: 'gateway',
    summary: 'How it is going: counters, directory, and what the store says it holds',
    access: viewersOfAll,
    answers: { 200: json('The summary', summarySchema) },
    handler: async () => {
      const [registry, stored] = await Promise.all([context.registry.counts(), totals()]);
      const status = context.status();
      return {
        ...status,
        asOf: isoTime(status.nowMs),
        startedAt: isoTime(status.startedAtMs),
        registry,
        store: { description: status.store, ...stored },
      };
    },
  });
}
