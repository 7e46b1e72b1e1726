/** Many devices at once: from a file, or a whole simulated city. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { buildCity } from '../../model/city.ts';
import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import { readDevicesCsv, readDevicesJson } from '../registry/import-format.ts';
import type { ImportReport } from '../registry/registry.ts';
import type { ApiContext } from './context.ts';
import { errorBody, statusOf } from './errors.ts';
import { arrivingBody, takeStreams } from './request-stream.ts';
import { checked, flag, word } from './validation.ts';

const importQuery = z.strictObject({
  dryRun: flag.default(false),
  badRows: z.enum(['refuse-all', 'skip']).default('refuse-all'),
  existing: z.enum(['refuse', 'update']).default('refuse'),
  enterprise: word.optional(),
});

const cityBody = z.strictObject({
  seed: z.int(),
  enterprises: z.int().min(1).max(limits.cityEnterprisesMax),
  devices: z.int().min(1).max(limits.cityDevicesMax),
  sensors: z.boolean().default(false),
  gateway: word.optional(),
});

/**
 * - `POST /api/v1/devices/import`: a CSV or JSON body, read as it arrives, all or nothing unless
 *   `badRows=skip`. 200 with the `ImportReport`, which holds the secrets that were generated; 422
 *   with `error` and `report` when nothing was imported because of bad rows.
 * - `POST /api/v1/devices/import-city`: `{seed, enterprises, devices, sensors?, gateway?}`
 *   registers the city that simulators of the same seed play; its secrets derive from the fleet
 *   key. The `ImportReport` holds none of them.
 */
export function deviceImportRoutes(
  app: FastifyInstance,
  context: Pick<ApiContext, 'registry' | 'fleetKey'>,
): void {
  const { registry } = context;

  app.register(async (streams) => {
    takeStreams(streams, limits.apiBodyBytesMax);
    streams.post('/api/v1/devices/import', async (request, reply) => {
      const { query, body } = checked(request, { query: importQuery });
      const { format, bytes } = arrivingBody(body);
      const rows = format === 'csv' ? readDevicesCsv(bytes) : readDevicesJson(bytes);
      const report = await registry.importDevices(rows, query);
      if (report.committed || query.dryRun) return report;
      const error = new OnrampError('registry.import-invalid', badRowTexts(report));
      return reply.code(statusOf(error.code)).send({ ...errorBody(error), report });
    });
  });

  app.post('/api/v1/devices/import-city', async (request) => {
    const { gateway, ...options } = checked(request, { body: cityBody }).body;
    return registry.importCity(buildCity(options), context.fleetKey(), gateway);
  });
}

function badRowTexts(report: ImportReport): string[] {
  return report.errors.map(({ row, code, detail }) => `row ${row}: ${code}: ${detail}`);
}
