/** Reading the registry's file, as workers do. */

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { DeviceProfile } from '../../model/profile.ts';
import { builtInProfiles } from '../../model/profiles/index.ts';
import { databaseError, openForReading } from '../sqlite-file.ts';
import type { DirectoryEntry, RegisteredDevice, RegistryReader } from './registry.ts';
import { registryFile } from './schema.ts';

export type Row = Record<string, SQLOutputValue>;

const busyTimeoutMs = 5000;

/** Opens the registry at `path`, which its writer has created, for reading. Throws `database.*`. */
export function openReader(path: string): RegistryReader {
  return new SqliteReader(openForReading(registryFile(path), busyTimeoutMs), path);
}

/** Reads through one connection; each answer is as new as the last commit of any process. */
export class SqliteReader implements RegistryReader {
  protected readonly db: DatabaseSync;
  protected readonly path: string;
  readonly #device: StatementSync;
  readonly #profile: StatementSync;
  readonly #dataVersion: StatementSync;

  constructor(db: DatabaseSync, path: string) {
    this.db = db;
    this.path = path;
    this.#device = db.prepare('SELECT * FROM device WHERE enterprise = ? AND device = ?');
    this.#profile = db.prepare('SELECT document FROM profile WHERE id = ?');
    this.#dataVersion = db.prepare('PRAGMA data_version');
  }

  deviceNow(enterprise: string, device: string): RegisteredDevice | null {
    const row = this.read(() => this.#device.get(enterprise, device));
    return row === undefined ? null : registeredDevice(row);
  }

  device(enterprise: string, device: string): Promise<RegisteredDevice | null> {
    try {
      return Promise.resolve(this.deviceNow(enterprise, device));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async profile(id: string): Promise<DeviceProfile | null> {
    const builtIn = builtInProfiles.get(id);
    if (builtIn !== undefined) return builtIn;
    const row = this.read(() => this.#profile.get(id));
    return row === undefined ? null : (JSON.parse(row.document as string) as DeviceProfile);
  }

  async version(): Promise<number> {
    return this.read(() => this.#dataVersion.get()!.data_version as number);
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
    createdAtMs: row.created_at_ms as number,
  };
}

function registeredDevice(row: Row): RegisteredDevice {
  const hash = row.secret_hash as Uint8Array;
  return {
    ...directoryEntry(row),
    secretHash: Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength),
  };
}
