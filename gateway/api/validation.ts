/** Checking what callers send: every mistake of a request is named at once. */

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { OnrampError } from '../../model/errors.ts';
import { isDirectoryId, parseDeviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import { mistakeWords } from './mistake-words.ts';

const mistakesListedMax = 20;
const mistakeCharsMax = 300;

const worded = { error: mistakeWords };

/** What a route expects; a part that is left out must be empty. */
interface Expected<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
}

/** What a part of a request is that a route does not expect. */
export const nothing = z.strictObject({});

/**
 * The checked parts of a request.
 * @throws OnrampError `api.bad-request` naming every mistake, at most 20.
 */
export function checked<
  P extends z.ZodType = typeof nothing,
  Q extends z.ZodType = typeof nothing,
  B extends z.ZodType = z.ZodUnknown,
>(
  request: Pick<FastifyRequest, 'params' | 'query' | 'body'>,
  expected: Expected<P, Q, B>,
): { params: z.output<P>; query: z.output<Q>; body: z.output<B> } {
  const parts = {
    params: (expected.params ?? nothing).safeParse(request.params, worded),
    query: (expected.query ?? nothing).safeParse(request.query, worded),
    body: (expected.body ?? z.unknown()).safeParse(request.body, worded),
  };
  const mistakes = Object.entries(parts).flatMap(([part, { error }]) =>
    (error?.issues ?? []).flatMap((issue) => explain(part === 'params' ? '' : part, issue)),
  );
  if (mistakes.length > 0) {
    const listed = mistakes.slice(0, mistakesListedMax);
    throw new OnrampError(
      'api.bad-request',
      listed.map((mistake) => mistake.slice(0, mistakeCharsMax)),
    );
  }
  return {
    params: parts.params.data as z.output<P>,
    query: parts.query.data as z.output<Q>,
    body: parts.body.data as z.output<B>,
  };
}

function explain(part: string, issue: z.core.$ZodIssue): string[] {
  const path = [part, ...issue.path].filter((step) => step !== '').join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${path}.${key}: is not known here`);
  }
  return [`${path}: ${issue.message}`];
}

/** A word of a query or body, no longer than any of ours. */
export const word = z.string().min(1).max(limits.textCharsMax);

/** Whose something shall be: a token of an enterprise may leave it out. */
export const ownEnterprise = word
  .optional()
  .transform((enterprise, context): string => {
    if (enterprise !== undefined) return enterprise;
    context.addIssue({ code: 'custom', message: 'is needed' });
    return z.NEVER;
  })
  .describe('Whose it is; a token of an enterprise may leave it out');

/** `{enterprise}.{name of the second part}` in a path. */
function keyOf<Second extends string>(second: Second) {
  return z
    .string()
    .transform((key, context): { enterprise: string } & Record<Second, string> => {
      const parsed = parseDeviceKey(key);
      if (parsed !== null) {
        const { enterprise, device } = parsed;
        return { enterprise, [second]: device } as { enterprise: string } & Record<Second, string>;
      }
      context.addIssue({ code: 'custom', message: `must be {enterprise}.{${second}}` });
      return z.NEVER;
    })
    .meta({ description: `{enterprise}.{${second}}` });
}

/** `{enterprise}.{device}` in a path. */
export const deviceParams = z.object({ key: keyOf('device') });

/** `{enterprise}.{id}` in a path: a claim, a group, an authority. */
export const ownedParams = z.object({ key: keyOf('id') });

/** An enterprise in a path. */
export const enterpriseParams = z.object({
  enterprise: z.string().refine(isDirectoryId, 'must match [a-z0-9_-]+'),
});

/** A number as a query string carries it. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .meta({ type: 'integer', minimum: min, maximum: max, pattern: undefined });

/** `true` or `false` as a query string carries it. */
export const flag = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .meta({ type: 'boolean', enum: undefined });

/** Where a page begins and how long it is; 100 rows when not said. */
export const pageQuery = {
  after: word.optional().describe('The `next` of the page before'),
  limit: wholeNumber(1, limits.apiPageRowsMax).default(100).describe('Rows; 100 when left out'),
};

/** A page of `items`, as an answer. */
export function pageOf(item: z.ZodType) {
  return z.strictObject({
    items: z.array(item),
    next: z.string().nullable().describe('Goes into `after`; null on the last page'),
  });
}
