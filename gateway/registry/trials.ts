/** Trials: an enterprise with one device, there for a week, so that somebody can try to connect. */

import type { DeviceState } from '../../model/device.ts';
import type { DeviceProfile, Name } from '../../model/profile.ts';
import type { DeviceKind, IssuedCredential, Page, PageRequest } from './registry.ts';

export interface NewTrial {
  /** A new enterprise. */
  readonly enterprise: string;
  readonly name: Name;
  readonly device: string;
  /** A registered profile by its id, or one that is added for this enterprise. */
  readonly profile: string | DeviceProfile;
  readonly expiresAtMs: number;
}

/** A trial and how far its device has come. */
export interface TrialEntry {
  readonly enterprise: string;
  readonly name: Name;
  readonly device: string;
  readonly kind: DeviceKind;
  readonly profile: string;
  readonly state: DeviceState;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** When its devices were shut out; null while they may connect. */
  readonly endedAtMs: number | null;
  /** When the first row of its device was stored; null when none was. */
  readonly activatedAtMs: number | null;
}

export interface Trials {
  /**
   * Registers enterprise (platform `trial`, with the limits of one), profile and device, all or
   * nothing. Rejects with `registry.exists`, `registry.too-many`, `registry.*`, `profile.*`.
   */
  begin(trial: NewTrial, actor: string): Promise<IssuedCredential>;
  get(enterprise: string): Promise<TrialEntry | null>;
  /** In the order of enterprises; `living` are those that have not ended. */
  list(filter: { readonly living?: boolean }, page: PageRequest): Promise<Page<TrialEntry>>;
  /** Enterprises of trials that have expired by `nowMs` and have not ended; `trialsMax` at most. */
  due(nowMs: number): Promise<readonly string[]>;
  /**
   * Notes that a trial has ended; nothing happens when it had. Rejects with `registry.not-found`.
   */
  end(enterprise: string, actor: string): Promise<TrialEntry>;
}
