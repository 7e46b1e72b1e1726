/** What could not be stored, and trying it again. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { errorTable } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { ApiContext } from './context.ts';
import { checked, pageQuery, wholeNumber, word } from './validation.ts';

const enterprisesListed = 20;
const replayLimitDefault = 1000;

const filter = {
  enterprise: word.optional(),
  device: word.optional(),
  code: word.refine((code) => Object.hasOwn(errorTable, code), 'is no error code').optional(),
};

const listQuery = z.strictObject({
  ...filter,
  stage: z.enum(['check', 'store']).optional(),
  after: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
  limit: pageQuery.limit,
});

const replayBody = z
  .strictObject({
    ...filter,
    after: z.int().min(1).optional(),
    limit: z.int().min(1).max(limits.deadLettersPerEnterpriseMax).default(replayLimitDefault),
  })
  .nullish()
  .transform((body) => body ?? { limit: replayLimitDefault });

/**
 * - `GET /api/v1/dead-letters`: a page of letters, newest first; `next` goes into `after`.
 * - `GET /api/v1/dead-letters/counts`: `byCode`, and `byEnterprise` of those with the most.
 * - `POST /api/v1/dead-letters/replay`: offers the oldest `limit` that match to the store again,
 *   only those after the letter `after`; answers a `ReplayReport`, whose `next` goes into `after`.
 */
export function deadLetterRoutes(
  app: FastifyInstance,
  context: Pick<ApiContext, 'deadLetters' | 'replay'>,
): void {
  const { deadLetters } = context;

  app.get('/api/v1/dead-letters', async (request) => {
    const { after, ...query } = checked(request, { query: listQuery }).query;
    return deadLetters.list({ ...query, before: after });
  });

  app.get('/api/v1/dead-letters/counts', async () => {
    const [byCode, byEnterprise] = await Promise.all([
      deadLetters.counts(),
      deadLetters.countsByEnterprise(enterprisesListed),
    ]);
    return { byCode, byEnterprise };
  });

  app.post('/api/v1/dead-letters/replay', async (request) => {
    return context.replay(checked(request, { body: replayBody }).body);
  });
}
