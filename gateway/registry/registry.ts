/**
 * The directory of enterprises, devices and profiles. The supervisor writes it, workers read it.
 * Everything is asynchronous, so that a database server can take the place of a file.
 */

import type { Device, DeviceState } from '../../model/device.ts';
import type { Enterprise } from '../../model/enterprise.ts';
import type { ErrorCode } from '../../model/errors.ts';
import type { DeviceProfile, Name } from '../../model/profile.ts';
import type { Authorities, PinnedCertificate, StoredAuthority } from './authorities.ts';
import type { Claims, StoredClaim } from './claims.ts';
import type { Groups, StoredGroup } from './groups.ts';
import type { Lives } from './lives.ts';
import type { Tokens } from './tokens.ts';
import type { Trials } from './trials.ts';

/** A gateway speaks for the devices of its enterprise that name it; both share one namespace. */
export type DeviceKind = 'device' | 'gateway';

/** A device or gateway with what is needed to check its password. */
export interface RegisteredDevice extends Device {
  /** SHA-256 of the secret. */
  readonly secretHash: Buffer;
  readonly kind: DeviceKind;
  readonly state: DeviceState;
  readonly createdAtMs: number;
  /** The group whose key its secret derives from; null for every other secret. */
  readonly group: string | null;
  /** The client certificate it is known by; null when it never showed one. */
  readonly certificate: PinnedCertificate | null;
}

/** A device or gateway as lists and exports show it: nothing of its secret. */
export interface DirectoryEntry extends Device {
  readonly kind: DeviceKind;
  readonly state: DeviceState;
  readonly createdAtMs: number;
  /** When its first row was stored; null when none was. */
  readonly activatedAtMs: number | null;
  /** When its last row was stored, to about ten minutes; null when none was. */
  readonly lastRowAtMs: number | null;
  /** Rises with every change that somebody made; against lost updates. */
  readonly revision: number;
}

/** What a worker needs. Every answer is as new as the last committed change. */
export interface RegistryReader {
  /** Device with the hash of its secret; null when unknown. Never cached negatively. */
  device(enterprise: string, device: string): Promise<RegisteredDevice | null>;
  /** A profile, built in or added at run time; null when unknown. Decoded anew on each call. */
  profile(id: string): Promise<DeviceProfile | null>;
  /** A claim with the hash of its secret; null when there is none. */
  claim(enterprise: string, id: string): Promise<StoredClaim | null>;
  /** True when the serial is on the allow-list of the claim. */
  claimLists(enterprise: string, id: string, serial: string): Promise<boolean>;
  /** The group keys of an enterprise that are not revoked. */
  groups(enterprise: string): Promise<readonly StoredGroup[]>;
  /** The certificate authorities of an enterprise that are not revoked. */
  authorities(enterprise: string): Promise<readonly StoredAuthority[]>;
  /** Bounds set for one enterprise; what is null is the gateway's setting. */
  enterpriseLimits(enterprise: string): Promise<EnterpriseLimits>;
  /** Changes when a profile has changed. Cheap; only good for comparing. */
  version(): Promise<number>;
  close(): void;
}

/** Bounds of one enterprise; null where the gateway's settings hold. */
export interface EnterpriseLimits {
  readonly sessionsMax: number | null;
  readonly messagesPerSecondMax: number | null;
}

/**
 * A device to be registered. What is left out: kind `device`, district and industry of its
 * enterprise.
 */
export interface NewDevice {
  readonly enterprise: string;
  readonly device: string;
  readonly kind?: DeviceKind | undefined;
  /** Needed by devices; a gateway's is `generic` when left out. */
  readonly profile?: string | undefined;
  readonly district?: string | undefined;
  readonly industry?: string | undefined;
  readonly gateway?: string | undefined;
  readonly serial?: string | undefined;
  /** At least `secretCharsMin` characters; generated (256 bits, base64url) when left out. */
  readonly secret?: string | undefined;
  /** Registers anew a device that is revoked, decommissioned, rejected or expired. */
  readonly again?: boolean | undefined;
}

/** What may be changed of a registered device; what is left out stays. */
export interface DeviceUpdate {
  readonly profile?: string | undefined;
  readonly district?: string | undefined;
  readonly industry?: string | undefined;
  /** Null: no gateway speaks for it any more. */
  readonly gateway?: string | null | undefined;
  readonly serial?: string | null | undefined;
}

