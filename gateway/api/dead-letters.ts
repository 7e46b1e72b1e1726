/** What could not be stored, and trying it again. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { errorTable } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { ApiContext } from './context.ts';
import { owners, readers } from './roles.ts';
import { json, route } from './route.ts';
import { pageQuery, wholeNumber, word } from './validation.ts';

const enterprisesListed = 20;
const replayLimitDefault = 1000;

const filter = {
  enterprise: word.optional(),
  device: word.optional(),
  code: word.refine((code) => Object.hasOwn(errorTable, code), 'is no error code').optional(),
};

const listQuery = z.strictObject({
  ...filter,
  stage: z.enum(['check', 'store']).optional().describe('Who refused'),
  after: wholeNumber(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('The `next` of the page before'),
  limit: pageQuery.limit,
});

const countsQuery = z.strictObject({ enterprise: word.optional() });

const replayBody = z
  .strictObject({
    ...filter,
    after: z.int().min(1).optional(),
    limit: z.int().min(1).max(limits.deadLettersPerEnterpriseMax).default(replayLimitDefault),
  })
  .nullish()
  .transform((body) => body ?? { limit: replayLimitDefault });

const letterSchema = z
  .looseObject({
    id: z.int(),
    atMs: z.int(),
    enterprise: z.string(),
    device: z.string(),
    profile: z.string(),
    code: z.string(),
    detail: z.string(),
    stage: z.enum(['check', 'store']),
    topic: z.string(),
    payload: z.string().nullable().describe('null to viewers, and when it is kept no longer'),
  })
  .meta({ id: 'DeadLetter' });

const countSchema = z.looseObject({ count: z.int(), letters: z.int(), readings: z.int() });

const countsSchema = z.strictObject({
  byCode: z.array(countSchema.extend({ code: z.string() })),
  byEnterprise: z.array(countSchema.extend({ enterprise: z.string() })),
});

const replaySchema = z.strictObject({
  tried: z.int(),
  stored: z.int(),
  refusedAgain: z.int(),
  next: z.int().nullable().describe('Goes into `after` when there may be more'),
});

type Context = Pick<ApiContext, 'deadLetters' | 'replay'>;

/** Dead letters: a page of them, newest first; how many there are; another try. */
export function deadLetterRoutes(app: FastifyInstance, context: Context): void {
  const { deadLetters } = context;

  route(app, {
    method: 'GET',
    url: '/api/v1/dead-letters',
    tag: 'dead letters',
    summary: 'A page of dead letters, newest first',
    access: readers('list'),
    query: listQuery,
    answers: {
      200: json(
        'A page',
        z.strictObject({ items: z.array(letterSchema), next: z.int().nullable() }),
      ),
    },
    handler: async ({ query: { after, ...query }, identity }) => {
      const page = await deadLetters.list({ ...query, before: after });
      if (identity.role !== 'viewer') return page;
      return { ...page, items: page.items.map((letter) => ({ ...letter, payload: null })) };
    },
  });

  route(app, {
    method: 'GET',
    url: '/api/v1/dead-letters/counts',
    tag: 'dead letters',
    summary: 'How many there are by code, and of the enterprises with the most',
    access: readers('list'),
    query: countsQuery,
    answers: { 200: json('The counts', countsSchema) },
    handler: async ({ query: { enterprise } }) => {
      const [byCode, byEnterprise] = await Promise.all([
        deadLetters.counts(enterprise),
        deadLetters.countsByEnterprise(enterprisesListed, enterprise),
      ]);
      return { byCode, byEnterprise };
    },
  });

  route(app, {
    method: 'POST',
    url: '/api/v1/dead-letters/replay',
    tag: 'dead letters',
    summary: 'Offer the oldest letters that match to the store again',
    access: owners('body'),
    body: replayBody,
    answers: { 200: json('What became of them', replaySchema) },
    handler: async ({ body }) => context.replay(body),
  });
}
