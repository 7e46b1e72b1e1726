/** Suspending the devices that are known by certificates of an authority, a part at a time. */

import type { DatabaseSync } from 'node:sqlite';
import { type Doer, suspendable, suspendEach } from './life-table.ts';
import { prepared } from './statements.ts';

/** Devices of one part: a few milliseconds. */
export const suspendedPerPart = 500;

/** Which devices: those of an enterprise whose certificate one authority signed. */
export interface KnownBy {
  readonly enterprise: string;
  readonly fingerprint: string;
}

/** Up to `count` of them (all with -1), whose rows come after the number `after`. */
export interface Part {
  readonly after: number;
  readonly count: number;
}

const part = `SELECT id FROM device
  WHERE certificate_authority = :fingerprint AND enterprise = :enterprise AND id > :after
    AND state IN (${suspendable})
  ORDER BY id LIMIT :count`;

/**
 * Suspends a part of the devices whose state allows it, in the caller's transaction. Answers after
 * which row to go on; null at the end.
 */
export function suspendPart(
  db: DatabaseSync,
  { enterprise, fingerprint }: KnownBy,
  { after, count }: Part,
  doer: Doer,
): number | null {
  const rows = prepared(db, part).all({ enterprise, fingerprint, after, count });
  const ids = rows.map(({ id }) => id as number);
  suspendEach(db, ids, `authority ${fingerprint} was revoked`, doer);
  return ids.length === count ? ids.at(-1)! : null;
}
