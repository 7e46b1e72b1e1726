/** The registry in an SQLite file, as the supervisor has it. */

import { createSecretKey } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../model/clock.ts';
import { OnrampError } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import type { DeviceProfile } from '../../../model/profile.ts';
import { builtInProfiles } from '../../../model/profiles/index.ts';
import { inTransaction, openForWriting, whenFree } from '../../data-folder/sqlite-file.ts';
import type { Authorities } from '../authorities.ts';
import type { Claims } from '../claims.ts';
import { enterpriseProblem, secretProblem, throwProblem } from '../device-check.ts';
import type { Groups } from '../groups.ts';
import { ImportRun } from '../imports/import-run.ts';
import type { StagingOptions } from '../imports/import-staging.ts';
import type { Lives } from '../lives.ts';
import type {
  CityDirectory,
  DeviceFilter,
  DeviceUpdate,
  DirectoryCounts,
  DirectoryEntry,
  EnterpriseFilter,
  ImportOptions,
  ImportProgress,
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
} from '../registry.ts';
import { generateSecret } from '../secrets.ts';
import type { Tokens } from '../tokens.ts';
import type { Trials } from '../trials.ts';
import { issueCityClaims } from './city-claims.ts';
import { listDevices } from './device-list.ts';
import { findDevice, registerDevice, replaceSecret, updateDevice } from './devices-table.ts';
import { countDirectory, findEnterprise, listEnterprises } from './directory-queries.ts';
import { putEnterprise } from './enterprises-table.ts';
import { appendNote, type Doer } from './life-table.ts';
import { addedProfiles, profileOwners, putProfile } from './profiles-table.ts';
import { registryFile } from './schema.ts';
import { SqliteAuthorities } from './sqlite-authorities.ts';
import { SqliteClaims } from './sqlite-claims.ts';
import { SqliteGroups } from './sqlite-groups.ts';
import { SqliteLives } from './sqlite-lives.ts';
import type { RegistryConnection } from './sqlite-part.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { SqliteTokens } from './sqlite-tokens.ts';
import { SqliteTrials } from './sqlite-trials.ts';

export { openReader } from './sqlite-reader.ts';

/** Who changes something when nobody says. */
const operator = 'operator';

export interface RegistryOptions {
  /** The file, created when it is not there; its folder is. */
  readonly path: string;
  readonly clock: Clock;
  /** 32 bytes that encrypt group keys. */
  readonly sealKey: Buffer;
}

/** Opens the registry for writing; one process may. Throws `database.*`. */
export function openRegistry({ path, clock, sealKey }: RegistryOptions): Registry {
  return new SqliteRegistry(openForWriting(registryFile(path)), path, clock, sealKey);
}

class SqliteRegistry extends SqliteReader implements Registry {
  readonly lives: Lives;
  readonly tokens: Tokens;
  readonly claims: Claims;
  readonly groupKeys: Groups;
  readonly trust: Authorities;
  readonly trials: Trials;
  readonly #connection: RegistryConnection;
  readonly #clock: Clock;
  readonly #dataVersion: StatementSync;
  /** Own changes of the directory, which `PRAGMA data_version` does not count. */
  #changes = 0;
  #counted: { readonly version: number; readonly counts: DirectoryCounts } | null = null;
  #import: ImportRun | null = null;
  /** The import before, until it has left everything fast. */
  #tidying: ImportRun | null = null;
  /** Ends of imports that still hold the file. */
  readonly #ends = new Set<Promise<void>>();

