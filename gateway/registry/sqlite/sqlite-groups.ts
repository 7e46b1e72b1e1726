/** Group keys in the registry's file. */

import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OnrampError } from '../../../model/errors.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import { secretBytes } from '../../../model/random.ts';
import { inTransaction } from '../../data-folder/sqlite-file.ts';
import { quoted } from '../device-check.ts';
import type { Enrolment, GroupEntry, Groups, NewGroup } from '../groups.ts';
import type { Page, PageRequest } from '../registry.ts';
import { sealedKey } from '../sealed-key.ts';
import { eachApart, inBatches, onlyAnswer } from './batches.ts';
import { findGroup, groupEntry } from './groups-table.ts';
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
import { groupsHalfVoided, voidedPerPart, voidSecrets } from './void-secrets.ts';

const table = { name: 'group_key', id: 'id' };
const generatedIdBytes = 6;
const generatedKeyBytes = 64;
const keyBytesMin = 32;
const keyBytesMax = 128;

/**
 * Group keys through the connection of the supervisor, encrypted under the 32 bytes of `sealKey`.
 */
export class SqliteGroups implements Groups {
  readonly #connection: RegistryConnection;
  readonly #db: DatabaseSync;
  readonly #sealKey: Buffer;

  constructor(connection: RegistryConnection, sealKey: Buffer) {
    this.#connection = connection;
    this.#db = connection.db;
    this.#sealKey = sealKey;
    this.#voidRest();
  }

  async create(group: NewGroup, actor: string): Promise<{ entry: GroupEntry; key: string }> {
    const id = group.id ?? `g-${secretBytes(generatedIdBytes).toString('hex')}`;
    const key = group.key === undefined ? secretBytes(generatedKeyBytes) : givenKey(group.key);
    const entry = await this.#connection.write(() => {
      const doer = { actor, nowMs: this.#connection.clock.nowMs() };
      this.#check({ ...group, id });
      ensureEnterprise(this.#db, group.enterprise, doer);
      makeRoom(this.#db, table, group.enterprise, limits.groupsPerEnterpriseMax);
      this.#insert({ ...group, id }, key, doer);
      return this.#found(group.enterprise, id);
    });
    return { entry, key: key.toString('base64') };
  }

  #check(group: NewGroup & { readonly id: string }): void {
    const { enterprise, id, name = id, profile, devicesMax } = group;
    checkId('enterprise', enterprise);
    checkId('group', id);
    checkName(name);
    if (devicesMax !== undefined) checkDevicesMax(devicesMax);
    checkProfile(this.#db, enterprise, profile);
    if (findGroup(this.#db, enterprise, id) !== null) {
      throw new OnrampError('registry.exists', `group ${enterprise}/${id}`);
    }
  }

  #insert(group: NewGroup & { readonly id: string }, key: Buffer, doer: Doer): void {
    const { enterprise, id, profile } = group;
    this.#db
      .prepare(
        `INSERT INTO group_key (enterprise, id, name, profile, sealed_key, devices_max,
           created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        enterprise,
        id,
        group.name ?? id,
        profile,
        sealedKey(this.#sealKey, { enterprise, id }, key),
        group.devicesMax ?? limits.enrolledDevicesDefault,
        doer.nowMs,
      );
    const cause = `${id}, for ${profile}`;
    appendNote(this.#db, { enterprise, event: 'group-created', cause }, doer);
  }

  #found(enterprise: string, id: string): GroupEntry {
    const entry = findGroup(this.#db, enterprise, id);
    if (entry !== null) return entry;
    throw new OnrampError('registry.not-found', quoted(`group ${enterprise}/${id}`));
  }

  async list(
    filter: { readonly enterprise?: string | undefined },
    page: PageRequest,
  ): Promise<Page<GroupEntry>> {
    return this.#connection.read(() => keyPage(this.#db, table, filter, page, groupEntry));
  }

  async revoke(
    enterprise: string,
    id: string,
    actor: string,
  ): Promise<{ entry: GroupEntry; voided: readonly string[] }> {
    const doer = { actor, nowMs: this.#connection.clock.nowMs() };
    await this.#connection.write(() => {
      if (this.#found(enterprise, id).revokedAtMs !== null) return;
      // The key itself is of no more use to anybody.
      this.#db
        .prepare(
          `UPDATE group_key SET revoked_at_ms = ?, sealed_key = x''
           WHERE enterprise = ? AND id = ?`,
        )
        .run(doer.nowMs, enterprise, id);
      appendNote(this.#db, { enterprise, event: 'group-revoked', cause: id }, doer);
    });
    const voided = await this.#voidAll(enterprise, id, doer);
    const entry = this.#connection.read(() => this.#found(enterprise, id));
    return { entry, voided: voided.sort() };
  }

  async #voidAll(enterprise: string, id: string, doer: Doer): Promise<string[]> {
    const voided: string[] = [];
    for (;;) {
      const part = () => voidSecrets(this.#db, enterprise, id, doer);
      const some = await this.#connection.write(part);
      voided.push(...some);
      if (some.length < voidedPerPart) return voided;
      await nextTurn();
    }
  }

  /**
   * Before anybody can come with them: credentials that were being voided when the gateway died.
   */
  #voidRest(): void {
    const doer = { actor: 'system', nowMs: this.#connection.clock.nowMs() };
    for (const { enterprise, group } of groupsHalfVoided(this.#db)) {
      const part = () => voidSecrets(this.#db, enterprise, group, doer);
      while (inTransaction(this.#db, part).length === voidedPerPart);
    }
  }

  async enrol(device: Enrolment): Promise<boolean> {
    return onlyAnswer(await this.enrolMany([device]));
  }

  enrolMany(devices: readonly Enrolment[]): Promise<(boolean | OnrampError)[]> {
    return inBatches(this.#connection, devices, (batch) =>
      eachApart(this.#db, batch, (device) => this.#enrol(device)),
    );
  }

  #enrol({ enterprise, group: id, device, secret, nowMs }: Enrolment): boolean {
    const group = findGroup(this.#db, enterprise, id);
    if (group === null || group.revokedAtMs !== null) {
      throw new OnrampError('group.invalid', quoted(`${enterprise}/${id}`));
    }
    checkId('device', device);
    if (isKnown(this.#db, enterprise, device)) return false;
    checkSpent(group);
    const newcomer = {
      enterprise,
      device,
      profile: group.profile,
      serial: null,
      secretHash: secretHash(secret),
      group: id,
    };
    const doer = { actor: `group:${id}`, nowMs };
    insertNewcomer(this.#db, newcomer, doer, 'came with the secret of a group');
    const more = 'UPDATE group_key SET devices = devices + 1 WHERE enterprise = ? AND id = ?';
    prepared(this.#db, more).run(enterprise, id);
    return true;
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
