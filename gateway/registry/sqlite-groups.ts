/** Group keys in the registry's file. */

import type { DatabaseSync } from 'node:sqlite';
import { OnrampError } from '../../model/errors.ts';
import { secretHash } from '../../model/fleet-secret.ts';
import { limits } from '../../model/limits.ts';
import { secretBytes } from '../../model/random.ts';
import { quoted } from './device-check.ts';
import type { Doer } from './enterprises-table.ts';
import type { GroupEntry, Groups, NewGroup, StoredGroup } from './groups.ts';
import { keyPage } from './key-page.ts';
import { appendAudit } from './life-table.ts';
import { checkId, checkName, checkProfile, ensureEnterprise, insertNewcomer } from './newcomers.ts';
import type { Page, PageRequest } from './registry.ts';
import { sealedKey, unsealedKey } from './sealed-key.ts';
import type { RegistryConnection } from './sqlite-part.ts';
import type { Row } from './sqlite-reader.ts';
import { prepared } from './statements.ts';

const generatedIdBytes = 6;
const generatedKeyBytes = 64;
const keyBytesMin = 32;
const keyBytesMax = 128;
const hashBytes = 32;

/**
 * The group keys of an enterprise that are not revoked, in the clear. Throws `group.key-unreadable`
 * when they were stored under another `sealKey`.
 */
export function findGroups(
  db: DatabaseSync,
  sealKey: Buffer,
  enterprise: string,
): readonly StoredGroup[] {
  const rows = prepared(
    db,
    'SELECT * FROM group_key WHERE enterprise = ? AND revoked_at_ms IS NULL ORDER BY id',
  ).all(enterprise);
  return rows.map((row) => {
    const entry = groupEntry(row);
    return { ...entry, key: unsealedKey(sealKey, entry, row.sealed_key as Uint8Array) };
  });
}

function groupEntry(row: Row): GroupEntry {
  return {
    enterprise: row.enterprise as string,
    id: row.id as string,
    name: row.name as string,
    profile: row.profile as string,
    createdAtMs: row.created_at_ms as number,
    revokedAtMs: row.revoked_at_ms as number | null,
    devices: row.devices as number,
  };
}

/** Group keys through the connection of the supervisor, encrypted under the 32 bytes of `sealKey`. */
export class SqliteGroups implements Groups {
  readonly #connection: RegistryConnection;
  readonly #db: DatabaseSync;
  readonly #sealKey: Buffer;

  constructor(connection: RegistryConnection, sealKey: Buffer) {
    this.#connection = connection;
    this.#db = connection.db;
    this.#sealKey = sealKey;
  }

