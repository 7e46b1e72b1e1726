/** Reading the audit trail in the registry's file, newest first. */

import type { DatabaseSync } from 'node:sqlite';
import type { DeviceState } from '../../../model/device.ts';
import type { AuditEntry, AuditFilter } from '../lives.ts';
import type { Page } from '../registry.ts';
import { pageOf } from './pages.ts';
import type { Row } from './sqlite-reader.ts';
import { prepared } from './statements.ts';

/**
 * The index of the audit trail (`audit_by_device`) is in chapters of so many entries: it grows at
 * its end only. Sorted by enterprise as a whole, each of a thousand new entries would rewrite a
 * page of it somewhere else.
 */
const chapterBits = 13;
export const chapterEntries = 2 ** chapterBits;
/** Chapters that one page looks in: some milliseconds. */
export const auditChaptersMax = 200;

/**
 * A page of entries with ids below `before`, newest first. A device needs its enterprise. The page
 * of an enterprise, or a device, with few entries ends after `auditChaptersMax` chapters, however
 * few it has; the next one goes on there.
 */
export function auditPage(
  db: DatabaseSync,
  { enterprise, device }: AuditFilter,
  before: number,
  limit: number,
): Page<AuditEntry> {
  const found: AuditEntry[] = [];
  const page = () => pageOf(found, limit, ({ id }) => String(id));
  if (enterprise === undefined) {
    const all = 'SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?';
    found.push(
      ...prepared(db, all)
        .all(before, limit + 1)
        .map(auditEntry),
    );
    return page();
  }
  const { first, last } = prepared(db, ends).get()!;
  if (last === null) return page();
  const newest = chapterOf(Math.min(before - 1, last as number));
  for (let chapter = newest; chapter >= chapterOf(first as number); chapter--) {
    if (chapter === newest - auditChaptersMax) {
      return { items: found, next: String((chapter + 1) * chapterEntries) };
    }
    const rest = limit + 1 - found.length;
    const rows =
      device === undefined
        ? prepared(db, ofEnterprise).all(chapter, enterprise, before, rest)
        : prepared(db, ofDevice).all(chapter, enterprise, device, before, rest);
    found.push(...rows.map(auditEntry));
    if (found.length > limit) return page();
  }
  return page();
}

// Each reads one entry; both in one SELECT would read them all.
const ends = 'SELECT (SELECT min(id) FROM audit) AS first, (SELECT max(id) FROM audit) AS last';

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
