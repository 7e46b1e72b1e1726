/** Counters once a second, for whoever measures: nothing is asked of the store. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from './context.ts';
import { viewersOfAll } from './roles.ts';
import { json, route } from './route.ts';

const progressSchema = z.strictObject({
  nowMs: z.int(),
  startedAtMs: z.int().describe('Of this supervisor: what counts since the start begins anew'),
  sessions: z.int(),
  received: z.int().describe('Readings since the data folder was made, as the four below'),
  stored: z.int(),
  deadLettered: z.int(),
  waiting: z.int(),
  withheld: z.int(),
  dropped: z.int(),
  journalBytes: z.int(),
  storeAway: z.string().nullable().describe('Why rows cannot be stored; null while they can'),
  workerRestarts: z.int(),
  workers: z.array(
    z.strictObject({ pid: z.int(), sessions: z.int(), cpuS: z.number(), rssBytes: z.int() }),
  ),
  supervisor: z.strictObject({ pid: z.int(), cpuS: z.number(), rssBytes: z.int() }),
  storedCounts: z
    .array(z.int())
    .describe('Readings stored since the start, by latency from their timestamp in fixed buckets'),
  storedHdr: z.string().describe('The same as an HdrHistogram (V2, compressed, base64)'),
});

/** What `GET /api/v1/progress` answers. */
export type GatewayProgress = z.output<typeof progressSchema>;

/** `GET /api/v1/progress`: light enough to be asked every second under load. */
export function progressRoutes(app: FastifyInstance, context: ApiContext): void {
  route(app, {
    method: 'GET',
    url: '/api/v1/progress',
    tag: 'gateway',
    summary: 'Counters and latencies to the row, cheap enough to be asked every second',
    access: viewersOfAll,
    answers: { 200: json('The counters', progressSchema) },
    handler: async (): Promise<GatewayProgress> => {
      const { journal, nowMs, readings, sessions, shipper, startedAtMs, supervisor, ...status } =
        context.status();
      const { deadLettered, dropped, received, stored, waiting, withheld } = readings;
      const latencies = context.storedMsSinceStart();
      return {
        ...{ nowMs, startedAtMs, sessions },
        ...{ received, stored, deadLettered, waiting, withheld, dropped },
        journalBytes: journal.unshippedBytes,
        storeAway: shipper.unavailable?.reason ?? null,
        workerRestarts: status.workerRestarts,
        workers: status.workers.map(({ cpuS, pid, rssBytes, sessions }) => ({
          ...{ pid, sessions, cpuS, rssBytes },
        })),
        supervisor,
        storedCounts: latencies.bucketCounts(),
        storedHdr: latencies.encode(),
      };
    },
  });
}
