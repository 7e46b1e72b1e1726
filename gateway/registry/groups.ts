/** Group keys: one key in the factory, from which every machine's secret is derived. */

import type { OnrampError } from '../../model/errors.ts';
import type { Page, PageRequest } from './registry.ts';

export interface NewGroup {
  readonly enterprise: string;
  /** Generated when left out. */
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  /** The profile of devices it enrols. */
  readonly profile: string;
  /** Base64 of 32 to 128 bytes; generated (64 bytes) when left out. */
  readonly key?: string | undefined;
  /** How many devices it may enrol; `enrolledDevicesDefault` when left out. */
  readonly devicesMax?: number | undefined;
}

export interface GroupEntry {
  readonly enterprise: string;
  readonly id: string;
  readonly name: string;
  readonly profile: string;
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
  readonly devicesMax: number;
  /** Devices it has enrolled. */
  readonly devices: number;
}

/** What a worker checks a derived secret with; the key is decrypted in memory only. */
export interface StoredGroup extends GroupEntry {
  readonly key: Buffer;
}

/** A device whose derived secret was verified. */
export interface Enrolment {
  readonly enterprise: string;
  readonly group: string;
  readonly device: string;
  readonly secret: string;
  readonly nowMs: number;
}

export interface Groups {
  /** `key` (base64) is shown once and stored encrypted. Rejects with `registry.*`. */
  create(
    group: NewGroup,
    actor: string,
  ): Promise<{ readonly entry: GroupEntry; readonly key: string }>;
  list(
    filter: { readonly enterprise?: string | undefined },
    page: PageRequest,
  ): Promise<Page<GroupEntry>>;
  /**
   * Revokes the key: it enrols nobody any more, and the credentials of the devices it enrolled are
   * void, for whoever has the key knows them. These devices are suspended, where their state allows
   * that, until they have a new secret and are resumed. Answers them by their ids. Of very many
   * devices, it voids some at a time, so that others can write in between; what a crash leaves of
   * them is done when the registry is opened again.
   */
  revoke(
    enterprise: string,
    id: string,
    actor: string,
  ): Promise<{ readonly entry: GroupEntry; readonly voided: readonly string[] }>;
  /**
   * Registers a device with the hash of its secret; false, and nothing done, when it is registered
   * already. Rejects with `group.invalid` when the group is revoked, `group.spent`,
   * `registry.id-invalid`.
   */
  enrol(device: Enrolment): Promise<boolean>;
  /**
   * Answers many as `enrol` would, each by itself, up to `provisionBatchMax` in one transaction.
   * Rejects only when the file fails.
   */
  enrolMany(devices: readonly Enrolment[]): Promise<readonly (boolean | OnrampError)[]>;
}
