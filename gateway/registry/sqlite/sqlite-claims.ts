/** Claims in the registry's file. */

import type { DatabaseSync } from 'node:sqlite';
import { OnrampError } from '../../../model/errors.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import { secretBytes } from '../../../model/random.ts';
import type { ClaimEntry, Claims, NewClaim, Provisioned, ProvisionRequest } from '../claims.ts';
import { quoted, secretProblem, throwProblem } from '../device-check.ts';
import type { Page, PageRequest } from '../registry.ts';
import { generateSecret } from '../secrets.ts';
import { inBatches, onlyAnswer } from './batches.ts';
import { type NotedRefusals, provisionEach } from './claim-provision.ts';
import { claimEntry, findClaim } from './claims-table.ts';
import { keyPage } from './keyed-table.ts';
import { appendNote, type Doer } from './life-table.ts';
import { checkId, checkName, checkProfile, ensureEnterprise } from './newcomers.ts';
import type { RegistryConnection } from './sqlite-part.ts';

const generatedIdBytes = 6;
/** The last time that a `Date` can be (ECMA-262 §21.4.1.1). */
const latestTimeMs = 8.64e15;

/** Claims through the connection of the supervisor. */
export class SqliteClaims implements Claims {
  readonly #connection: RegistryConnection;
  readonly #db: DatabaseSync;
  readonly #notedRefusals: NotedRefusals = new Map();

  constructor(connection: RegistryConnection) {
    this.#connection = connection;
    this.#db = connection.db;
  }

  async issue(claim: NewClaim, actor: string): Promise<{ entry: ClaimEntry; secret: string }> {
    const id = claim.id ?? `c-${secretBytes(generatedIdBytes).toString('hex')}`;
    const secret = claim.secret ?? generateSecret();
    const serials = claim.serials === undefined ? null : checkedSerials(claim.serials);
    const entry = await this.#connection.write(() => {
      const doer = { actor, nowMs: this.#connection.clock.nowMs() };
      this.#check({ ...claim, id, secret }, doer.nowMs);
      ensureEnterprise(this.#db, claim.enterprise, doer);
      this.#makeRoom(claim.enterprise, doer);
      this.#insert({ ...claim, id, secret }, doer);
      if (serials !== null) this.#list(claim.enterprise, id, serials);
      return this.#found(claim.enterprise, id);
    });
    return { entry, secret };
  }

  #check(claim: NewClaim & { readonly id: string; readonly secret: string }, nowMs: number): void {
    const { enterprise, id, expiresAtMs, devicesMax, profile } = claim;
    checkId('enterprise', enterprise);
    checkId('claim', id);
    checkName(claim.name ?? id);
    throwProblem(secretProblem(claim.secret));
    if (!Number.isInteger(expiresAtMs) || expiresAtMs <= nowMs || expiresAtMs > latestTimeMs) {
      throw new OnrampError('registry.device-invalid', 'a claim must expire in the future');
    }
    if (!Number.isInteger(devicesMax) || devicesMax < 1 || devicesMax > limits.claimDevicesMax) {
      const detail = `a claim is for 1 to ${limits.claimDevicesMax} devices`;
      throw new OnrampError('registry.device-invalid', detail);
    }
    if (profile !== undefined) checkProfile(this.#db, enterprise, profile);
    if (findClaim(this.#db, enterprise, id) !== null) {
      throw new OnrampError('registry.exists', `${enterprise}/claim/${id}`);
    }
  }

  /** Of claims that are good for nothing any more, the oldest one goes when there are too many. */
  #makeRoom(enterprise: string, { nowMs }: Doer): void {
    const count = this.#db.prepare('SELECT count(*) AS n FROM claim WHERE enterprise = ?');
    if ((count.get(enterprise)!.n as number) < limits.claimsPerEnterpriseMax) return;
    const oldest = this.#db
      .prepare(
        `SELECT id FROM claim WHERE enterprise = ?
           AND (revoked_at_ms IS NOT NULL OR expires_at_ms <= ?)
         ORDER BY coalesce(revoked_at_ms, expires_at_ms) LIMIT 1`,
      )
      .get(enterprise, nowMs);
    if (oldest === undefined) {
      throw new OnrampError('registry.too-many', `${limits.claimsPerEnterpriseMax} claims`);
    }
    for (const [table, column] of [['claim_serial', 'claim'] as const, ['claim', 'id'] as const]) {
      this.#db
        .prepare(`DELETE FROM ${table} WHERE enterprise = ? AND ${column} = ?`)
        .run(enterprise, oldest.id!);
    }
  }

