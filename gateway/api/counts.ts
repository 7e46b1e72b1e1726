/** How far the city, or one enterprise, has come on board. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { OnrampError } from '../../model/errors.ts';
import type { ApiContext } from './context.ts';
import { countDefinitions, placeSchema } from './place-counts.ts';
import { readers } from './roles.ts';
import { json, route } from './route.ts';
import { isoTime } from './time.ts';
import { word } from './validation.ts';

const countsQuery = z.strictObject({
  enterprise: word.optional().describe('The counts of this one alone'),
});

const cityCounts = z.strictObject({
  city: placeSchema,
  byDistrict: z.record(z.string(), placeSchema),
  byIndustry: z.record(z.string(), placeSchema),
});

const countsSchema = z.strictObject({
  asOf: z.string(),
  enterprise: z.string().nullable(),
  counts: z
    .union([cityCounts, placeSchema])
    .nullable()
    .describe(
      'Of the city and its parts, or of the enterprise; null while the directory is being read, and where no gateway runs',
    ),
  definitions: z
    .record(z.string(), z.strictObject({ en: z.string(), zh: z.string() }))
    .describe('What each count means'),
});

/** Devices and enterprises, counted in four nested stages. */
export function countRoutes(
  app: FastifyInstance,
  context: Pick<ApiContext, 'clock' | 'registry' | 'onboarding'>,
): void {
  const { clock, registry, onboarding } = context;
  route(app, {
    method: 'GET',
    url: '/api/v1/counts',
    tag: 'onboarding',
    summary: 'Devices and enterprises: registered, activated, connected, online',
    access: readers('query'),
    query: countsQuery,
    answers: { 200: json('The counts', countsSchema) },
    handler: async ({ query: { enterprise = null } }) => {
      if (enterprise !== null && (await registry.enterprise(enterprise)) === null) {
        throw new OnrampError('registry.not-found', enterprise);
      }
      return {
        asOf: isoTime(clock.nowMs()),
        enterprise,
        counts: enterprise === null ? onboarding.counts() : onboarding.countsOf(enterprise),
        definitions: countDefinitions,
      };
    },
  });
}
