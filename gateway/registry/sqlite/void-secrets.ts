/**
 * What becomes of the devices that a revoked group key enrolled, a part of them at a time: their
 * credentials are void, and as they cannot connect, they are suspended.
 */

import type { DatabaseSync } from 'node:sqlite';
import { secretBytes } from '../../../model/random.ts';
import { type Doer, noteEach, suspendEach } from './life-table.ts';
import { prepared } from './statements.ts';

/** Devices of one part: about ten milliseconds. */
export const voidedPerPart = 500;
const hashBytes = 32;

/** Each gets 32 bytes of a hash that nobody knows a secret of. */
const voidPart = `
UPDATE device SET secret_hash = substr(:hashes, 1 + :bytes * part.number, :bytes), group_id = NULL,
  revision = revision + 1
FROM (
  SELECT id, row_number() OVER () - 1 AS number FROM device
  WHERE enterprise = :enterprise AND group_id = :group LIMIT :devices
) AS part
WHERE device.id = part.id RETURNING device.id, device.device`;

/**
 * Does it for some of the devices, in the caller's transaction, and answers their ids: fewer than
 * `voidedPerPart` when there are no more.
 */
export function voidSecrets(
  db: DatabaseSync,
  enterprise: string,
  group: string,
  doer: Doer,
): string[] {
  const rows = prepared(db, voidPart).all({
    hashes: secretBytes(hashBytes * voidedPerPart),
    bytes: hashBytes,
    enterprise,
    group,
    devices: voidedPerPart,
  });
  const cause = `group key ${group} was revoked`;
  const ids = rows.map(({ id }) => id as number);
  noteEach(db, ids, { event: 'secret-voided', cause }, doer);
  suspendEach(db, ids, cause, doer);
  return rows.map(({ device }) => device as string);
}

/** Groups that were revoked while credentials that derive from their keys are not yet void. */
export function groupsHalfVoided(
  db: DatabaseSync,
): readonly { readonly enterprise: string; readonly group: string }[] {
  const rows = db
    .prepare(
      `SELECT enterprise, group_id AS "group" FROM device WHERE group_id IS NOT NULL
       GROUP BY enterprise, group_id HAVING NOT EXISTS (
         SELECT 1 FROM group_key AS g WHERE g.enterprise = device.enterprise
           AND g.id = device.group_id AND g.revoked_at_ms IS NULL)`,
    )
    .all();
  return rows as unknown as { enterprise: string; group: string }[];
}
