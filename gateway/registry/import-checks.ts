/** What only the registry, or the rest of the file, can say against a staged row: whole sets at a time. */

import type { DatabaseSync } from 'node:sqlite';
import type { DeviceState } from '../../model/device.ts';
import type { ErrorCode } from '../../model/errors.ts';
import type { RowError } from './registry.ts';

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

/** Also refused when the holder gets another serial in the same file: rows have no order to rely on. */
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
  condition: `gateway IS NOT NULL AND NOT ${isGateway('main.device')} AND NOT ${isGateway('staging')}`,
  detail: `enterprise || ' has no gateway ' || gateway`,
};

/** Takes every bad row out of `staging`, after telling `bad` about it. */
export function refuseBadRows(
  db: DatabaseSync,
  rule: ExistingRule,
  bad: (error: RowError) => void,
): void {
  db.exec(`CREATE INDEX temp.staging_by_serial ON staging (enterprise, serial, row)
    WHERE serial IS NOT NULL`);
  for (const check of [...existing[rule], ...serialTaken, gatewayUnknown]) refuse(db, check, bad);
}

function refuse(db: DatabaseSync, check: Check, bad: (error: RowError) => void): void {
  const join = check.registered ? 'JOIN main.device USING (enterprise, device)' : '';
  const from = `FROM staging ${join} WHERE ${check.condition}`;
  const rows = db.prepare(`SELECT staging.row, ${check.detail} AS detail ${from} ORDER BY row`);
  for (const { row, detail } of rows.iterate()) {
    bad({ row: row as number, code: check.code, detail: detail as string });
  }
  db.exec(`DELETE FROM staging WHERE (enterprise, device) IN (SELECT enterprise, device ${from})`);
}
