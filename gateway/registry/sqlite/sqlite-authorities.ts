/** Certificate authorities in the registry's file, and the certificates devices are known by. */

import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OnrampError } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import { secretBytes } from '../../../model/random.ts';
import type { Authorities, AuthorityEntry, NewAuthority, Pinning } from '../authorities.ts';
import { checkAuthority, fingerprintOf } from '../certificate-check.ts';
import { quoted } from '../device-check.ts';
import type { Page, PageRequest } from '../registry.ts';
import { authorityEntry, findAuthority } from './authorities-table.ts';
import { eachApart, inBatches, onlyAnswer } from './batches.ts';
import { keyPage, makeRoom } from './keyed-table.ts';
import { appendNote, type Doer } from './life-table.ts';
import {
  checkDevicesMax,
  checkId,
  checkName,
  checkProfile,
  checkSpent,
  ensureEnterprise,
  insertNewcomer,
  isKnown,
} from './newcomers.ts';
import type { RegistryConnection } from './sqlite-part.ts';
import { prepared } from './statements.ts';
import { type KnownBy, type Part, suspendedPerPart, suspendPart } from './suspend-known.ts';

const table = { name: 'authority', id: 'fingerprint' };
const hashBytes = 32;

/** Authorities through the connection of the supervisor. */
export class SqliteAuthorities implements Authorities {
  readonly #connection: RegistryConnection;
  readonly #db: DatabaseSync;

  constructor(connection: RegistryConnection) {
    this.#connection = connection;
    this.#db = connection.db;
  }

