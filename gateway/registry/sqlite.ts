/** The registry in an SQLite file, as the supervisor has it. */

import { createSecretKey } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import { secretHash } from '../../model/fleet-secret.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { DeviceProfile } from '../../model/profile.ts';
import { builtInProfiles } from '../../model/profiles/index.ts';
import { inTransaction, openForWriting, whenFree } from '../sqlite-file.ts';
import {
  deviceProblem,
  enterpriseProblem,
  quoted,
  secretProblem,
  throwProblem,
  unknownDistrict,
  unknownIndustry,
  withDefaults,
} from './device-check.ts';
import {
  countDirectory,
  findEnterprise,
  listDevices,
  listEnterprises,
} from './directory-queries.ts';
import { generateSecret, ImportRun } from './import-run.ts';
import type { StagingOptions } from './import-staging.ts';
import { addedProfiles, profileOwners, putProfile } from './profiles-table.ts';
import type {
  CityDirectory,
  DeviceFilter,
  DirectoryCounts,
  DirectoryEntry,
  EnterpriseFilter,
  ImportOptions,
  ImportReport,
  ImportRow,
  IssuedCredential,
  ListedProfile,
  NewDevice,
  NewEnterprise,
  Page,
  PageRequest,
  RegisteredEnterprise,
  Registry,
  RowError,
} from './registry.ts';
import { registryFile } from './schema.ts';
import { SqliteReader } from './sqlite-reader.ts';

export { openReader } from './sqlite-reader.ts';

export interface RegistryOptions {
  /** The file, created when it is not there; its folder is. */
  readonly path: string;
  readonly clock: Clock;
}

/** Opens the registry for writing; one process may. Throws `database.*`. */
export function openRegistry({ path, clock }: RegistryOptions): Registry {
  return new SqliteRegistry(openForWriting(registryFile(path)), path, clock);
}

class SqliteRegistry extends SqliteReader implements Registry {
  readonly #clock: Clock;
  /** Own changes, which `PRAGMA data_version` does not count. */
  #changes = 0;
  #counted: { readonly version: number; readonly counts: DirectoryCounts } | null = null;
  #import: ImportRun | null = null;

  constructor(db: DatabaseSync, path: string, clock: Clock) {
    super(db, path);
    this.#clock = clock;
  }

  override async version(): Promise<number> {
    return (await super.version()) + this.#changes;
  }

  override close(): void {
    void this.#import?.close();
    super.close();
  }