  async create(group: NewGroup, actor: string): Promise<{ entry: GroupEntry; key: string }> {
    const id = group.id ?? `g-${secretBytes(generatedIdBytes).toString('hex')}`;
    const key = group.key === undefined ? secretBytes(generatedKeyBytes) : givenKey(group.key);
    const entry = await this.#connection.write(() => {
      const doer = this.#doer(actor);
      this.#check({ ...group, id });
      ensureEnterprise(this.#db, group.enterprise, doer);
      this.#makeRoom(group.enterprise);
      this.#insert({ ...group, id }, key, doer);
      return this.#found(group.enterprise, id);
    });
    return { entry, key: key.toString('base64') };
  }

  #check({ enterprise, id, name = id, profile }: NewGroup & { readonly id: string }): void {
    checkId('enterprise', enterprise);
    checkId('group', id);
    checkName(name);
    checkProfile(this.#db, enterprise, profile);
    if (this.#find(enterprise, id) !== null) {
      throw new OnrampError('registry.exists', `group ${enterprise}/${id}`);
    }
  }

  /** As many revoked groups are remembered as there may be living ones. */
  #makeRoom(enterprise: string): void {
    const count = (revoked: string) =>
      this.#db
        .prepare(
          `SELECT count(*) AS n FROM group_key WHERE enterprise = ? AND revoked_at_ms IS ${revoked}`,
        )
        .get(enterprise)!.n as number;
    if (count('NULL') >= limits.groupsPerEnterpriseMax) {
      throw new OnrampError('registry.too-many', `${limits.groupsPerEnterpriseMax} group keys`);
    }
    if (count('NOT NULL') < limits.groupsPerEnterpriseMax) return;
    this.#db
      .prepare(
        `DELETE FROM group_key WHERE enterprise = ?1 AND id = (
           SELECT id FROM group_key WHERE enterprise = ?1 AND revoked_at_ms IS NOT NULL
           ORDER BY revoked_at_ms LIMIT 1)`,
      )
      .run(enterprise);
  }

  #insert(group: NewGroup & { readonly id: string }, key: Buffer, doer: Doer): void {
    const { enterprise, id, profile } = group;
    this.#db
      .prepare(
        `INSERT INTO group_key (enterprise, id, name, profile, sealed_key, created_at_ms)
         VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(
        enterprise,
        id,
        group.name ?? id,
        profile,
        sealedKey(this.#sealKey, { enterprise, id }, key),
        doer.nowMs,
      );
    this.#note(enterprise, null, 'group-created', `${id}, for ${profile}`, doer);
  }

  #find(enterprise: string, id: string): GroupEntry | null {
    const row = prepared(this.#db, 'SELECT * FROM group_key WHERE enterprise = ? AND id = ?').get(
      enterprise,
      id,
    );
    return row === undefined ? null : groupEntry(row);
  }

  #found(enterprise: string, id: string): GroupEntry {
    const entry = this.#find(enterprise, id);
    if (entry !== null) return entry;
    throw new OnrampError('registry.not-found', quoted(`group ${enterprise}/${id}`));
  }

  async list(
    filter: { readonly enterprise?: string | undefined },
    page: PageRequest,
  ): Promise<Page<GroupEntry>> {
    const table = { name: 'group_key', id: 'id' };
    return this.#connection.read(() => keyPage(this.#db, table, filter, page, groupEntry));
  }

  revoke(
    enterprise: string,
    id: string,
    actor: string,
  ): Promise<{ entry: GroupEntry; voided: readonly string[] }> {
    return this.#connection.write(() => {
      if (this.#found(enterprise, id).revokedAtMs !== null) {
        return { entry: this.#found(enterprise, id), voided: [] };
      }
      const doer = this.#doer(actor);
      // The key itself is of no more use to anybody.
      this.#db
        .prepare(
          `UPDATE group_key SET revoked_at_ms = ?, sealed_key = x'' WHERE enterprise = ? AND id = ?`,
        )
        .run(doer.nowMs, enterprise, id);
      const voided = this.#voidSecrets(enterprise, id, doer);
      this.#note(enterprise, null, 'group-revoked', `${id}: ${voided.length} devices`, doer);
      return { entry: this.#found(enterprise, id), voided };
    });
  }

  /** Gives the devices of the group a hash that nobody knows a secret of. */
  #voidSecrets(enterprise: string, id: string, doer: Doer): string[] {
    const rows = this.#db
      .prepare('SELECT device FROM device WHERE enterprise = ? AND group_id = ? ORDER BY device')
      .all(enterprise, id);
    const update = this.#db.prepare(
      `UPDATE device SET secret_hash = ?, group_id = NULL, revision = revision + 1
       WHERE enterprise = ? AND device = ?`,
    );
    return rows.map((row) => {
      const device = row.device as string;
      update.run(secretBytes(hashBytes), enterprise, device);
      this.#note(enterprise, device, 'secret-voided', `group ${id} was revoked`, doer);
      return device;
    });
  }

  enrol(device: {
    readonly enterprise: string;
    readonly group: string;
    readonly device: string;
    readonly secret: string;
    readonly nowMs: number;
  }): Promise<void> {
    const { enterprise, group: id, nowMs } = device;
    return this.#connection.write(() => {
      const group = this.#find(enterprise, id);
      if (group === null || group.revokedAtMs !== null) {
        throw new OnrampError('group.invalid', quoted(`${enterprise}/${id}`));
      }
      checkId('device', device.device);
      const known = 'SELECT 1 FROM device WHERE enterprise = ? AND device = ?';
      if (prepared(this.#db, known).get(enterprise, device.device) !== undefined) return;
      const newcomer = {
        enterprise,
        device: device.device,
        profile: group.profile,
        serial: null,
        secretHash: secretHash(device.secret),
        group: id,
      };
      const doer = { actor: `group:${id}`, nowMs };
      insertNewcomer(this.#db, newcomer, doer, 'came with the secret of a group');
      const more = 'UPDATE group_key SET devices = devices + 1 WHERE enterprise = ? AND id = ?';
      prepared(this.#db, more).run(enterprise, id);
    });
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

/** The bytes of a group key that somebody brings along. Throws `registry.device-invalid`. */
export function givenKey(text: string): Buffer {
  const key = Buffer.from(text, 'base64');
  // `Buffer.from` skips what is no base64.
  const exact = key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  if (exact && key.length >= keyBytesMin && key.length <= keyBytesMax) return key;
  const detail = `a group key is base64 of ${keyBytesMin} to ${keyBytesMax} bytes`;
  throw new OnrampError('registry.device-invalid', detail);
}