/** A secret in the clear. It is returned once, by the call that made it, and stored nowhere. */
export interface IssuedCredential {
  readonly enterprise: string;
  readonly device: string;
  readonly secret: string;
}

/** Which devices; everything given must hold. */
export interface DeviceFilter {
  readonly enterprise?: string | undefined;
  readonly district?: string | undefined;
  readonly profile?: string | undefined;
  readonly kind?: DeviceKind | undefined;
  readonly state?: DeviceState | undefined;
  /**
   * Part of the key `{enterprise}.{device}`, the serial or the enterprise's name; case is ignored.
   */
  readonly text?: string | undefined;
}

export interface EnterpriseFilter {
  readonly district?: string | undefined;
  /** Part of the id or the name; case is ignored. */
  readonly text?: string | undefined;
}

/** Where to go on and how far: `after` is the `next` of the page before. */
export interface PageRequest {
  readonly after?: string | undefined;
  /** 1 to `apiPageRowsMax`. */
  readonly limit: number;
}

/** One page in the order of the keys. `next` is null on the last one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** An enterprise to be added or described anew. */
export interface NewEnterprise {
  readonly id: string;
  readonly name?: Name | undefined;
  readonly district?: string | undefined;
  readonly park?: string | undefined;
  readonly industry?: string | undefined;
  readonly sizeClass?: string | undefined;
  readonly platform?: string | undefined;
  /** What is left out stays; null takes a limit away. */
  readonly limits?:
    | { readonly [Name in keyof EnterpriseLimits]?: EnterpriseLimits[Name] | undefined }
    | undefined;
}

/** An enterprise as registered; `district` is `unknown` and `industry` `00` when nobody said. */
export interface RegisteredEnterprise {
  readonly id: string;
  readonly name: Name;
  readonly district: string;
  readonly park: string | null;
  readonly industry: string;
  readonly sizeClass: string | null;
  readonly platform: string | null;
  readonly createdAtMs: number;
  readonly limits: EnterpriseLimits;
  /** Rises with every change. */
  readonly revision: number;
  /** Registered devices, gateways not counted. */
  readonly devices: number;
}

/**
 * How many there are. Gateways are no devices; production devices are those of production profiles.
 */
export interface DirectoryCounts {
  readonly enterprises: number;
  readonly devices: number;
  readonly productionDevices: number;
  readonly gateways: number;
  readonly byDistrict: readonly {
    readonly district: string;
    readonly enterprises: number;
    readonly devices: number;
    readonly productionDevices: number;
  }[];
  readonly byProfile: readonly {
    readonly profile: string;
    readonly production: boolean;
    readonly devices: number;
  }[];
}

/** A row of an import: its number in the file (a table's heading is row 1) and what it holds. */
export interface ImportRow extends NewDevice {
  readonly row: number;
}

/** A row that cannot be imported. */
export interface RowError {
  readonly row: number;
  readonly code: ErrorCode;
  /** What exactly is wrong, for people. */
  readonly detail: string;
}

export interface ImportOptions {
  /** Checks everything and changes nothing. */
  readonly dryRun?: boolean | undefined;
  /** `refuse-all` (default): one bad row refuses the import; `skip`: the good rows are imported. */
  readonly badRows?: 'refuse-all' | 'skip' | undefined;
  /**
   * A device that is registered already: `refuse` (default) makes it a bad row; `update` takes over
   * what the row says. An empty cell leaves what is registered, also the secret. A device that is
   * revoked, decommissioned, rejected or expired makes a bad row either way.
   */
  readonly existing?: 'refuse' | 'update' | undefined;
  /** Rows of any other enterprise are bad. */
  readonly enterprise?: string | undefined;
  /** Who imports, for the audit trail; `operator` when left out. */
  readonly actor?: string | undefined;
}

export interface ImportReport {
  /** Rows read. */
  readonly rows: number;
  /** Devices added; with `dryRun`, devices that would be. 0 when the import was refused. */
  readonly added: number;
  readonly updated: number;
  readonly badRows: number;
  /** The first `importErrorsMax` bad rows by number. */
  readonly errors: readonly RowError[];
  /** True when the changes are in the registry. */
  readonly committed: boolean;
  /** Secrets generated for added devices; empty unless committed. */
  readonly credentials: readonly IssuedCredential[];
  /**
   * Keys of registered devices whose credential, profile, gateway or place was changed; their
   * sessions must begin anew. Empty unless committed.
   */
  readonly changed: readonly string[];
}

