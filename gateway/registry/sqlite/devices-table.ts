/** One device or gateway in the registry's file: registering, changing, a new secret. */

import type { DatabaseSync } from 'node:sqlite';
import { type DeviceState, newLife, transition } from '../../../model/device.ts';
import { OnrampError } from '../../../model/errors.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { deviceKey } from '../../../model/identifiers.ts';
import { deviceProblem, quoted, throwProblem, withDefaults } from '../device-check.ts';
import type { DeviceUpdate, DirectoryEntry, NewDevice } from '../registry.ts';
import { findEnterprise } from './directory-queries.ts';
import { putEnterprise } from './enterprises-table.ts';
import { appendNote, applyChange, type Doer } from './life-table.ts';
import { checkTrialRoom } from './newcomers.ts';
import { profileOwners } from './profiles-table.ts';
import { directoryEntry } from './sqlite-reader.ts';
import { prepared } from './statements.ts';

/** The entry of a device or gateway, or null. */
export function findDevice(
  db: DatabaseSync,
  enterprise: string,
  device: string,
): DirectoryEntry | null {
  const sql = 'SELECT * FROM device WHERE enterprise = ? AND device = ?';
  const row = prepared(db, sql).get(enterprise, device);
  return row === undefined ? null : directoryEntry(row);
}

/**
 * Registers a device, and its enterprise when that is new; with `again`, also one that exists and
 * whose state allows it. Call it in a transaction. Throws `registry.*`, `device.state-not-allowed`.
 */
export function registerDevice(
  db: DatabaseSync,
  device: NewDevice,
  secret: string,
  doer: Doer,
): void {
  throwProblem(deviceProblem(device, profileOwners(db)));
  const found = findDevice(db, device.enterprise, device.device);
  if (found !== null) checkAgain(device, found);
  checkNeighbours(db, device);
  if (found === null) insert(db, device, secret, doer);
  else registerAgain(db, device, secret, doer);
}

function checkAgain(device: NewDevice, found: DirectoryEntry): void {
  const key = deviceKey(found.enterprise, found.device);
  const allowed = transition({ state: found.state, suspendedFrom: null }, 'register') !== null;
  if (device.again !== true) {
    const way = `it is ${found.state}; ask for "again" (--again) to register it anew`;
    throw new OnrampError('registry.exists', allowed ? [key, way] : key);
  }
  if (!allowed) throw new OnrampError('device.state-not-allowed', `${key} is ${found.state}`);
  if (found.kind !== withDefaults(device).kind) {
    throw new OnrampError('registry.device-invalid', `${key} is a ${found.kind} and stays one`);
  }
}

/** What `device` says of others: its gateway must be one, and nobody else may have its serial. */
function checkNeighbours(db: DatabaseSync, device: NewDevice): void {
  const { enterprise, gateway, serial } = device;
  if (gateway !== undefined && findDevice(db, enterprise, gateway)?.kind !== 'gateway') {
    throw new OnrampError('registry.unknown-gateway', `${enterprise} has no gateway ${gateway}`);
  }
  if (serial === undefined) return;
  const holder = db
    .prepare('SELECT device, state FROM device WHERE enterprise = ? AND serial = ? AND device <> ?')
    .get(enterprise, serial, device.device);
  if (holder === undefined) return;
  const detail = `${serial} is the serial of ${enterprise}.${holder.device} (${holder.state})`;
  throw new OnrampError('registry.serial-taken', detail);
}

/** The columns that a registration decides, as an object for named parameters. */
function columnsOf(db: DatabaseSync, device: NewDevice, secret: string, doer: Doer) {
  const { enterprise, district, industry } = device;
  const owner =
    findEnterprise(db, enterprise) ??
    putEnterprise(db, { id: enterprise, district, industry }, null, doer);
  return {
    enterprise,
    device: device.device,
    profile: withDefaults(device).profile,
    district: district ?? owner.district,
    industry: industry ?? owner.industry,
    gateway: device.gateway ?? null,
    serial: device.serial ?? null,
    hash: secretHash(secret),
  };
}

function insert(db: DatabaseSync, device: NewDevice, secret: string, doer: Doer): void {
  checkTrialRoom(db, device.enterprise);
  db.prepare(
    `INSERT INTO device (enterprise, device, kind, profile, district, industry, gateway, serial,
       secret_hash, fleet, state, created_at_ms)
     VALUES (:enterprise, :device, :kind, :profile, :district, :industry, :gateway, :serial,
       :hash, 0, :state, :now)`,
  ).run({
    ...columnsOf(db, device, secret, doer),
    kind: withDefaults(device).kind,
    state: newLife.state,
    now: doer.nowMs,
  });
  const { enterprise, device: id } = device;
  const registered = { event: 'register', cause: 'registered', to: newLife.state };
  appendNote(db, { enterprise, device: id, ...registered }, doer);
}