  add(device: NewDevice): Promise<IssuedCredential> {
    const secret = device.secret ?? generateSecret();
    return this.#write(() => {
      throwProblem(deviceProblem(device, profileOwners(this.db)));
      this.#insertDevice(device, secret);
      return { enterprise: device.enterprise, device: device.device, secret };
    });
  }

  #insertDevice(device: NewDevice, secret: string): void {
    const { enterprise, gateway } = device;
    const key = deviceKey(enterprise, device.device);
    if (this.deviceNow(enterprise, device.device) !== null) {
      throw new OnrampError('registry.exists', key);
    }
    if (gateway !== undefined && this.deviceNow(enterprise, gateway)?.kind !== 'gateway') {
      throw new OnrampError('registry.unknown-gateway', `${enterprise} has no gateway ${gateway}`);
    }
    const owner = this.#enterpriseOf(device);
    const { kind, profile } = withDefaults(device);
    this.db
      .prepare(
        `INSERT INTO device (enterprise, device, kind, profile, district, industry, gateway, serial,
           secret_hash, fleet, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`,
      )
      .run(
        enterprise,
        device.device,
        kind,
        profile,
        device.district ?? owner.district,
        device.industry ?? owner.industry,
        gateway ?? null,
        device.serial ?? null,
        secretHash(secret),
        this.#clock.nowMs(),
      );
  }

  /** The device's enterprise, registered with its district and industry when it is new. */
  #enterpriseOf(device: NewDevice): RegisteredEnterprise {
    const { enterprise: id, district, industry } = device;
    const found = findEnterprise(this.db, id);
    return found ?? this.#putEnterprise({ id, district, industry });
  }

  async get(enterprise: string, device: string): Promise<DirectoryEntry | null> {
    const found = await this.device(enterprise, device);
    if (found === null) return null;
    const { secretHash: _, ...entry } = found;
    return entry;
  }

  async list(filter: DeviceFilter, page: PageRequest): Promise<Page<DirectoryEntry>> {
    return this.read(() => listDevices(this.db, filter, page));
  }

  async counts(): Promise<DirectoryCounts> {
    const version = await this.version();
    if (this.#counted?.version !== version) {
      const counts = this.read(() => {
        const added = addedProfiles(this.db).map(({ profile }) => [profile.id, profile] as const);
        const profiles = new Map([...builtInProfiles, ...added]);
        return countDirectory(this.db, (id) => profiles.get(id)?.production ?? false);
      });
      this.#counted = { version, counts };
    }
    return this.#counted.counts;
  }

  resetSecret(enterprise: string, device: string, given?: string): Promise<IssuedCredential> {
    const secret = given ?? generateSecret();
    return this.#write(() => {
      throwProblem(secretProblem(secret));
      const { changes } = this.db
        .prepare('UPDATE device SET secret_hash = ?, fleet = 0 WHERE enterprise = ? AND device = ?')
        .run(secretHash(secret), enterprise, device);
      if (changes === 0)
        throw new OnrampError('registry.not-found', quoted(`${enterprise}.${device}`));
      return { enterprise, device, secret };
    });
  }

  importDevices(
    rows: AsyncIterable<ImportRow | RowError>,
    options: ImportOptions = {},
  ): Promise<ImportReport> {
    return this.#runImport(
      {
        dryRun: options.dryRun ?? false,
        skipBadRows: options.badRows === 'skip',
        existing: options.existing ?? 'refuse',
        enterprise: options.enterprise ?? null,
        fleetKey: null,
        nowMs: this.#clock.nowMs(),
      },
      (run) => run.devices(rows),
    );
  }

  importCity(city: CityDirectory, fleetKey: Buffer, gateway?: string): Promise<ImportReport> {
    return this.#runImport(
      {
        dryRun: false,
        skipBadRows: true,
        existing: 'fleet',
        enterprise: null,
        fleetKey: createSecretKey(fleetKey),
        nowMs: this.#clock.nowMs(),
      },
      (run) => run.city(city, gateway),
    );
  }

  async #runImport(
    options: StagingOptions,
    body: (run: ImportRun) => Promise<ImportReport>,
  ): Promise<ImportReport> {
    if (this.#import !== null) throw new OnrampError('registry.import-running');
    const owners = this.read(() => profileOwners(this.db));
    const run = new ImportRun({ path: this.path, owners, options });
    this.#import = run;
    try {
      return await body(run);
    } finally {
      this.#import = null;
      await run.close();
    }
  }

  async *export(filter: DeviceFilter): AsyncGenerator<DirectoryEntry> {
    let after: string | undefined;
    for (;;) {
      const page = await this.list(filter, { after, limit: limits.apiPageRowsMax });
      yield* page.items;
      if (page.next === null) return;
      after = page.next;
      await nextTurn();
    }
  }

  addEnterprise(enterprise: NewEnterprise): Promise<RegisteredEnterprise> {
    return this.#write(() => {
      throwProblem(enterpriseProblem(enterprise));
      return this.#putEnterprise(enterprise);
    });
  }

  /** What `enterprise` leaves out stays as it is registered. */
  #putEnterprise(enterprise: NewEnterprise): RegisteredEnterprise {
    const { id } = enterprise;
    const found = findEnterprise(this.db, id);
    const name = enterprise.name ?? found?.name ?? { zh: id, en: id };
    this.db
      .prepare(
        `INSERT INTO enterprise VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET
           name_zh = excluded.name_zh, name_en = excluded.name_en, district = excluded.district,
           park = excluded.park, industry = excluded.industry, size_class = excluded.size_class,
           platform = excluded.platform`,
      )
      .run(
        id,
        name.zh,
        name.en,
        enterprise.district ?? found?.district ?? unknownDistrict,
        enterprise.park ?? found?.park ?? null,
        enterprise.industry ?? found?.industry ?? unknownIndustry,
        enterprise.sizeClass ?? found?.sizeClass ?? null,
        enterprise.platform ?? found?.platform ?? null,
        this.#clock.nowMs(),
      );
    return findEnterprise(this.db, id)!;
  }

  async enterprise(id: string): Promise<RegisteredEnterprise | null> {
    return this.read(() => findEnterprise(this.db, id));
  }

  async listEnterprises(
    filter: EnterpriseFilter,
    page: PageRequest,
  ): Promise<Page<RegisteredEnterprise>> {
    return this.read(() => listEnterprises(this.db, filter, page));
  }

  addProfile(profile: DeviceProfile, enterprise: string | null): Promise<void> {
    return this.#write(() => {
      if (builtInProfiles.has(profile.id)) throw new OnrampError('profile.built-in', profile.id);
      putProfile(this.db, profile, enterprise, this.#clock.nowMs());
    });
  }

  async listProfiles(): Promise<readonly ListedProfile[]> {
    const builtIn = [...builtInProfiles.values()].map((profile) => ({
      profile,
      enterprise: null,
      builtIn: true,
    }));
    return [...builtIn, ...this.read(() => addedProfiles(this.db))];
  }

  /** Runs `body` in a transaction, when no import is merging. */
  async #write<T>(body: () => T): Promise<T> {
    const result = await whenFree(this.#clock, this.path, () => inTransaction(this.db, body));
    this.#changes += 1;
    return result;
  }
}
