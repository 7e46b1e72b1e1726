/** What belongs to enterprises and has an id there: claims, group keys, authorities. */

import type { DatabaseSync } from 'node:sqlite';
import { OnrampError } from '../../../model/errors.ts';
import { deviceKey } from '../../../model/identifiers.ts';
import { limits } from '../../../model/limits.ts';
import type { Page, PageRequest } from '../registry.ts';
import { checkLimit, keyAfter, pageOf } from './pages.ts';
import type { Row } from './sqlite-reader.ts';

/** A table with the primary key (enterprise, `id`). */
export interface KeyedTable {
  readonly name: string;
  readonly id: string;
}

/**
 * A page of a table in the order of its keys, of one enterprise or of all; cursors are written
 * `{enterprise}.{id}`. Throws `api.bad-request` on a limit or cursor that is none.
 */
export function keyPage<T>(
  db: DatabaseSync,
  { name, id }: KeyedTable,
  filter: { readonly enterprise?: string | undefined },
  { after, limit }: PageRequest,
  entry: (row: Row) => T,
): Page<T> {
  checkLimit(limit, limits.apiPageRowsMax);
  const only = filter.enterprise === undefined ? '' : 'AND enterprise = :only';
  const found = db
    .prepare(
      `SELECT * FROM ${name} WHERE (enterprise, ${id}) > (:enterprise, :device) ${only}
       ORDER BY enterprise, ${id} LIMIT :rows`,
    )
    .all({
      ...keyAfter(after),
      ...(filter.enterprise === undefined ? {} : { only: filter.enterprise }),
      rows: limit + 1,
    });
  const { items, next } = pageOf(found, limit, (row) =>
    deviceKey(row.enterprise as string, row[id] as string),
  );
  return { items: items.map(entry), next };
}

/**
 * Throws `registry.too-many` when the enterprise has `max` that are not revoked. As many revoked
 * ones are remembered; then the one revoked first goes.
 */
export function makeRoom(
  db: DatabaseSync,
  { name, id }: KeyedTable,
  enterprise: string,
  max: number,
): void {
  const counts = db
    .prepare(
      `SELECT count(*) FILTER (WHERE revoked_at_ms IS NULL) AS living,
         count(revoked_at_ms) AS revoked
       FROM ${name} WHERE enterprise = ?`,
    )
    .get(enterprise)!;
  if ((counts.living as number) >= max) {
    throw new OnrampError('registry.too-many', `${max} of one enterprise`);
  }
  if ((counts.revoked as number) < max) return;
  db.prepare(
    `DELETE FROM ${name} WHERE enterprise = ?1 AND ${id} = (
       SELECT ${id} FROM ${name} WHERE enterprise = ?1 AND revoked_at_ms IS NOT NULL
       ORDER BY revoked_at_ms LIMIT 1)`,
  ).run(enterprise);
}
