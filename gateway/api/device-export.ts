/** The directory as a file that can be imported again. */

import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { writeDevicesCsv, writeDevicesJson } from '../registry/import-format.ts';
import type { ApiContext } from './context.ts';
import { deviceFilter } from './devices.ts';
import { checked } from './validation.ts';

const exportQuery = z.strictObject({
  ...deviceFilter,
  format: z.enum(['csv', 'json']).default('csv'),
});

/**
 * `GET /api/v1/devices/export`: every entry that the filter lets through, in the columns of an
 * import, without secrets. Written as it is read; an answer that breaks off is incomplete.
 */
export function deviceExportRoutes(
  app: FastifyInstance,
  context: Pick<ApiContext, 'registry'>,
): void {
  app.get('/api/v1/devices/export', async (request, reply) => {
    const { format, ...filter } = checked(request, { query: exportQuery }).query;
    const entries = context.registry.export(filter);
    const document = format === 'csv' ? writeDevicesCsv(entries) : writeDevicesJson(entries);
    return reply
      .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8')
      .header('content-disposition', `attachment; filename="devices.${format}"`)
      .send(Readable.from(document, { objectMode: false }));
  });
}
