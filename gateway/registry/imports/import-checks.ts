/**
 * What only the registry, or the rest of the file, can say against a staged row: whole sets at a
 * time.
 */

import type { DatabaseSync } from 'node:sqlite';
import type { DeviceState } from '../../../model/device.ts';
import type { ErrorCode } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import type { RowError } from '../registry.ts';
import { trialIsFull } from '../sqlite/newcomers.ts';

/** Rows of `staging`, joined with the registered `device` of their key or not, that are bad. */
interface Check {
  readonly code: ErrorCode;
  readonly registered: boolean;
  readonly condition: string;
  /** An SQL expression: what exactly is wrong, for people. */
  readonly detail: string;
}

export type ExistingRule = 'refuse' | 'update' | 'fleet';

const goneForGood: readonly DeviceState[] = ['revoked', 'decommissioned'];
const withoutIdentity: readonly DeviceState[] = ['rejected', 'expired'];

const oneOf = (states: readonly DeviceState[]) => states.map((state) => `'${state}'`).join(', ');

const inState = (code: ErrorCode, states: readonly DeviceState[]): Check => ({
  code,
  registered: true,
  condition: `device.state IN (${oneOf(states)})`,
  detail: `enterprise || '.' || device || ' is ' || device.state`,
});

const exists = (condition: string): Check => ({
  code: 'registry.exists',
  registered: true,
  condition,
  detail: `enterprise || '.' || device || ' is a registered ' || device.kind
    || ' (' || device.state || ')'`,
});

/** An import never changes the state of a device, so it cannot bring one back to life either. */
const lifeless = [
  inState('device.revoked', goneForGood),
  inState('device.state-not-allowed', withoutIdentity),
];

const existing: Readonly<Record<ExistingRule, readonly Check[]>> = {
  refuse: [exists('true')],
  update: [exists('device.kind <> staging.kind'), ...lifeless],
  fleet: [exists('device.fleet = 0 OR device.kind <> staging.kind'), ...lifeless],
};

const earlierRow = `FROM staging AS first WHERE first.enterprise = staging.enterprise
  AND first.serial = staging.serial AND first.row < staging.row`;

/**
 * Also refused when the holder gets another serial in the same file: rows have no order to rely on.
 */
const holder = `FROM main.device AS holder WHERE holder.enterprise = staging.enterprise
  AND holder.serial = staging.serial AND holder.device <> staging.device`;

const serialTaken: readonly Check[] = [
  {
    code: 'registry.serial-taken',
    registered: false,
    condition: `serial IS NOT NULL AND EXISTS (SELECT 1 ${earlierRow})`,
    detail: `'serial ' || serial || ' is already in row ' || (SELECT min(first.row) ${earlierRow})`,
  },
  {
    code: 'registry.serial-taken',
    registered: false,
    condition: `serial IS NOT NULL AND EXISTS (SELECT 1 ${holder})`,
    detail: `serial || ' is the serial of ' || enterprise || '.'
      || (SELECT holder.device || ' (' || holder.state || ')' ${holder})`,
  },
];

const isGateway = (table: string) => `EXISTS (SELECT 1 FROM ${table} AS g
  WHERE g.enterprise = staging.enterprise AND g.device = staging.gateway AND g.kind = 'gateway')`;

/** Comes last: a gateway may be a row that was refused. */
const gatewayUnknown: Check = {
  code: 'registry.unknown-gateway',
  registered: false,
  condition: `gateway IS NOT NULL
    AND NOT ${isGateway('main.device')} AND NOT ${isGateway('staging')}`,
  detail: `enterprise || ' has no gateway ' || gateway`,
};

type Bad = (error: RowError) => void;

/** Which rows something is done with; an index has the stale ones. */
export type Which = 'all' | 'stale';

