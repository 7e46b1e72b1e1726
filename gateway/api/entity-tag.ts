/** Against lost updates: the revision of what can be changed, as an entity tag (RFC 9110 §8.8.3). */

import type { FastifyRequest } from 'fastify';
import { OnrampError } from '../../model/errors.ts';

const tagList = /^\s*(W\/)?"[^"]*"(\s*,\s*(W\/)?"[^"]*")*\s*$/;

/**
 * The strong tag of a revision. It stands for what somebody may change of a device or enterprise,
 * not for what is merely observed of it (whether it is online, when its last row came).
 */
export function entityTag(revision: number): string {
  return `"${revision}"`;
}

/**
 * Which revision a change is meant for, by the request's If-Match (RFC 9110 §13.1.1): `current` when
 * one of its tags is that of `current`, by strong comparison; null, for whichever it is, without the
 * header and for `*`. `current` is null when there is nothing yet.
 * @throws OnrampError `api.version-mismatch`; `api.bad-request` when the header is none.
 */
export function revisionMeant(request: FastifyRequest, current: number | null): number | null {
  const header = request.headers['if-match'];
  if (header === undefined) return null;
  const exists = current !== null;
  if (header.trim() === '*') {
    if (!exists) throw new OnrampError('api.version-mismatch', 'it does not exist');
    return null;
  }
  if (!tagList.test(header)) {
    throw new OnrampError('api.bad-request', 'if-match: must be * or entity tags in quotes');
  }
  const tags: readonly string[] = header.match(/(W\/)?"[^"]*"/g) ?? [];
  if (exists && tags.includes(entityTag(current))) return current;
  throw new OnrampError('api.version-mismatch', exists ? `it is ${entityTag(current)}` : []);
}
