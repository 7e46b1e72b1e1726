/** Claims as they are read from the registry's file. */

import type { DatabaseSync } from 'node:sqlite';
import type { ClaimEntry, StoredClaim } from '../claims.ts';
import type { Row } from './sqlite-reader.ts';
import { prepared } from './statements.ts';

/** The claim with the hash of its secret, or null. */
export function findClaim(db: DatabaseSync, enterprise: string, id: string): StoredClaim | null {
  const row = prepared(db, 'SELECT * FROM claim WHERE enterprise = ? AND id = ?').get(
    enterprise,
    id,
  );
  if (row === undefined) return null;
  return { ...claimEntry(row), secretHash: Buffer.from(row.secret_hash as Uint8Array) };
}

/** True when the serial is on the allow-list of the claim. */
export function listsSerial(
  db: DatabaseSync,
  enterprise: string,
  id: string,
  serial: string,
): boolean {
  const find = 'SELECT 1 FROM claim_serial WHERE enterprise = ? AND claim = ? AND serial = ?';
  return prepared(db, find).get(enterprise, id, serial) !== undefined;
}

/** A row of `claim` as lists show it. */
export function claimEntry(row: Row): ClaimEntry {
  return {
    enterprise: row.enterprise as string,
    id: row.id as string,
    name: row.name as string,
    createdAtMs: row.created_at_ms as number,
    expiresAtMs: row.expires_at_ms as number,
    devicesMax: row.devices_max as number,
    devices: row.devices as number,
    profile: row.profile as string | null,
    serials: row.serials as number | null,
    revokedAtMs: row.revoked_at_ms as number | null,
  };
}
