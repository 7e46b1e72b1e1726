/** Answering machines that ask for a credential, in the caller's transaction. */

import { timingSafeEqual } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { type DeviceState, type LifeEvent, newLife } from '../../../model/device.ts';
import { type ErrorCode, OnrampError } from '../../../model/errors.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { isDirectoryId } from '../../../model/identifiers.ts';
import { limits } from '../../../model/limits.ts';
import {
  claimProblem,
  type Provisioned,
  type ProvisionRequest,
  type StoredClaim,
} from '../claims.ts';
import { quoted, secretProblem, throwProblem } from '../device-check.ts';
import { eachApart } from './batches.ts';
import { findClaim, listsSerial } from './claims-table.ts';
import { appendNote, applyChange } from './life-table.ts';
import { checkProfile, insertNewcomer } from './newcomers.ts';
import { prepared } from './statements.ts';

/** A refusal is noted once in this time for each claim and code, however many serials ask. */
const refusalNoteIntervalMs = 60_000;

/** When which refusals were noted last, as long as the process remembers. */
export type NotedRefusals = Map<string, number>;

/** What the answer depends on, of the device that has the serial or is called so. */
interface Machine {
  readonly device: string;
  readonly state: DeviceState;
  readonly profile: string;
  /** The claim that provisioned it last. */
  readonly claim: string | null;
  /** People made the secret it has: by registering, importing or resetting it. */
  readonly ownSecret: boolean;
  readonly secretHash: Buffer;
}

/** Answers each request by itself; call it in a transaction. Throws only when the file fails. */
export function provisionEach(
  db: DatabaseSync,
  requests: readonly ProvisionRequest[],
  noted: NotedRefusals,
): (Provisioned | OnrampError)[] {
  return eachApart(
    db,
    requests,
    (request) => provision(db, request),
    (request, error) => {
      rejectOwn(db, request, error);
      noteRefusal(db, request, error, noted);
    },
  );
}

function provision(db: DatabaseSync, request: ProvisionRequest): Provisioned {
  const { enterprise, serial } = request;
  const claim = usableClaim(db, request);
  throwProblem(secretProblem(request.secret));
  const known = findMachine(db, enterprise, serial);
  if (known !== null) checkMachine(known, request, claim);
  const first = known === null || known.claim !== claim.id;
  if (first && claim.devices >= claim.devicesMax) {
    throw new OnrampError('claim.spent', `${claim.devices} devices`);
  }
  const machine = known ?? arrived(db, request, claim);
  const secret = secretFor(machine, request);
  apply(db, request, machine, 'claim', `asked with serial ${serial}`);
  apply(db, request, machine, 'issue', first ? 'a credential' : 'another credential');
  prepared(
    db,
    `UPDATE device SET secret_hash = ?, fleet = 0, group_id = NULL, claim_id = ?, serial = ?,
       revision = revision + (serial IS NULL) WHERE enterprise = ? AND device = ?`,
  ).run(secretHash(secret), claim.id, serial, enterprise, machine.device);
  if (first) count(db, enterprise, claim.id, known?.claim ?? null);
  return { enterprise, device: machine.device, secret, profile: machine.profile, first };
}

/** Only the file knows whether a machine still has the secret it was told before. */
function secretFor({ secretHash: had }: Machine, { secret, toldBefore }: ProvisionRequest): string {
  if (toldBefore === undefined) return secret;
  return timingSafeEqual(had, secretHash(toldBefore)) ? toldBefore : secret;
}

/**
 * A device counts against one claim only: the other one, whose credential it never used, has it
 * back.
 */
function count(db: DatabaseSync, enterprise: string, claim: string, before: string | null): void {
  const add = 'UPDATE claim SET devices = max(0, devices + ?) WHERE enterprise = ? AND id = ?';
  prepared(db, add).run(1, enterprise, claim);
  if (before !== null) prepared(db, add).run(-1, enterprise, before);
}

/** The claim, as the file says now, if it is good for this serial. */
function usableClaim(db: DatabaseSync, request: ProvisionRequest): StoredClaim {
  const { enterprise, serial, nowMs } = request;
  const claim = findClaim(db, enterprise, request.claim);
  if (claim === null) throw new OnrampError('claim.invalid', quoted(request.claim));
  const problem = claimProblem(claim, nowMs);
  if (problem !== null) throw new OnrampError(problem, claim.id);
  if (!isDirectoryId(serial)) {
    throw new OnrampError('claim.request-invalid', `serial ${quoted(serial)}`);
  }
  if (claim.serials !== null && !listsSerial(db, enterprise, claim.id, serial)) {
    throw new OnrampError('claim.serial-not-allowed', serial);
  }
  return claim;
}

/**
 * The device that has the serial, or else the one that is called so; null when there is none, and
 * the serial may become the id of a new one.
 */
