/** Certificate authorities as they are read from the registry's file. */

import type { DatabaseSync } from 'node:sqlite';
import type { AuthorityEntry, StoredAuthority } from '../authorities.ts';
import type { Row } from './sqlite-reader.ts';
import { prepared } from './statements.ts';

/** The authorities of an enterprise that are not revoked. */
export function findAuthorities(db: DatabaseSync, enterprise: string): readonly StoredAuthority[] {
  const rows = prepared(
    db,
    'SELECT * FROM authority WHERE enterprise = ? AND revoked_at_ms IS NULL ORDER BY fingerprint',
  ).all(enterprise);
  return rows.map((row) => ({ ...authorityEntry(row), certificate: row.certificate as string }));
}

/** The authority, revoked or not, or null. */
export function findAuthority(
  db: DatabaseSync,
  enterprise: string,
  fingerprint: string,
): AuthorityEntry | null {
  const sql = 'SELECT * FROM authority WHERE enterprise = ? AND fingerprint = ?';
  const row = prepared(db, sql).get(enterprise, fingerprint);
  return row === undefined ? null : authorityEntry(row);
}

/** A row of `authority` as lists show it. */
export function authorityEntry(row: Row): AuthorityEntry {
  return {
    enterprise: row.enterprise as string,
    fingerprint: row.fingerprint as string,
    name: row.name as string,
    subject: row.subject as string,
    notBeforeMs: row.not_before_ms as number,
    notAfterMs: row.not_after_ms as number,
    profile: row.profile as string | null,
    createdAtMs: row.created_at_ms as number,
    revokedAtMs: row.revoked_at_ms as number | null,
    devicesMax: row.devices_max as number | null,
    devices: row.devices as number,
  };
}