/** Nothing of the life before remains, but the audit trail and which certificates are void. */
function registerAgain(db: DatabaseSync, device: NewDevice, secret: string, doer: Doer): void {
  const { enterprise } = device;
  applyChange(db, {
    enterprise,
    device: device.device,
    event: 'register',
    atMs: doer.nowMs,
    cause: 'registered anew',
    actor: doer.actor,
  });
  db.prepare(
    `UPDATE device SET profile = :profile, district = :district, industry = :industry,
       gateway = :gateway, serial = :serial, secret_hash = :hash, fleet = 0,
       provisioned_at_ms = NULL, activated_at_ms = NULL, last_row_at_ms = NULL, group_id = NULL,
       claim_id = NULL, certificate = NULL, certificate_authority = NULL
     WHERE enterprise = :enterprise AND device = :device`,
  ).run(columnsOf(db, device, secret, doer));
}

/**
 * Changes a device when it has `revision` (null: whatever it has). Call it in a transaction. Throws
 * `registry.*`, `api.version-mismatch`.
 */
export function updateDevice(
  db: DatabaseSync,
  key: { readonly enterprise: string; readonly device: string },
  update: DeviceUpdate,
  revision: number | null,
  doer: Doer,
): DirectoryEntry {
  const found = foundOrThrow(db, key);
  if (revision !== null && revision !== found.revision) {
    const detail = `${deviceKey(key.enterprise, key.device)} has revision ${found.revision}`;
    throw new OnrampError('api.version-mismatch', detail);
  }
  const next = {
    profile: update.profile ?? found.profile,
    district: update.district ?? found.district,
    industry: update.industry ?? found.industry,
    gateway: update.gateway === null ? undefined : (update.gateway ?? found.gateway),
    serial: update.serial === null ? undefined : (update.serial ?? found.serial),
  };
  const fields = Object.keys(next) as (keyof typeof next)[];
  const changed = fields.filter((field) => next[field] !== found[field]);
  if (changed.length === 0) return found;
  const device: NewDevice = { ...key, kind: found.kind, ...next };
  throwProblem(deviceProblem(device, profileOwners(db)));
  checkNeighbours(db, device);
  db.prepare(
    `UPDATE device SET profile = ?, district = ?, industry = ?, gateway = ?, serial = ?,
       revision = revision + 1 WHERE enterprise = ? AND device = ?`,
  ).run(
    next.profile,
    next.district,
    next.industry,
    next.gateway ?? null,
    next.serial ?? null,
    key.enterprise,
    key.device,
  );
  const cause = changed.map((field) => `${field}: ${found[field] ?? ''} → ${next[field] ?? ''}`);
  appendNote(db, { ...key, event: 'changed', cause: cause.join('; ') }, doer);
  return foundOrThrow(db, key);
}

/** A new secret would bring nothing back to life here. */
const withoutIdentity: ReadonlySet<DeviceState> = new Set<DeviceState>([
  'revoked',
  'decommissioned',
  'rejected',
  'expired',
]);

/**
 * Replaces the secret of a device, which stays in its state. Call it in a transaction. Throws
 * `registry.not-found`, and `device.state-not-allowed` where there is no identity to renew.
 */
export function replaceSecret(
  db: DatabaseSync,
  key: { readonly enterprise: string; readonly device: string },
  secret: string,
  doer: Doer,
): void {
  const { state } = foundOrThrow(db, key);
  if (withoutIdentity.has(state)) {
    const detail = `${deviceKey(key.enterprise, key.device)} is ${state}`;
    throw new OnrampError('device.state-not-allowed', detail);
  }
  db.prepare(
    // Who was given a secret by people may take time to use it: no clock runs against it.
    `UPDATE device SET secret_hash = ?, fleet = 0, group_id = NULL, provisioned_at_ms = NULL,
       revision = revision + 1
     WHERE enterprise = ? AND device = ?`,
  ).run(secretHash(secret), key.enterprise, key.device);
  appendNote(db, { ...key, event: 'secret-reset', cause: 'a new secret' }, doer);
}

function foundOrThrow(
  db: DatabaseSync,
  { enterprise, device }: { readonly enterprise: string; readonly device: string },
): DirectoryEntry {
  const found = findDevice(db, enterprise, device);
  if (found === null)
    throw new OnrampError('registry.not-found', quoted(`${enterprise}.${device}`));
  return found;
}