  constructor(db: DatabaseSync, path: string, clock: Clock, sealKey: Buffer) {
    super(db, path, sealKey);
    this.#clock = clock;
    this.#dataVersion = db.prepare('PRAGMA data_version');
    const read = <T>(body: () => T): T => this.read(body);
    // What neither lives nor tokens change is what the counts count.
    const beside: RegistryConnection = { db, clock, read, write: (body) => this.#transact(body) };
    const counted: RegistryConnection = { ...beside, write: (body) => this.#write(body) };
    this.#connection = counted;
    this.lives = new SqliteLives(beside);
    this.tokens = new SqliteTokens(beside);
    this.claims = new SqliteClaims(counted);
    this.groupKeys = new SqliteGroups(counted, sealKey);
    this.trust = new SqliteAuthorities(counted);
    this.trials = new SqliteTrials(counted);
  }

  override async close(): Promise<void> {
    super.close();
    // Until its thread is gone, an import holds the file.
    await Promise.all([this.#import?.close(), this.#tidying?.close()]);
    await Promise.all(this.#ends);
  }

  add(device: NewDevice, actor = operator): Promise<IssuedCredential> {
    const secret = device.secret ?? generateSecret();
    return this.#write(() => {
      registerDevice(this.db, device, secret, this.#doer(actor));
      return { enterprise: device.enterprise, device: device.device, secret };
    });
  }

  #doer(actor: string): Doer {
    return { actor, nowMs: this.#clock.nowMs() };
  }

  async get(enterprise: string, device: string): Promise<DirectoryEntry | null> {
    return this.read(() => findDevice(this.db, enterprise, device));
  }

  update(
    enterprise: string,
    device: string,
    update: DeviceUpdate,
    revision: number | null,
    actor: string,
  ): Promise<DirectoryEntry> {
    const key = { enterprise, device };
    return this.#write(() => updateDevice(this.db, key, update, revision, this.#doer(actor)));
  }

  async list(filter: DeviceFilter, page: PageRequest): Promise<Page<DirectoryEntry>> {
    return this.read(() => listDevices(this.db, filter, page));
  }

  async counts(): Promise<DirectoryCounts> {
    const seen = this.read(() => this.#dataVersion.get()!.data_version as number);
    const version = seen + this.#changes;
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

  resetSecret(
    enterprise: string,
    device: string,
    given?: string,
    actor = operator,
  ): Promise<IssuedCredential> {
    const secret = given ?? generateSecret();
    return this.#write(() => {
      throwProblem(secretProblem(secret));
      replaceSecret(this.db, { enterprise, device }, secret, this.#doer(actor));
      return { enterprise, device, secret };
    });
  }

  get importing(): ImportProgress | null {
    return this.#import?.progress ?? null;
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
        actor: options.actor ?? operator,
        nowMs: this.#clock.nowMs(),
      },
      (run) => run.devices(rows),
    );
  }

  importCity(
    city: CityDirectory,
    fleetKey: Buffer,
    gateway?: string,
    actor = operator,
  ): Promise<ImportReport> {
    return this.#runImport(
      {
        dryRun: false,
        skipBadRows: true,
        existing: 'fleet',
        enterprise: null,
        fleetKey: createSecretKey(fleetKey),
        actor,
        nowMs: this.#clock.nowMs(),
      },
      (run) => run.city(city, gateway),
    );
  }

  importCityClaims(
    city: CityDirectory,
    fleetKey: Buffer,
    expiresAtMs: number,
    actor = operator,
  ): Promise<number> {
    return issueCityClaims(this.#connection, city, { fleetKey, expiresAtMs, actor });
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
      const end = this.#tidy(run).finally(() => this.#ends.delete(end));
      this.#ends.add(end);
    }
  }

  /** Ends a run, whose caller has the report already. */
  async #tidy(run: ImportRun): Promise<void> {
    // What the one before has not done, this one does.
    void this.#tidying?.close();
    this.#tidying = run;
    try {
      await run.tidy(this.#clock);
    } catch {
      // Searching is slower than it could be, until the next import.
    }
    if (this.#tidying === run) this.#tidying = null;
    await run.close();
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

  addEnterprise(
    enterprise: NewEnterprise,
    revision: number | null = null,
    actor = operator,
  ): Promise<RegisteredEnterprise> {
    return this.#write(() => {
      throwProblem(enterpriseProblem(enterprise));
      return putEnterprise(this.db, enterprise, revision, this.#doer(actor));
    });
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

  addProfile(profile: DeviceProfile, enterprise: string | null, actor = operator): Promise<void> {
    return this.#write(() => {
      if (builtInProfiles.has(profile.id)) throw new OnrampError('profile.built-in', profile.id);
      const doer = this.#doer(actor);
      putProfile(this.db, profile, enterprise, doer.nowMs);
      const note = { enterprise: enterprise ?? '', event: 'profile-added', cause: profile.id };
      appendNote(this.db, note, doer);
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

  /** As `#transact`, for changes of what is counted. */
  async #write<T>(body: () => T): Promise<T> {
    const result = await this.#transact(body);
    this.#changes += 1;
    return result;
  }

  /** Runs `body` in a transaction, when no import is merging. */
  #transact<T>(body: () => T): Promise<T> {
    return whenFree(this.#clock, this.path, () => inTransaction(this.db, body));
  }
}
