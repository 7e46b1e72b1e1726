/** Many devices at once: from a file, or a whole simulated city. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { buildCity } from '../../model/city.ts';
import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { Onboarding } from '../onboarding/onboarding.ts';
import { readDevicesCsv, readDevicesJson } from '../registry/import-format.ts';
import type { ImportReport } from '../registry/registry.ts';
import type { ApiContext } from './context.ts';
import { problemOf, problemSchema, problemType } from './errors.ts';
import { arrivingBody, takeStreams } from './request-stream.ts';
import { operatorOnly, owners } from './roles.ts';
import { json, route } from './route.ts';
import { flag, word } from './validation.ts';

const importQuery = z.strictObject({
  dryRun: flag.default(false).describe('Checks everything and changes nothing'),
  badRows: z
    .enum(['refuse-all', 'skip'])
    .default('refuse-all')
    .describe('Whether one bad row refuses the import'),
  existing: z
    .enum(['refuse', 'update'])
    .default('refuse')
    .describe('Whether a device that is registered already is a bad row'),
  enterprise: word.optional().describe('Rows of any other enterprise are bad'),
});

const cityBody = z.strictObject({
  seed: z.int(),
  enterprises: z.int().min(1).max(limits.cityEnterprisesMax),
  devices: z.int().min(1).max(limits.cityDevicesMax),
  sensors: z.boolean().default(false),
  gateway: word.optional().describe('Gives each enterprise a gateway of this id'),
});

const reportSchema = z
  .strictObject({
    rows: z.int(),
    added: z.int(),
    updated: z.int(),
    badRows: z.int(),
    errors: z
      .array(z.strictObject({ row: z.int(), code: z.string(), detail: z.string() }))
      .describe('The first bad rows'),
    committed: z.boolean().describe('The changes are in the registry'),
    credentials: z
      .array(z.strictObject({ enterprise: z.string(), device: z.string(), secret: z.string() }))
      .describe('Generated secrets, shown once'),
    changed: z.array(z.string()).describe('Ids of devices whose sessions must begin anew'),
  })
  .meta({ id: 'ImportReport' });

type Context = Pick<ApiContext, 'registry' | 'onboarding' | 'fleetKey'>;

/** Imports: of a file as it arrives, all or nothing unless told otherwise; of a simulated city. */
export function deviceImportRoutes(app: FastifyInstance, context: Context): void {
  app.register(async (streams) => {
    takeStreams(streams, limits.apiBodyBytesMax);
    fileRoute(streams, context);
  });
  cityRoute(app, context);
}

function fileRoute(app: FastifyInstance, { registry, onboarding }: Context): void {
  route(app, {
    method: 'POST',
    url: '/api/v1/devices/import',
    tag: 'devices',
    summary: 'Register many devices from a CSV or JSON file',
    access: owners('query'),
    query: importQuery,
    streams: {
      'text/csv': 'A heading and a row for each device',
      'application/json': 'An array of devices',
    },
    answers: {
      200: json('What was imported', reportSchema),
      422: {
        description: 'Nothing was imported because of bad rows; `report` has them',
        content: { [problemType.split(';')[0]!]: problemSchema },
      },
    },
    handler: async ({ query, body, identity: { actor } }, reply) => {
      const { format, bytes } = arrivingBody(body);
      const rows = format === 'csv' ? readDevicesCsv(bytes) : readDevicesJson(bytes);
      const report = await registry.importDevices(rows, { ...query, actor });
      if (report.committed) tellOf(report, onboarding);
      if (report.committed || query.dryRun) return report;
      const problem = problemOf(new OnrampError('registry.import-invalid', badRowTexts(report)));
      return reply
        .code(problem.status)
        .type(problemType)
        .send({ ...problem, report });
    },
  });
}

function cityRoute(app: FastifyInstance, { registry, onboarding, fleetKey }: Context): void {
  route(app, {
    method: 'POST',
    url: '/api/v1/devices/import-city',
    tag: 'devices',
    summary: 'Register the city that simulators of the same seed play',
    description: 'Its secrets derive from the fleet key; the report holds none.',
    access: operatorOnly,
    body: cityBody,
    answers: { 200: json('What was imported', reportSchema) },
    handler: async ({ body }) => {
      const { gateway, ...options } = body;
      const report = await registry.importCity(buildCity(options), fleetKey(), gateway);
      if (report.committed) tellOf(report, onboarding);
      return report;
    },
  });
}

function tellOf({ changed }: ImportReport, onboarding: Onboarding): void {
  if (changed.length > 0) onboarding.identityChanged(changed);
  onboarding.directoryChanged();
}

function badRowTexts(report: ImportReport): string[] {
  return report.errors.map(({ row, code, detail }) => `row ${row}: ${code}: ${detail}`);
}