  #insert(claim: NewClaim & { readonly id: string; readonly secret: string }, doer: Doer): void {
    const { enterprise, id, devicesMax, expiresAtMs } = claim;
    this.#db
      .prepare(
        `INSERT INTO claim (enterprise, id, name, secret_hash, created_at_ms, expires_at_ms,
           devices_max, profile, serials) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        enterprise,
        id,
        claim.name ?? id,
        secretHash(claim.secret),
        doer.nowMs,
        expiresAtMs,
        devicesMax,
        claim.profile ?? null,
        claim.serials === undefined ? null : 0,
      );
    const until = new Date(expiresAtMs).toISOString();
    const cause = `${id}: ${devicesMax} devices until ${until}`;
    appendNote(this.#db, { enterprise, event: 'claim-issued', cause }, doer);
  }

  /** Adds to the allow-list; `serials` of a claim is its length. */
  #list(enterprise: string, id: string, serials: readonly string[]): void {
    const { changes } = this.#db
      .prepare(
        `INSERT INTO claim_serial (enterprise, claim, serial)
           SELECT ?, ?, value FROM json_each(?) WHERE true ORDER BY value
         ON CONFLICT DO NOTHING`,
      )
      .run(enterprise, id, JSON.stringify(serials));
    this.#db
      .prepare('UPDATE claim SET serials = serials + ? WHERE enterprise = ? AND id = ?')
      .run(changes, enterprise, id);
    const listed = this.#found(enterprise, id).serials ?? 0;
    if (listed > limits.claimSerialsMax) throw tooManySerials();
  }

  #find(enterprise: string, id: string): ClaimEntry | null {
    const found = findClaim(this.#db, enterprise, id);
    if (found === null) return null;
    const { secretHash: _, ...entry } = found;
    return entry;
  }

  #found(enterprise: string, id: string): ClaimEntry {
    const found = this.#find(enterprise, id);
    if (found === null) throw notFound(enterprise, id);
    return found;
  }

  async get(enterprise: string, id: string): Promise<ClaimEntry | null> {
    return this.#connection.read(() => this.#find(enterprise, id));
  }

  async list(
    filter: { readonly enterprise?: string | undefined },
    page: PageRequest,
  ): Promise<Page<ClaimEntry>> {
    const table = { name: 'claim', id: 'id' };
    return this.#connection.read(() => keyPage(this.#db, table, filter, page, claimEntry));
  }

  async addSerials(
    enterprise: string,
    id: string,
    given: readonly string[],
    actor: string,
  ): Promise<ClaimEntry> {
    const serials = checkedSerials(given);
    return this.#connection.write(() => {
      const before = this.#found(enterprise, id);
      if (before.serials === null) throw notFound(enterprise, `${id} has no list of serials`);
      this.#list(enterprise, id, serials);
      const entry = this.#found(enterprise, id);
      const added = (entry.serials ?? 0) - before.serials;
      const doer = { actor, nowMs: this.#connection.clock.nowMs() };
      const note = { enterprise, event: 'claim-serials-added', cause: `${id}: ${added}` };
      if (added > 0) appendNote(this.#db, note, doer);
      return entry;
    });
  }

  revoke(enterprise: string, id: string, actor: string): Promise<ClaimEntry> {
    return this.#connection.write(() => {
      if (this.#found(enterprise, id).revokedAtMs === null) {
        const doer = { actor, nowMs: this.#connection.clock.nowMs() };
        this.#db
          .prepare('UPDATE claim SET revoked_at_ms = ? WHERE enterprise = ? AND id = ?')
          .run(doer.nowMs, enterprise, id);
        appendNote(this.#db, { enterprise, event: 'claim-revoked', cause: id }, doer);
      }
      return this.#found(enterprise, id);
    });
  }

  async provision(request: ProvisionRequest): Promise<Provisioned> {
    return onlyAnswer(await this.provisionMany([request]));
  }

  async provisionMany(
    requests: readonly ProvisionRequest[],
  ): Promise<readonly (Provisioned | OnrampError)[]> {
    return inBatches(this.#connection, requests, (batch) =>
      provisionEach(this.#db, batch, this.#notedRefusals),
    );
  }
}

function checkedSerials(serials: readonly string[]): readonly string[] {
  if (serials.length > limits.claimSerialsMax) throw tooManySerials();
  for (const serial of serials) checkId('serial', serial);
  return serials;
}

function tooManySerials(): OnrampError {
  return new OnrampError('registry.too-many', `${limits.claimSerialsMax} serials of a claim`);
}

function notFound(enterprise: string, id: string): OnrampError {
  return new OnrampError('registry.not-found', quoted(`${enterprise}/claim/${id}`));
}
