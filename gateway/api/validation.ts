/** Checking what callers send: every mistake of a request is named at once. */

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { OnrampError } from '../../model/errors.ts';
import { parseDeviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';

const mistakesListedMax = 20;
const mistakeCharsMax = 300;

/** What a route expects; a part that is left out must be empty. */
interface Expected<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
}

const nothing = z.strictObject({});

/**
 * The checked parts of a request.
 * @throws OnrampError `api.bad-request` naming every mistake, at most 20.
 */
export function checked<
  P extends z.ZodType = typeof nothing,
  Q extends z.ZodType = typeof nothing,
  B extends z.ZodType = z.ZodUnknown,
>(
  request: FastifyRequest,
  expected: Expected<P, Q, B>,
): { params: z.output<P>; query: z.output<Q>; body: z.output<B> } {
  const parts = {
    params: (expected.params ?? nothing).safeParse(request.params),
    query: (expected.query ?? nothing).safeParse(request.query),
    body: (expected.body ?? z.unknown()).safeParse(request.body),
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

/** `{enterprise}.{device}` in a path. */
export const deviceParams = z.object({
  key: z.string().transform((key, context) => {
    const parsed = parseDeviceKey(key);
    if (parsed !== null) return parsed;
    context.addIssue({ code: 'custom', message: 'must be {enterprise}.{device}' });
    return z.NEVER;
  }),
});

/** A number as a query string carries it. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max));

/** `true` or `false` as a query string carries it. */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Where a page begins and how long it is; 100 rows when not said. */
export const pageQuery = {
  after: word.optional(),
  limit: wholeNumber(1, limits.apiPageRowsMax).default(100),
};
