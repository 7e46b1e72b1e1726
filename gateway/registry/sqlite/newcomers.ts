/** Devices that nobody registered before they came: by a claim, a group key or a certificate. */

import type { DatabaseSync } from 'node:sqlite';
import { newLife } from '../../../model/device.ts';
import { OnrampError } from '../../../model/errors.ts';
import { isDirectoryId } from '../../../model/identifiers.ts';
import { limits } from '../../../model/limits.ts';
import { builtInProfiles } from '../../../model/profiles/index.ts';
import { quoted } from '../device-check.ts';
import { putEnterprise } from './enterprises-table.ts';
import { appendNote, type Doer } from './life-table.ts';
import { prepared } from './statements.ts';

/** A device on its way into the registry. */
export interface Newcomer {
  readonly enterprise: string;
  readonly device: string;
  readonly profile: string;
  readonly serial: string | null;
  readonly secretHash: Buffer;
  /** The group whose key its secret derives from. */
  readonly group: string | null;
}

/**
 * Registers a device that is not there, in the place and industry of its enterprise, which is. Call
 * it in a transaction. Throws `registry.too-many` when its trial has no room.
 */
export function insertNewcomer(
  db: DatabaseSync,
  newcomer: Newcomer,
  doer: Doer,
  cause: string,
): void {
  const { enterprise, device, profile, serial, group } = newcomer;
  checkTrialRoom(db, enterprise);
  prepared(
    db,
    `INSERT INTO device (enterprise, device, kind, profile, district, industry, serial,
       secret_hash, fleet, state, created_at_ms, group_id)
     SELECT id, ?, 'device', ?, district, industry, ?, ?, 0, ?, ?, ?
     FROM enterprise WHERE id = ?`,
  ).run(device, profile, serial, newcomer.secretHash, newLife.state, doer.nowMs, group, enterprise);
  appendNote(db, { enterprise, device, event: 'register', cause, to: newLife.state }, doer);
}

/** What is said of a device that a trial has no room for. */
export const trialIsFull = `a trial has at most ${limits.trialDevicesMax} devices`;

/** Throws `registry.too-many` when the enterprise is one that tries, and has as many as it may. */
export function checkTrialRoom(db: DatabaseSync, enterprise: string): void {
  const living = 'SELECT 1 FROM trial WHERE enterprise = ? AND ended_at_ms IS NULL';
  if (prepared(db, living).get(enterprise) === undefined) return;
  const count = 'SELECT count(*) AS n FROM (SELECT 1 FROM device WHERE enterprise = ? LIMIT ?)';
  const { n } = prepared(db, count).get(enterprise, limits.trialDevicesMax)!;
  if (n === limits.trialDevicesMax) throw new OnrampError('registry.too-many', trialIsFull);
}

/** Registers the enterprise when it is new. Call it in a transaction. */
export function ensureEnterprise(db: DatabaseSync, id: string, doer: Doer): void {
  const found = prepared(db, 'SELECT 1 FROM enterprise WHERE id = ?').get(id);
  if (found === undefined) putEnterprise(db, { id }, null, doer);
}

/** Throws `registry.unknown-profile` unless devices of the enterprise may have the profile. */
export function checkProfile(db: DatabaseSync, enterprise: string, profile: string): void {
  if (builtInProfiles.has(profile)) return;
  const row = prepared(db, 'SELECT enterprise FROM profile WHERE id = ?').get(profile);
  if (row !== undefined && (row.enterprise === null || row.enterprise === enterprise)) return;
  throw new OnrampError('registry.unknown-profile', `${quoted(profile)} for ${enterprise}`);
}

/** Throws `registry.id-invalid` unless `id` is one. */
export function checkId(what: string, id: string): void {
  if (!isDirectoryId(id)) throw new OnrampError('registry.id-invalid', `${what} ${quoted(id)}`);
}

/** Throws `registry.device-invalid` unless so many devices may come on board one way. */
export function checkDevicesMax(devicesMax: number): void {
  const max = limits.enrolledDevicesMax;
  if (Number.isInteger(devicesMax) && devicesMax >= 1 && devicesMax <= max) return;
  throw new OnrampError('registry.device-invalid', `devicesMax must be 1 to ${max}`);
}

/** Throws `group.spent` when no more devices may come the way that `entry` counts. */
export function checkSpent(entry: {
  readonly devices: number;
  readonly devicesMax: number | null;
}): void {
  if (entry.devicesMax === null || entry.devices < entry.devicesMax) return;
  throw new OnrampError('group.spent', `${entry.devices} devices`);
}

/** True when the registry has the device. */
export function isKnown(db: DatabaseSync, enterprise: string, device: string): boolean {
  const known = 'SELECT 1 FROM device WHERE enterprise = ? AND device = ?';
  return prepared(db, known).get(enterprise, device) !== undefined;
}

/** Throws `registry.device-invalid` when a name for people is too long. */
export function checkName(name: string): void {
  if (name.length <= limits.textCharsMax) return;
  const detail = `a name has at most ${limits.textCharsMax} characters`;
  throw new OnrampError('registry.device-invalid', detail);
}