  async add(authority: NewAuthority, actor: string): Promise<AuthorityEntry> {
    const { enterprise, profile, devicesMax = limits.enrolledDevicesDefault } = authority;
    const doer = { actor, nowMs: this.#connection.clock.nowMs() };
    const check = checkAuthority(authority.certificate, doer.nowMs);
    if (!check.ok) throw new OnrampError('certificate.invalid', check.detail);
    const { certificate } = check;
    const subject = certificate.subject.replaceAll('\n', ', ').slice(0, limits.textCharsMax);
    const name = authority.name ?? subject;
    return this.#connection.write(() => {
      checkId('enterprise', enterprise);
      checkName(name);
      checkDevicesMax(devicesMax);
      if (profile !== undefined) checkProfile(this.#db, enterprise, profile);
      const fingerprint = fingerprintOf(certificate);
      if (findAuthority(this.#db, enterprise, fingerprint)?.revokedAtMs === null) {
        throw new OnrampError('registry.exists', fingerprint);
      }
      makeRoom(this.#db, table, enterprise, limits.authoritiesPerEnterpriseMax);
      ensureEnterprise(this.#db, enterprise, doer);
      this.#db
        .prepare('INSERT OR REPLACE INTO authority VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, NULL)')
        .run(
          enterprise,
          fingerprint,
          name,
          subject,
          certificate.toString(),
          certificate.validFromDate.getTime(),
          certificate.validToDate.getTime(),
          profile ?? null,
          profile === undefined ? null : devicesMax,
          doer.nowMs,
        );
      const cause = `${name}, ${fingerprint}`;
      appendNote(this.#db, { enterprise, event: 'authority-added', cause }, doer);
      return this.#found(enterprise, fingerprint);
    });
  }

  #found(enterprise: string, fingerprint: string): AuthorityEntry {
    const entry = findAuthority(this.#db, enterprise, fingerprint);
    if (entry !== null) return entry;
    throw new OnrampError('registry.not-found', quoted(`authority ${enterprise}/${fingerprint}`));
  }

  async list(
    filter: { readonly enterprise?: string | undefined },
    page: PageRequest,
  ): Promise<Page<AuthorityEntry>> {
    return this.#connection.read(() => keyPage(this.#db, table, filter, page, authorityEntry));
  }

  async revoke(
    enterprise: string,
    fingerprint: string,
    actor: string,
  ): Promise<{ entry: AuthorityEntry; devices: readonly string[] }> {
    const doer = { actor, nowMs: this.#connection.clock.nowMs() };
    const known = { enterprise, fingerprint };
    await this.#suspendMost(known, doer);
    return this.#connection.write(() => {
      if (this.#found(enterprise, fingerprint).revokedAtMs === null) {
        // Those that came in the meantime: no device of a revoked authority is left out.
        suspendPart(this.#db, known, { after: 0, count: -1 }, doer);
        this.#db
          .prepare(
            'UPDATE authority SET revoked_at_ms = ? WHERE enterprise = ? AND fingerprint = ?',
          )
          .run(doer.nowMs, enterprise, fingerprint);
        const note = { enterprise, event: 'authority-revoked', cause: fingerprint };
        appendNote(this.#db, note, doer);
      }
      const rows = this.#db
        .prepare(
          `SELECT device FROM device WHERE certificate_authority = ? AND enterprise = ?
           ORDER BY device`,
        )
        .all(fingerprint, enterprise);
      const devices = rows.map((row) => row.device as string);
      return { entry: this.#found(enterprise, fingerprint), devices };
    });
  }

  async #suspendMost(known: KnownBy, doer: Doer): Promise<void> {
    let after: number | null = 0;
    while (after !== null) {
      const part: Part = { after, count: suspendedPerPart };
      after = await this.#connection.write((): number | null =>
        this.#found(known.enterprise, known.fingerprint).revokedAtMs === null
          ? suspendPart(this.#db, known, part, doer)
          : null,
      );
      await nextTurn();
    }
  }

  async pin(device: Pinning): Promise<boolean> {
    return onlyAnswer(await this.pinMany([device]));
  }

  async pinMany(devices: readonly Pinning[]): Promise<readonly (boolean | OnrampError)[]> {
    // A device that comes with the certificate it is known by costs no wait for the disk.
    const known = this.#connection.read(() =>
      devices.map((device) => refusalOr(() => this.#pinned(device))),
    );
    const unknown = devices.filter((_, i) => known[i] === false);
    const answers = await inBatches(this.#connection, unknown, (batch) =>
      eachApart(this.#db, batch, (device) => !this.#pinned(device) && this.#pin(device)),
    );
    let at = 0;
    return known.map((answer) => {
      if (answer === false) return answers[at++]!;
      return answer === true ? false : answer;
    });
  }

  /** True when it is the certificate the device is known by. Throws when it may not be used. */
  #pinned({ enterprise, device, certificate }: Pinning): boolean {
    const authority = findAuthority(this.#db, enterprise, certificate.authority);
    if (authority === null || authority.revokedAtMs !== null) {
      throw new OnrampError('certificate.untrusted', `authority ${quoted(certificate.authority)}`);
    }
    const row = prepared(
      this.#db,
      `SELECT certificate, certificate_not_before_ms AS since FROM device
       WHERE enterprise = ? AND device = ?`,
    ).get(enterprise, device);
    if (row === undefined) return false;
    if (row.certificate === certificate.fingerprint) return true;
    // A device that was registered anew has none, but what it was known by before stays void.
    if (row.since === null || certificate.notBeforeMs > (row.since as number)) return false;
    const detail = `it must be newer than ${new Date(row.since as number).toISOString()}`;
    throw new OnrampError('certificate.replaced', detail);
  }

  /** True when it registered the device. */
  #pin({ enterprise, device, certificate, nowMs }: Pinning): boolean {
    const { fingerprint, notBeforeMs, authority } = certificate;
    const doer = { actor: 'device', nowMs };
    const unknown = !isKnown(this.#db, enterprise, device);
    if (unknown) this.#register(enterprise, device, authority, doer);
    prepared(
      this.#db,
      `UPDATE device SET certificate = ?, certificate_not_before_ms = ?,
         certificate_authority = ? WHERE enterprise = ? AND device = ?`,
    ).run(fingerprint, notBeforeMs, authority, enterprise, device);
    const note = { enterprise, device, event: 'certificate-pinned', cause: fingerprint };
    appendNote(this.#db, note, doer);
    return unknown;
  }

  /** An unknown device, if the authority vouches for such; its secret is one that nobody knows. */
  #register(enterprise: string, device: string, fingerprint: string, doer: Doer): void {
    checkId('device', device);
    const authority = this.#found(enterprise, fingerprint);
    const { profile } = authority;
    if (profile === null) {
      const detail = `${enterprise}.${device} is not registered, and the authority names no profile`;
      throw new OnrampError('certificate.untrusted', detail);
    }
    checkSpent(authority);
    const secretHash = secretBytes(hashBytes);
    const newcomer = { enterprise, device, profile, serial: null, secretHash, group: null };
    insertNewcomer(this.#db, newcomer, doer, 'came with a certificate');
    const more = `UPDATE authority SET devices = devices + 1
      WHERE enterprise = ? AND fingerprint = ?`;
    prepared(this.#db, more).run(enterprise, fingerprint);
  }
}

/** What `body` answers, or what it refuses with. */
function refusalOr<Answer>(body: () => Answer): Answer | OnrampError {
  try {
    return body();
  } catch (error) {
    if (error instanceof OnrampError) return error;
    throw error;
  }
}
