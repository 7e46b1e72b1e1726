/** Reading the audit trail in the registry's file, newest first. */

import type { DatabaseSync } from 'node:sqlite';
import type { DeviceState } from '../../model/device.ts';
import type { AuditEntry, AuditFilter } from './lives.ts';
import type { Row } from './sqlite-reader.ts';
import { prepared } from './statements.ts';

/**
 * The index of the audit trail (`audit_by_device`) is in chapters of so many entries: it grows at its
 * end only. Sorted by enterprise as a whole, each of a thousand new entries would rewrite a page of it
 * somewhere else.
 */
const chapterBits = 13;
const chapterEntries = 2 ** chapterBits;

/** Up to `limit` entries with ids below `before`, newest first. A device needs its enterprise. */
export function auditEntries(
  db: DatabaseSync,
  { enterprise, device }: AuditFilter,
  before: number,
  limit: number,
): AuditEntry[] {
  if (enterprise === undefined) {
    const all = 'SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?';
    return prepared(db, all).all(before, limit).map(auditEntry);
  }
  const ends = prepared(db, 'SELECT min(id) AS first, max(id) AS last FROM audit').get()!;
  if (ends.last === null) return [];
  const found: AuditEntry[] = [];
  let chapter = chapterOf(Math.min(before - 1, ends.last as number));
  for (; chapter >= chapterOf(ends.first as number) && found.length < limit; chapter--) {
    const rest = limit - found.length;
    const rows =
      device === undefined
        ? prepared(db, ofEnterprise).all(chapter, enterprise, before, rest)
        : prepared(db, ofDevice).all(chapter, enterprise, device, before, rest);
    found.push(...rows.map(auditEntry));
  }
  return found;
}

const ofEnterprise = `SELECT * FROM audit INDEXED BY audit_by_device
  WHERE id >> ${chapterBits} = ? AND enterprise = ? AND id < ? ORDER BY id DESC LIMIT ?`;

const ofDevice = `SELECT * FROM audit INDEXED BY audit_by_device
  WHERE id >> ${chapterBits} = ? AND enterprise = ? AND device = ? AND id < ?
  ORDER BY id DESC LIMIT ?`;

function chapterOf(id: number): number {
  return Math.floor(id / chapterEntries);
}

function auditEntry(row: Row): AuditEntry {
  return {
    id: row.id as number,
    atMs: row.at_ms as number,
    enterprise: row.enterprise as string,
    device: row.device as string | null,
    event: row.event as string,
    from: row.from_state as DeviceState | null,
    to: row.to_state as DeviceState | null,
    cause: row.cause as string,
    actor: row.actor as string,
  };
}
