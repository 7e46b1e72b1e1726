/** The directory as a file that can be imported again. */

import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { writeDevicesCsv, writeDevicesJson } from '../registry/imports/import-format.ts';
import type { ApiContext } from './context.ts';
import { deviceFilter } from './device-answer.ts';
import { readers } from './roles.ts';
import { route } from './route.ts';

const exportQuery = z.strictObject({
  ...deviceFilter,
  format: z.enum(['csv', 'json']).default('csv'),
});

/** An export is written as it is read; an answer that breaks off is incomplete. */
export function deviceExportRoutes(
  app: FastifyInstance,
  context: Pick<ApiContext, 'registry'>,
): void {
  route(app, {
    method: 'GET',
    url: '/api/v1/devices/export',
    tag: 'devices',
    summary: 'Every device that the filter lets through, as an import takes it, without secrets',
    access: readers('list'),
    query: exportQuery,
    answers: {
      200: {
        description: 'A file in the columns of an import',
        content: { 'text/csv': null, 'application/json': z.array(z.looseObject({})) },
      },
    },
    handler: async ({ query }, reply) => {
      const { format, ...filter } = query;
      const entries = context.registry.export(filter);
      const document = format === 'csv' ? writeDevicesCsv(entries) : writeDevicesJson(entries);
      return reply
        .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8')
        .header('content-disposition', `attachment; filename="devices.${format}"`)
        .send(Readable.from(document, { objectMode: false }));
    },
  });
}
