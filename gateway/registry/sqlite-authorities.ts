/** Certificate authorities in the registry's file, and the certificates devices are known by. */

import type { DatabaseSync } from 'node:sqlite';
import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import { secretBytes } from '../../model/random.ts';
import type {
  Authorities,
  AuthorityEntry,
  NewAuthority,
  PinnedCertificate,
  StoredAuthority,
} from './authorities.ts';
import { checkAuthority, fingerprintOf } from './certificate-check.ts';
import { quoted } from './device-check.ts';
import type { Doer } from './enterprises-table.ts';
import { keyPage } from './key-page.ts';
import { appendAudit } from './life-table.ts';
import { checkId, checkName, checkProfile, ensureEnterprise, insertNewcomer } from './newcomers.ts';
import type { Page, PageRequest } from './registry.ts';
import type { RegistryConnection } from './sqlite-part.ts';
import type { Row } from './sqlite-reader.ts';
import { prepared } from './statements.ts';

const hashBytes = 32;

/** The authorities of an enterprise that are not revoked. */
export function findAuthorities(db: DatabaseSync, enterprise: string): readonly StoredAuthority[] {
  const rows = prepared(
    db,
    'SELECT * FROM authority WHERE enterprise = ? AND revoked_at_ms IS NULL ORDER BY fingerprint',
  ).all(enterprise);
  return rows.map((row) => ({ ...authorityEntry(row), certificate: row.certificate as string }));
}

function authorityEntry(row: Row): AuthorityEntry {
  return {
    enterprise: row.enterprise as string,
    fingerprint: row.fingerprint as string,
    name: row.name as string,
    subject: row.subject as string,
    notBeforeMs: row.not_before_ms as number,
    notAfterMs: row.not_after_ms as number,
    profile: row.profile as string | null,
    createdAtMs: row.created_at_ms as number,
    revokedAtMs: row.revoked_at_ms as number | null,
  };
}

/** Authorities through the connection of the supervisor. */
export class SqliteAuthorities implements Authorities {
  readonly #connection: RegistryConnection;
  readonly #db: DatabaseSync;

  constructor(connection: RegistryConnection) {
    this.#connection = connection;
    this.#db = connection.db;
  }

  async add(authority: NewAuthority, actor: string): Promise<AuthorityEntry> {
    const { enterprise, profile } = authority;
    const doer = this.#doer(actor);
    const check = checkAuthority(authority.certificate, doer.nowMs);
    if (!check.ok) throw new OnrampError('certificate.invalid', check.detail);
    const { certificate } = check;
    const subject = certificate.subject.replaceAll('\n', ', ').slice(0, limits.textCharsMax);
    const name = authority.name ?? subject;
    return this.#connection.write(() => {
      checkId('enterprise', enterprise);
      checkName(name);
      if (profile !== undefined) checkProfile(this.#db, enterprise, profile);
      const fingerprint = fingerprintOf(certificate);
      this.#makeRoom(enterprise, fingerprint);
      ensureEnterprise(this.#db, enterprise, doer);
      this.#db
        .prepare('INSERT OR REPLACE INTO authority VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)')
        .run(
          enterprise,
          fingerprint,
          name,
          subject,
          certificate.toString(),
          certificate.validFromDate.getTime(),
          certificate.validToDate.getTime(),
          profile ?? null,
          doer.nowMs,
        );
      this.#note(enterprise, null, 'authority-added', `${name}, ${fingerprint}`, doer);
      return this.#found(enterprise, fingerprint);
    });
  }

