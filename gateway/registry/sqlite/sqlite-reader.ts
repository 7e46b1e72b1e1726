/** Reading the registry's file, as workers do. */

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { DeviceState } from '../../../model/device.ts';
import type { DeviceProfile } from '../../../model/profile.ts';
import { builtInProfiles } from '../../../model/profiles/index.ts';
import { databaseError, openForReading } from '../../data-folder/sqlite-file.ts';
import type { PinnedCertificate, StoredAuthority } from '../authorities.ts';
import type { StoredClaim } from '../claims.ts';
import type { StoredGroup } from '../groups.ts';
import type {
  DirectoryEntry,
  EnterpriseLimits,
  RegisteredDevice,
  RegistryReader,
} from '../registry.ts';
import { findAuthorities } from './authorities-table.ts';
import { findClaim, listsSerial } from './claims-table.ts';
import { findGroups } from './groups-table.ts';
import { registryFile } from './schema.ts';

export type Row = Record<string, SQLOutputValue>;

const busyTimeoutMs = 5000;

/**
 * Opens the registry at `path`, which its writer has created, for reading. `sealKey` (32 bytes)
 * decrypts group keys. Throws `database.*`.
 */
export function openReader(path: string, sealKey: Buffer): RegistryReader {
  return new SqliteReader(openForReading(registryFile(path), busyTimeoutMs), path, sealKey);
}

/** Reads through one connection; each answer is as new as the last commit of any process. */
export class SqliteReader implements RegistryReader {
  protected readonly db: DatabaseSync;
  protected readonly path: string;
  readonly #sealKey: Buffer;
  readonly #device: StatementSync;
  readonly #profile: StatementSync;
  readonly #limits: StatementSync;
  readonly #profileVersion: StatementSync;

  constructor(db: DatabaseSync, path: string, sealKey: Buffer) {
    this.db = db;
    this.path = path;
    this.#sealKey = sealKey;
    this.#device = db.prepare('SELECT * FROM device WHERE enterprise = ? AND device = ?');
    this.#profile = db.prepare('SELECT document FROM profile WHERE id = ?');
    this.#limits = db.prepare(
      'SELECT sessions_max, messages_per_second_max FROM enterprise WHERE id = ?',
    );
    this.#profileVersion = db.prepare('SELECT version FROM profile_version');
  }

  async device(enterprise: string, device: string): Promise<RegisteredDevice | null> {
    const row = this.read(() => this.#device.get(enterprise, device));
    return row === undefined ? null : registeredDevice(row);
  }

  async profile(id: string): Promise<DeviceProfile | null> {
    const builtIn = builtInProfiles.get(id);
    if (builtIn !== undefined) return builtIn;
    const row = this.read(() => this.#profile.get(id));
    return row === undefined ? null : (JSON.parse(row.document as string) as DeviceProfile);
  }

  async claim(enterprise: string, id: string): Promise<StoredClaim | null> {
    return this.read(() => findClaim(this.db, enterprise, id));
  }

  async claimLists(enterprise: string, id: string, serial: string): Promise<boolean> {
    return this.read(() => listsSerial(this.db, enterprise, id, serial));
  }

  async groups(enterprise: string): Promise<readonly StoredGroup[]> {
    return this.read(() => findGroups(this.db, this.#sealKey, enterprise));
  }

  async authorities(enterprise: string): Promise<readonly StoredAuthority[]> {
    return this.read(() => findAuthorities(this.db, enterprise));
  }

  async enterpriseLimits(enterprise: string): Promise<EnterpriseLimits> {
    return enterpriseLimits(this.read(() => this.#limits.get(enterprise)) ?? {});
  }

  async version(): Promise<number> {
    return this.read(() => this.#profileVersion.get()!.version as number);
  }

  close(): void {
    if (this.db.isOpen) this.db.close();
  }

  protected read<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      throw databaseError(error, this.path);
    }
  }
}

/** The limits in a row of `enterprise`. */
export function enterpriseLimits(row: Row): EnterpriseLimits {
  return {
    sessionsMax: (row.sessions_max ?? null) as number | null,
    messagesPerSecondMax: (row.messages_per_second_max ?? null) as number | null,
  };
}

/** A row of `device` as lists and exports show it. */
export function directoryEntry(row: Row): DirectoryEntry {
  return {
    enterprise: row.enterprise as string,
    device: row.device as string,
    kind: row.kind as DirectoryEntry['kind'],
    profile: row.profile as string,
    district: row.district as string,
    industry: row.industry as string,
    gateway: (row.gateway ?? undefined) as string | undefined,
    serial: (row.serial ?? undefined) as string | undefined,
    state: row.state as DeviceState,
    createdAtMs: row.created_at_ms as number,
    activatedAtMs: row.activated_at_ms as number | null,
    lastRowAtMs: row.last_row_at_ms as number | null,
    revision: row.revision as number,
  };
}

function registeredDevice(row: Row): RegisteredDevice {
  const hash = row.secret_hash as Uint8Array;
  return {
    enterprise: row.enterprise as string,
    device: row.device as string,
    kind: row.kind as RegisteredDevice['kind'],
    profile: row.profile as string,
    district: row.district as string,
    industry: row.industry as string,
    gateway: (row.gateway ?? undefined) as string | undefined,
    serial: (row.serial ?? undefined) as string | undefined,
    state: row.state as DeviceState,
    createdAtMs: row.created_at_ms as number,
    secretHash: Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength),
    group: row.group_id as string | null,
    certificate: pinnedCertificate(row),
  };
}

function pinnedCertificate(row: Row): PinnedCertificate | null {
  if (row.certificate === null) return null;
  return {
    fingerprint: row.certificate as string,
    notBeforeMs: row.certificate_not_before_ms as number,
    authority: row.certificate_authority as string,
  };
}