function findMachine(db: DatabaseSync, enterprise: string, serial: string): Machine | null {
  const row =
    prepared(db, 'SELECT * FROM device WHERE enterprise = ? AND serial = ?').get(
      enterprise,
      serial,
    ) ??
    prepared(db, 'SELECT * FROM device WHERE enterprise = ? AND device = ?').get(
      enterprise,
      serial,
    );
  if (row === undefined) return null;
  const taken = (detail: string) => new OnrampError('claim.serial-taken', detail);
  if (row.kind === 'gateway') throw taken(`${serial} is a gateway`);
  if (row.serial !== null && row.serial !== serial) throw taken(`${serial} is another device's id`);
  // Whoever showed a certificate, or the secret of a group, has used a credential.
  if (row.certificate !== null) throw taken('it is known by its certificate');
  if (row.group_id !== null) throw taken('it is enrolled with a group key');
  return {
    device: row.device as string,
    state: row.state as DeviceState,
    profile: row.profile as string,
    claim: row.claim_id as string | null,
    ownSecret: row.claim_id === null || row.provisioned_at_ms === null,
    secretHash: Buffer.from(row.secret_hash as Uint8Array),
  };
}

const shutOut: Partial<Record<DeviceState, ErrorCode>> = {
  suspended: 'device.suspended',
  revoked: 'device.revoked',
  decommissioned: 'device.revoked',
  connected: 'claim.serial-taken',
  active: 'claim.serial-taken',
  inactive: 'claim.serial-taken',
};

/**
 * Throws unless the device never used its credential, which is not one that people made (or they
 * list its serial for the claim), and is what the request says.
 */
function checkMachine(machine: Machine, request: ProvisionRequest, claim: StoredClaim): void {
  const { device, state, profile } = machine;
  const code = shutOut[state];
  if (code !== undefined) throw new OnrampError(code, `${device} is ${state}`);
  if (machine.ownSecret && claim.serials === null) {
    throw new OnrampError('claim.serial-taken', `${device} has a secret, ${claim.id} has no list`);
  }
  if (request.profile === undefined || request.profile === profile) return;
  const detail = `${device} has the profile ${profile}, not ${quoted(request.profile)}`;
  throw new OnrampError('claim.request-invalid', detail);
}

/** Registers the machine under its serial. */
function arrived(db: DatabaseSync, request: ProvisionRequest, claim: StoredClaim): Machine {
  const { enterprise, serial, nowMs } = request;
  const profile = request.profile ?? claim.profile;
  if (profile === null) throw new OnrampError('registry.unknown-profile', 'no profile given');
  checkProfile(db, enterprise, profile);
  const hash = secretHash(request.secret);
  const newcomer = { enterprise, device: serial, profile, serial, secretHash: hash, group: null };
  insertNewcomer(db, newcomer, { actor: actorOf(request), nowMs }, 'came with a claim');
  const { state } = newLife;
  return { device: serial, state, profile, claim: null, ownSecret: false, secretHash: hash };
}

function apply(
  db: DatabaseSync,
  request: ProvisionRequest,
  { device }: Pick<Machine, 'device'>,
  event: LifeEvent,
  cause: string,
): void {
  const { enterprise, nowMs: atMs } = request;
  applyChange(db, { enterprise, device, event, atMs, cause, actor: actorOf(request) });
}

/**
 * What a machine asked for and cannot have; all else is the claim's fault, or somebody's choice.
 */
const askedWrongly: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'claim.request-invalid',
  'registry.unknown-profile',
]);

/**
 * Rejects a device that this claim provisioned, that never came back, and that now asks wrongly.
 */
function rejectOwn(db: DatabaseSync, request: ProvisionRequest, error: OnrampError): void {
  if (!askedWrongly.has(error.code)) return;
  const row = prepared(
    db,
    `SELECT device FROM device WHERE enterprise = ? AND serial = ? AND claim_id = ?
       AND provisioned_at_ms IS NOT NULL AND state IN ('provisioned', 'expired')`,
  ).get(request.enterprise, request.serial, request.claim);
  if (row === undefined) return;
  const machine = { device: row.device as string };
  apply(db, request, machine, 'claim', `asked with serial ${request.serial}`);
  apply(db, request, machine, 'reject', causeOf(error));
}

/** Notes a refusal, unless the same was noted a moment ago. */
function noteRefusal(
  db: DatabaseSync,
  request: ProvisionRequest,
  error: OnrampError,
  noted: NotedRefusals,
): void {
  const { enterprise, serial, nowMs: atMs } = request;
  const device = isDirectoryId(serial) ? serial : null;
  const actor = actorOf(request);
  const refusal = [enterprise, actor, error.code].join(' ');
  const lastMs = noted.get(refusal);
  if (lastMs !== undefined && Math.abs(atMs - lastMs) < refusalNoteIntervalMs) return;
  // Forgetting costs an entry more, no more often than there are so many serials.
  if (noted.size >= limits.refusalsRememberedMax) noted.clear();
  noted.set(refusal, atMs);
  const refused = { enterprise, device, event: 'claim-refused', cause: causeOf(error) };
  appendNote(db, refused, { actor, nowMs: atMs });
}

function causeOf({ code, details }: OnrampError): string {
  return [code, ...details].join(': ');
}

/** An id that is none is no actor: it is whatever a stranger wrote. */
function actorOf({ claim }: ProvisionRequest): string {
  return isDirectoryId(claim) ? `claim:${claim}` : 'claim';
}
