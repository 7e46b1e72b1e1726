/** Group keys as they are read from the registry's file. */

import type { DatabaseSync } from 'node:sqlite';
import type { GroupEntry, StoredGroup } from '../groups.ts';
import { unsealedKey } from '../sealed-key.ts';
import type { Row } from './sqlite-reader.ts';
import { prepared } from './statements.ts';

/**
 * The group keys of an enterprise that are not revoked, in the clear. Throws `group.key-unreadable`
 * when they were stored under another `sealKey`.
 */
export function findGroups(
  db: DatabaseSync,
  sealKey: Buffer,
  enterprise: string,
): readonly StoredGroup[] {
  const rows = prepared(
    db,
    'SELECT * FROM group_key WHERE enterprise = ? AND revoked_at_ms IS NULL ORDER BY id',
  ).all(enterprise);
  return rows.map((row) => {
    const entry = groupEntry(row);
    return { ...entry, key: unsealedKey(sealKey, entry, row.sealed_key as Uint8Array) };
  });
}

/** The group, revoked or not, or null. */
export function findGroup(db: DatabaseSync, enterprise: string, id: string): GroupEntry | null {
  const sql = 'SELECT * FROM group_key WHERE enterprise = ? AND id = ?';
  const row = prepared(db, sql).get(enterprise, id);
  return row === undefined ? null : groupEntry(row);
}

/** A row of `group_key` as lists show it. */
export function groupEntry(row: Row): GroupEntry {
  return {
    enterprise: row.enterprise as string,
    id: row.id as string,
    name: row.name as string,
    profile: row.profile as string,
    createdAtMs: row.created_at_ms as number,
    revokedAtMs: row.revoked_at_ms as number | null,
    devicesMax: row.devices_max as number,
    devices: row.devices as number,
  };
}
