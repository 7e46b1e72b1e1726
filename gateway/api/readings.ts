/** The stored readings of one device, as the store answers them. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { limits } from '../../model/limits.ts';
import { publishedSignals } from '../../model/profile.ts';
import type { DirectoryEntry, Registry } from '../registry/registry.ts';
import type { StoredReading } from '../stores/store.ts';
import type { ApiContext } from './context.ts';
import { registered } from './device-answer.ts';
import { readers } from './roles.ts';
import { route } from './route.ts';
import { type Cell, csvStream, jsonStream } from './streaming.ts';
import { isoTime, moment } from './time.ts';
import { deviceParams, wholeNumber } from './validation.ts';

const readingsQuery = z
  .strictObject({
    from: moment.optional(),
    to: moment.optional(),
    limit: wholeNumber(1, limits.apiReadingsMax).default(1000),
    format: z.enum(['json', 'csv']).default('json'),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
    path: ['to'],
    message: 'must lie after from',
  });

const readingsSchema = z.strictObject({
  enterprise: z.string(),
  device: z.string(),
  profile: z.string(),
  readings: z.array(
    z.strictObject({
      timestampMs: z.int(),
      seq: z.int().nullable(),
      values: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
    }),
  ),
});

/**
 * Readings come newest first, `from` inclusive, `to` exclusive. CSV has the columns `time` (ISO
 * 8601), `seq`, the profile's signals in its order, then any other value by name.
 */
export function readingRoutes(
  app: FastifyInstance,
  context: Pick<ApiContext, 'registry' | 'store'>,
): void {
  const { registry, store } = context;
  route(app, {
    method: 'GET',
    url: '/api/v1/devices/{key}/readings',
    tag: 'devices',
    summary: 'Stored readings of a device, newest first',
    access: readers('path'),
    params: deviceParams,
    query: readingsQuery,
    answers: {
      200: {
        description: 'The readings',
        content: { 'application/json': readingsSchema, 'text/csv': null },
      },
    },
    handler: async ({ params, query }, reply) => {
      const entry = await registered(registry, params.key);
      const { enterprise, device, profile } = entry;
      const readings = await store.readings({
        enterprise,
        device,
        profile,
        limit: query.limit,
        ...(query.from === undefined ? {} : { fromMs: query.from }),
        ...(query.to === undefined ? {} : { toMs: query.to }),
      });
      if (query.format === 'json') {
        const head = JSON.stringify({ enterprise, device, profile });
        const document = jsonStream(`${head.slice(0, -1)},"readings":`, readings, '}');
        return reply.type('application/json; charset=utf-8').send(document);
      }
      const signals = await signalColumns(registry, entry, readings);
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${enterprise}.${device}.csv"`)
        .send(csvStream(['time', 'seq', ...signals], csvRows(readings, signals)));
    },
  });
}

async function signalColumns(
  registry: Registry,
  entry: DirectoryEntry,
  readings: readonly StoredReading[],
): Promise<string[]> {
  const profile = await registry.profile(entry.profile);
  const known = profile === null ? [] : publishedSignals(profile).map((signal) => signal.id);
  const others = new Set(readings.flatMap((reading) => Object.keys(reading.values)));
  for (const signal of known) others.delete(signal);
  return [...known, ...[...others].sort()];
}

function* csvRows(
  readings: readonly StoredReading[],
  signals: readonly string[],
): Generator<Cell[]> {
  for (const { timestampMs, seq, values } of readings) {
    const cell = (signal: string) => (Object.hasOwn(values, signal) ? values[signal] : null);
    yield [isoTime(timestampMs), seq, ...signals.map(cell)];
  }
}
