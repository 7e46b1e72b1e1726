/** Transitions in the registry's file: one row of `device` and one of `audit`, in the caller's transaction. */

import type { DatabaseSync } from 'node:sqlite';
import { type DeviceState, type LifeEvent, transition } from '../../model/device.ts';
import { limits } from '../../model/limits.ts';
import type { AuditEntry, LifeChange, LifeOutcome } from './lives.ts';

/** Appends an entry to the audit trail. */
export function appendAudit(db: DatabaseSync, entry: Omit<AuditEntry, 'id'>): void {
  const { atMs, enterprise, device, event, from, to, cause, actor } = entry;
  db.prepare('INSERT INTO audit VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)').run(
    atMs,
    enterprise,
    device,
    event,
    from,
    to,
    cause.slice(0, limits.textCharsMax),
    actor,
  );
}

/**
 * Applies one change by the state machine and appends it to the audit trail; null, and nothing
 * done, when the device is unknown or the event is not allowed in its state.
 */
export function applyChange(db: DatabaseSync, change: LifeChange): LifeOutcome | null {
  const { enterprise, device, event, atMs } = change;
  const row = db
    .prepare('SELECT state, suspended_from FROM device WHERE enterprise = ? AND device = ?')
    .get(enterprise, device);
  if (row === undefined) return null;
  const from = row.state as DeviceState;
  const suspendedFrom = row.suspended_from as DeviceState | null;
  const life = transition({ state: from, suspendedFrom }, event);
  if (life === null) return null;
  db.prepare(
    `UPDATE device SET state = ?, suspended_from = ? WHERE enterprise = ? AND device = ?`,
  ).run(life.state, life.suspendedFrom, enterprise, device);
  noteTime(db, change, event, atMs);
  appendAudit(db, { ...change, from, to: life.state });
  return { ...change, from, to: life.state };
}

/** Events that leave a time behind. */
function noteTime(
  db: DatabaseSync,
  { enterprise, device }: LifeChange,
  event: LifeEvent,
  atMs: number,
): void {
  const assignments: Partial<Record<LifeEvent, string>> = {
    issue: 'provisioned_at_ms = ?1',
    store: 'activated_at_ms = coalesce(activated_at_ms, ?1), last_row_at_ms = ?1',
  };
  const assignment = assignments[event];
  if (assignment === undefined) return;
  db.prepare(`UPDATE device SET ${assignment} WHERE enterprise = ?2 AND device = ?3`).run(
    atMs,
    enterprise,
    device,
  );
}
