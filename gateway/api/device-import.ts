/** Many devices at once: from a file, or a whole simulated city. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { buildCity } from '../../model/city.ts';
import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { Onboarding } from '../onboarding/onboarding.ts';
import {
  DecodedText,
  type TextEncoding,
  textEncodings,
} from '../registry/imports/import-encoding.ts';
import { readDevicesCsv, readDevicesJson } from '../registry/imports/import-format.ts';
import type { ImportReport } from '../registry/registry.ts';
import type { ApiContext } from './context.ts';
import { problemOf, problemSchema, problemType } from './errors.ts';
import { arrivingBody, takeStreams } from './request-stream.ts';
import { operatorOnly, owners, viewersOfAll } from './roles.ts';
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
  encoding: z
    .enum(['auto', 'utf-8', 'gb18030'])
    .default('auto')
    .describe('auto: by the byte order mark; else UTF-8 when it is that; else GB18030'),
});

const cityBody = z.strictObject({
  seed: z.int(),
  enterprises: z.int().min(1).max(limits.cityEnterprisesMax),
  devices: z.int().min(1).max(limits.cityDevicesMax),
  sensors: z.boolean().default(false),
  gateway: word.optional().describe('Gives each enterprise a gateway of this id'),
});

const reportFields = {
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
};

const reportSchema = z.strictObject(reportFields).meta({ id: 'ImportReport' });

const fileReportSchema = z
  .strictObject({ ...reportFields, encoding: z.enum(textEncodings).describe('How it was read') })
  .meta({ id: 'FileImportReport' });

const progressSchema = z.strictObject({
  progress: z
    .strictObject({ phase: z.enum(['reading', 'merging']), rows: z.int() })
    .nullable()
    .describe('null when no import is running'),
});

/** Bad rows named in a refusal; its report has more. */
const badRowsNamedMax = 100;

/** What an import of a file answers. */
export type FileImportReport = ImportReport & {
  /** How the file was read: the WHATWG name of its encoding. */
  readonly encoding: TextEncoding;
};

type Context = Pick<ApiContext, 'registry' | 'onboarding' | 'fleetKey'>;

/** Imports: of a file as it arrives, all or nothing unless told otherwise; of a simulated city. */
export function deviceImportRoutes(app: FastifyInstance, context: Context): void {
  app.register(async (streams) => {
    takeStreams(streams, limits.apiBodyBytesMax);
    fileRoute(streams, context);
  });
  progressRoute(app, context);
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
      200: json('What was imported', fileReportSchema),
      422: {
        description: 'Nothing was imported because of bad rows; `report` has them',
        content: { [problemType.split(';')[0]!]: problemSchema },
      },
    },
    handler: async ({ query, body, identity: { actor } }, reply) => {
      const { format, bytes } = arrivingBody(body);
      const { encoding, ...options } = query;
      const given = encoding === 'auto' ? null : encoding;
      const text = new DecodedText(bytes, 'registry.import-invalid', given);
      const rows = format === 'csv' ? readDevicesCsv(text) : readDevicesJson(text);
      const imported = await registry.importDevices(rows, { ...options, actor });
      if (imported.committed) tellOf(imported, onboarding);
      const report: FileImportReport = { ...imported, encoding: text.encoding };
      if (report.committed || query.dryRun) return report;
      const problem = problemOf(new OnrampError('registry.import-invalid', badRowTexts(report)));
      return reply
        .code(problem.status)
        .type(problemType)
        .send({ ...problem, report });
    },
  });
}

/** Not for an enterprise: it would learn when others import, and how much. */
function progressRoute(app: FastifyInstance, { registry }: Context): void {
  route(app, {
    method: 'GET',
    url: '/api/v1/imports/current',
    tag: 'devices',
    summary: 'How far the running import is; there is one at a time',
    access: viewersOfAll,
    answers: { 200: json('The rows read so far', progressSchema) },
    handler: async () => ({ progress: registry.importing }),
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
    handler: async ({ body, identity: { actor } }) => {
      const { gateway, ...options } = body;
      const report = await registry.importCity(buildCity(options), fleetKey(), gateway, actor);
      if (report.committed) tellOf(report, onboarding);
      return report;
    },
  });
}

function tellOf({ changed }: ImportReport, onboarding: Onboarding): void {
  if (changed.length > 0) onboarding.identityChanged(changed);
  onboarding.directoryChanged();
}

function badRowTexts({ errors, badRows }: ImportReport): string[] {
  const named = errors.slice(0, badRowsNamedMax);
  const texts = named.map(({ row, code, detail }) => `row ${row}: ${code}: ${detail}`);
  if (badRows > named.length) texts.push(`and ${badRows - named.length} more bad rows`);
  return texts;
}