/** Takes every bad row out of `staging`, after telling `bad` about it. */
export function refuseBadRows(db: DatabaseSync, rule: ExistingRule, bad: Bad): void {
  db.exec(`CREATE INDEX temp.staging_by_serial ON staging (enterprise, serial, row)
    WHERE serial IS NOT NULL`);
  for (const check of [...existing[rule], ...serialTaken]) refuse(db, check, 'all', bad);
  refuseBeyondTrials(db, bad);
  refuse(db, gatewayUnknown, 'all', bad);
}

/** Refuses the rows, the last ones first, that an enterprise's trial has no room for. */
function refuseBeyondTrials(db: DatabaseSync, bad: Bad): void {
  const rows = db
    .prepare(
      `SELECT row, enterprise, device FROM (
         SELECT row, enterprise, device,
           row_number() OVER (PARTITION BY enterprise ORDER BY row) AS nth
         FROM staging
         WHERE enterprise IN (SELECT enterprise FROM main.trial WHERE ended_at_ms IS NULL)
           AND NOT EXISTS (SELECT 1 FROM main.device AS d
             WHERE d.enterprise = staging.enterprise AND d.device = staging.device)
       ) AS newcomer
       WHERE nth > ? - (SELECT count(*) FROM main.device AS d
         WHERE d.enterprise = newcomer.enterprise)`,
    )
    .all(limits.trialDevicesMax);
  const remove = db.prepare('DELETE FROM staging WHERE enterprise = ? AND device = ?');
  for (const { row, enterprise, device } of rows) {
    bad({ row: row as number, code: 'registry.too-many', detail: trialIsFull });
    remove.run(enterprise!, device!);
  }
}

/** Does again what `refuseBadRows` did, for stale rows; true when there may be any. */
export function refuseStaleRows(db: DatabaseSync, rule: ExistingRule, bad: Bad): boolean {
  let refused = 0;
  const note: Bad = (error) => {
    refused += 1;
    bad(error);
  };
  // Others may have come on board of the same trial.
  refuseBeyondTrials(db, note);
  const found = db.prepare('SELECT 1 FROM staging WHERE stale = 1 LIMIT 1').get();
  if (found === undefined && refused === 0) return false;
  for (const check of [...existing[rule], ...serialTaken]) refuse(db, check, 'stale', note);
  // What was refused may have been a gateway of others.
  refuse(db, gatewayUnknown, refused === 0 ? 'stale' : 'all', bad);
  return true;
}

/** The newest entry of the audit trail. */
export function newestEntry(db: DatabaseSync): number {
  return db.prepare('SELECT coalesce(max(id), 0) AS id FROM main.audit').get()!.id as number;
}

/**
 * Marks rows that may be good or bad otherwise than when they were checked. Whatever changes a
 * device's state, serial or credential is in the audit trail, which tells of `entry` and before
 * already.
 */
export function markStale(db: DatabaseSync, entry: number): void {
  db.prepare(
    `UPDATE staging SET stale = 1 WHERE (enterprise, device) IN (
       SELECT enterprise, device FROM main.audit WHERE id > ?)`,
  ).run(entry);
  db.prepare(
    `UPDATE staging SET stale = 1 WHERE serial IS NOT NULL AND (enterprise, serial) IN (
       SELECT device.enterprise, device.serial
       FROM main.audit JOIN main.device USING (enterprise, device) WHERE audit.id > ?)`,
  ).run(entry);
}

function refuse(db: DatabaseSync, check: Check, which: Which, bad: Bad): void {
  const join = check.registered ? 'JOIN main.device USING (enterprise, device)' : '';
  const from =
    which === 'all'
      ? `FROM staging ${join} WHERE (${check.condition})`
      : `FROM staging INDEXED BY staging_stale ${join} WHERE stale = 1 AND (${check.condition})`;
  const rows = db.prepare(`SELECT staging.row, ${check.detail} AS detail ${from} ORDER BY row`);
  for (const { row, detail } of rows.iterate()) {
    bad({ row: row as number, code: check.code, detail: detail as string });
  }
  db.exec(`DELETE FROM staging WHERE (enterprise, device) IN (SELECT enterprise, device ${from})`);
}
