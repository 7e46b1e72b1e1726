/**
 * Transitions in the registry's file, and whatever else the audit trail tells: all in the caller's
 * transaction.
 */

import type { DatabaseSync } from 'node:sqlite';
import {
  type DeviceState,
  deviceStates,
  type LifeEvent,
  lifeEvents,
  transition,
} from '../../../model/device.ts';
import { limits } from '../../../model/limits.ts';
import type { AuditEntry, LifeChange, LifeOutcome } from '../lives.ts';
import { prepared } from './statements.ts';

/** Who changes something, and when. */
export interface Doer {
  readonly actor: string;
  readonly nowMs: number;
}

/** Something that happened besides a transition. */
export interface AuditNote {
  /** '' for what concerns no enterprise. */
  readonly enterprise: string;
  /** Null, or left out, for what concerns a whole enterprise. */
  readonly device?: string | null | undefined;
  readonly event: string;
  readonly cause: string;
  /** The state that something begins in. */
  readonly to?: DeviceState | undefined;
}

const addEntry = 'INSERT INTO audit VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)';
const findLife = 'SELECT state, suspended_from FROM device WHERE enterprise = ? AND device = ?';

/** Columns that an event sets beside the state; `?3` is its time. */
const assignments: Readonly<Partial<Record<LifeEvent, string>>> = {
  issue: 'provisioned_at_ms = ?3',
  store: `activated_at_ms = coalesce(activated_at_ms, ?3),
    last_row_at_ms = max(coalesce(last_row_at_ms, 0), ?3)`,
  register: 'revision = revision + 1',
  suspend: 'revision = revision + 1',
  resume: 'revision = revision + 1',
  revoke: 'revision = revision + 1',
  decommission: 'revision = revision + 1',
};

/** The time is named in each, so that all take the same parameters. */
const moves = new Map<LifeEvent, string>(
  lifeEvents.map((event) => [
    event,
    `UPDATE device SET state = ?1, suspended_from = ?2${withComma(assignments[event])}
     WHERE enterprise = ?4 AND device = ?5 AND ?3 IS NOT NULL`,
  ]),
);

function withComma(assignment: string | undefined): string {
  return assignment === undefined ? '' : `, ${assignment}`;
}

/** Devices by the numbers in a JSON array. */
const chosen = 'FROM device WHERE id IN (SELECT value FROM json_each(:ids))';
/** The states that may be suspended, as a list in SQL. */
export const suspendable = deviceStates
  .filter((state) => transition({ state, suspendedFrom: null }, 'suspend') !== null)
  .map((state) => `'${state}'`)
  .join(', ');
const noteEvery = `INSERT INTO audit
  SELECT NULL, :now, enterprise, device, :event, NULL, NULL, :cause, :actor ${chosen} ORDER BY id`;
const noteSuspensions = `INSERT INTO audit
  SELECT NULL, :now, enterprise, device, 'suspend', state, 'suspended', :cause, :actor
  ${chosen} AND state IN (${suspendable}) ORDER BY id`;
const suspensions = `UPDATE device
  SET state = 'suspended', suspended_from = state, revision = revision + 1
  WHERE id IN (SELECT value FROM json_each(:ids)) AND state IN (${suspendable})`;

/** Appends an entry to the audit trail. */
export function appendAudit(db: DatabaseSync, entry: Omit<AuditEntry, 'id'>): void {
  const { atMs, enterprise, device, event, from, to, cause, actor } = entry;
  const kept = cause.slice(0, limits.textCharsMax);
  prepared(db, addEntry).run(atMs, enterprise, device, event, from, to, kept, actor);
}

/** Appends what `doer` did to the audit trail. */
export function appendNote(db: DatabaseSync, note: AuditNote, { actor, nowMs }: Doer): void {
  const { device = null, to = null } = note;
  appendAudit(db, { ...note, device, from: null, to, atMs: nowMs, actor });
}

/**
 * Applies one change by the state machine and appends it to the audit trail; null, and nothing
 * done, when the device is unknown or the event is not allowed in its state. What people decide
 * (`register`, `suspend`, `resume`, `revoke`, `decommission`) raises the revision.
 */
export function applyChange(db: DatabaseSync, change: LifeChange): LifeOutcome | null {
  const { enterprise, device, event, atMs } = change;
  const row = prepared(db, findLife).get(enterprise, device);
  if (row === undefined) return null;
  const from = row.state as DeviceState;
  const suspendedFrom = row.suspended_from as DeviceState | null;
  const life = transition({ state: from, suspendedFrom }, event);
  if (life === null) return null;
  prepared(db, moves.get(event)!).run(life.state, life.suspendedFrom, atMs, enterprise, device);
  appendAudit(db, { ...change, from, to: life.state });
  return { ...change, from, to: life.state };
}

/** Appends an entry for each of some devices, which are given by the numbers of their rows. */
export function noteEach(
  db: DatabaseSync,
  ids: readonly number[],
  { event, cause }: Pick<AuditNote, 'event' | 'cause'>,
  { actor, nowMs }: Doer,
): void {
  const values = { ids: JSON.stringify(ids), now: nowMs, event, cause, actor };
  prepared(db, noteEvery).run(values);
}

/**
 * What `applyChange` does for `suspend`, for some devices at once, which are given by the numbers of
 * their rows; those in whose state it is not allowed stay as they are.
 */
export function suspendEach(
  db: DatabaseSync,
  numbers: readonly number[],
  cause: string,
  { actor, nowMs }: Doer,
): void {
  const ids = JSON.stringify(numbers);
  prepared(db, noteSuspensions).run({ ids, now: nowMs, cause, actor });
  prepared(db, suspensions).run({ ids });
}