  /** One that was revoked may be trusted again; as many such are remembered as there may be others. */
  #makeRoom(enterprise: string, fingerprint: string): void {
    if (this.#find(enterprise, fingerprint)?.revokedAtMs === null) {
      throw new OnrampError('registry.exists', fingerprint);
    }
    const count = (revoked: string) =>
      this.#db
        .prepare(
          `SELECT count(*) AS n FROM authority WHERE enterprise = ? AND revoked_at_ms IS ${revoked}`,
        )
        .get(enterprise)!.n as number;
    if (count('NULL') >= limits.authoritiesPerEnterpriseMax) {
      const detail = `${limits.authoritiesPerEnterpriseMax} authorities`;
      throw new OnrampError('registry.too-many', detail);
    }
    if (count('NOT NULL') < limits.authoritiesPerEnterpriseMax) return;
    this.#db
      .prepare(
        `DELETE FROM authority WHERE enterprise = ?1 AND fingerprint = (
           SELECT fingerprint FROM authority WHERE enterprise = ?1 AND revoked_at_ms IS NOT NULL
           ORDER BY revoked_at_ms LIMIT 1)`,
      )
      .run(enterprise);
  }

  #find(enterprise: string, fingerprint: string): AuthorityEntry | null {
    const row = prepared(
      this.#db,
      'SELECT * FROM authority WHERE enterprise = ? AND fingerprint = ?',
    ).get(enterprise, fingerprint);
    return row === undefined ? null : authorityEntry(row);
  }

  #found(enterprise: string, fingerprint: string): AuthorityEntry {
    const entry = this.#find(enterprise, fingerprint);
    if (entry !== null) return entry;
    throw new OnrampError('registry.not-found', quoted(`authority ${enterprise}/${fingerprint}`));
  }

  async list(
    filter: { readonly enterprise?: string | undefined },
    page: PageRequest,
  ): Promise<Page<AuthorityEntry>> {
    const table = { name: 'authority', id: 'fingerprint' };
    return this.#connection.read(() => keyPage(this.#db, table, filter, page, authorityEntry));
  }

  revoke(
    enterprise: string,
    fingerprint: string,
    actor: string,
  ): Promise<{ entry: AuthorityEntry; devices: readonly string[] }> {
    return this.#connection.write(() => {
      if (this.#found(enterprise, fingerprint).revokedAtMs === null) {
        const doer = this.#doer(actor);
        this.#db
          .prepare(
            'UPDATE authority SET revoked_at_ms = ? WHERE enterprise = ? AND fingerprint = ?',
          )
          .run(doer.nowMs, enterprise, fingerprint);
        this.#note(enterprise, null, 'authority-revoked', fingerprint, doer);
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

  async pin(device: Pinning): Promise<void> {
    // A device that comes with the certificate it is known by costs no wait for the disk.
    if (this.#connection.read(() => this.#pinned(device))) return;
    await this.#connection.write(() => {
      if (!this.#pinned(device)) this.#pin(device);
    });
  }

  /** True when it is the certificate the device is known by. Throws when it may not be used. */
  #pinned({ enterprise, device, certificate }: Pinning): boolean {
    const authority = this.#find(enterprise, certificate.authority);
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

  #pin({ enterprise, device, certificate, nowMs }: Pinning): void {
    const { fingerprint, notBeforeMs, authority } = certificate;
    const doer = { actor: 'device', nowMs };
    this.#register(enterprise, device, authority, doer);
    this.#db
      .prepare(
        `UPDATE device SET certificate = ?, certificate_not_before_ms = ?,
           certificate_authority = ? WHERE enterprise = ? AND device = ?`,
      )
      .run(fingerprint, notBeforeMs, authority, enterprise, device);
    this.#note(enterprise, device, 'certificate-pinned', fingerprint, doer);
  }

  /** An unknown device, if the authority vouches for such; its secret is one that nobody knows. */
  #register(enterprise: string, device: string, authority: string, doer: Doer): void {
    const known = 'SELECT 1 FROM device WHERE enterprise = ? AND device = ?';
    if (prepared(this.#db, known).get(enterprise, device) !== undefined) return;
    checkId('device', device);
    const { profile } = this.#found(enterprise, authority);
    if (profile === null) {
      const detail = `${enterprise}.${device} is not registered, and the authority names no profile`;
      throw new OnrampError('certificate.untrusted', detail);
    }
    const secretHash = secretBytes(hashBytes);
    const newcomer = { enterprise, device, profile, serial: null, secretHash, group: null };
    insertNewcomer(this.#db, newcomer, doer, 'came with a certificate');
  }

  #doer(actor: string): Doer {
    return { actor, nowMs: this.#connection.clock.nowMs() };
  }

  #note(
    enterprise: string,
    device: string | null,
    event: string,
    cause: string,
    { actor, nowMs: atMs }: Doer,
  ): void {
    appendAudit(this.#db, { atMs, enterprise, device, event, from: null, to: null, cause, actor });
  }
}

interface Pinning {
  readonly enterprise: string;
  readonly device: string;
  readonly certificate: PinnedCertificate;
  readonly nowMs: number;
}
