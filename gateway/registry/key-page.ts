/** Pages of what belongs to enterprises and has an id there: claims, group keys, authorities. */

import type { DatabaseSync } from 'node:sqlite';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey, parseDeviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import { checkLimit, pageOf } from './pages.ts';
import type { Page, PageRequest } from './registry.ts';
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
  const start = after === undefined ? { enterprise: '', device: '' } : parseDeviceKey(after);
  if (start === null) throw new OnrampError('api.bad-request', `after is no {enterprise}.{${id}}`);
  const only = filter.enterprise === undefined ? '' : 'AND enterprise = :only';
  const found = db
    .prepare(
      `SELECT * FROM ${name} WHERE (enterprise, ${id}) > (:enterprise, :device) ${only}
       ORDER BY enterprise, ${id} LIMIT :rows`,
    )
    .all({
      ...start,
      ...(filter.enterprise === undefined ? {} : { only: filter.enterprise }),
      rows: limit + 1,
    });
  const { items, next } = pageOf(found, limit, (row) =>
    deviceKey(row.enterprise as string, row[id] as string),
  );
  return { items: items.map(entry), next };
}