/** Rows read so far, and what is being done: for a progress bar. */
export interface ImportProgress {
  readonly phase: 'reading' | 'merging';
  readonly rows: number;
}

/** What `importCity` needs of a city. */
export interface CityDirectory {
  readonly enterprises: readonly Enterprise[];
  devices(): Iterable<Device>;
}

/** A profile and whose it is; `enterprise` is null when every enterprise may use it. */
export interface ListedProfile {
  readonly profile: DeviceProfile;
  readonly enterprise: string | null;
  readonly builtIn: boolean;
}

/** The whole registry; one process has it. Rejects with `database.*` when the file fails. */
export interface Registry extends RegistryReader {
  readonly lives: Lives;
  readonly tokens: Tokens;
  readonly claims: Claims;
  readonly groupKeys: Groups;
  readonly trust: Authorities;
  readonly trials: Trials;
  /**
   * Registers a device or gateway, and its enterprise when that is new. Durable when it resolves.
   * `actor` (default `operator`) is who did it, for the audit trail. Rejects with `registry.*`.
   */
  add(device: NewDevice, actor?: string): Promise<IssuedCredential>;
  get(enterprise: string, device: string): Promise<DirectoryEntry | null>;
  list(filter: DeviceFilter, page: PageRequest): Promise<Page<DirectoryEntry>>;
  /**
   * Changes a device when its `revision` is still the one given (null: whatever it is). Rejects
   * with `api.version-mismatch`, `registry.*`.
   */
  update(
    enterprise: string,
    device: string,
    update: DeviceUpdate,
    revision: number | null,
    actor: string,
  ): Promise<DirectoryEntry>;
  counts(): Promise<DirectoryCounts>;
  /** Gives a device a new secret (generated when left out); the old one is void. */
  resetSecret(
    enterprise: string,
    device: string,
    secret?: string,
    actor?: string,
  ): Promise<IssuedCredential>;
  /**
   * Imports devices, all together in one transaction. When `rows` throws, nothing is imported. One
   * import at a time; another one meanwhile is refused (`registry.import-running`). An import never
   * changes the state of a registered device: what is suspended or revoked stays so.
   */
  importDevices(
    rows: AsyncIterable<ImportRow | RowError>,
    options?: ImportOptions,
  ): Promise<ImportReport>;
  /** What the running import is doing; null when none runs. */
  readonly importing: ImportProgress | null;
  /**
   * Registers a city with secrets derived from `fleetKey`. Doing it again refreshes what an earlier
   * city import registered; devices registered otherwise are left alone and reported as bad rows.
   * With `gateway`, every enterprise gets a gateway of that id, which may speak for its devices.
   */
  importCity(
    city: CityDirectory,
    fleetKey: Buffer,
    gateway?: string,
    actor?: string,
  ): Promise<ImportReport>;
  /**
   * Registers only the enterprises of a city, each with the claim `fleet`, whose secret derives
   * from `fleetKey` (`fleetSecret(fleetKey, enterprise, 'claim')`), for as many devices as it has.
   */
  importCityClaims(
    city: CityDirectory,
    fleetKey: Buffer,
    expiresAtMs: number,
    actor?: string,
  ): Promise<number>;
  /** Every entry in the order of keys, without secrets, at its own pace. */
  export(filter: DeviceFilter): AsyncIterable<DirectoryEntry>;
  /**
   * Adds an enterprise, or describes a registered one anew; what is left out stays as it is, and
   * its devices keep their own district and industry. With `revision`, only when it is still that
   * one (`api.version-mismatch`).
   */
  addEnterprise(
    enterprise: NewEnterprise,
    revision?: number | null,
    actor?: string,
  ): Promise<RegisteredEnterprise>;
  enterprise(id: string): Promise<RegisteredEnterprise | null>;
  listEnterprises(filter: EnterpriseFilter, page: PageRequest): Promise<Page<RegisteredEnterprise>>;
  /**
   * Adds a profile, or a new version of one, for `enterprise`, or for all when null. The id is
   * `{enterprise}.{name}`. A signal may be added, left out, labelled and ranged anew, but its type
   * never changes, not even after it was left out (`profile.type-changed`).
   */
  addProfile(profile: DeviceProfile, enterprise: string | null, actor?: string): Promise<void>;
  listProfiles(): Promise<readonly ListedProfile[]>;
  /** Ends a running import; nobody holds the file any more when it resolves. */
  close(): Promise<void>;
}
