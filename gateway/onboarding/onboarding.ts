/**
 * Onboarding as the API and the workers see it: changes that take effect at once, and the counts.
 */

import type { ErrorCode } from '../../model/errors.ts';
import type { DeviceEventHub } from '../device-events/device-event.ts';
import type { LifeOutcome } from '../registry/lives.ts';
import type { DirectoryEntry } from '../registry/registry.ts';

/**
 * The four nested counts of the programme. Registered: an identity that is not withdrawn.
 * Activated: also a row in the store, ever. Connected: also a row stored in the last 24 hours.
 * Online: also a session, of the device or of its gateway, that is up now.
 */
export interface NestedCounts {
  readonly registered: number;
  readonly activated: number;
  readonly connected: number;
  readonly online: number;
}

/** Counts of one place, kind or enterprise. Gateways are no devices. */
export interface PlaceCounts {
  /** Devices whose profile is production equipment. */
  readonly production: NestedCounts;
  /** Devices whose profile is not. */
  readonly other: NestedCounts;
  /** Enterprises with at least one device, of either sort, that counts. */
  readonly enterprises: NestedCounts;
}

export interface OnboardingCounts {
  readonly city: PlaceCounts;
  readonly byDistrict: Readonly<Record<string, PlaceCounts>>;
  readonly byIndustry: Readonly<Record<string, PlaceCounts>>;
}

/** What somebody wants to happen to a device. */
export interface RequestedChange {
  readonly enterprise: string;
  readonly device: string;
  readonly event: 'suspend' | 'resume' | 'revoke' | 'decommission';
  readonly cause: string;
  readonly actor: string;
}

export interface Onboarding {
  /**
   * Applies a change durably; when it resolves, every worker has been told. A device that may no
   * longer connect loses its session within a moment, also while the registry is busy: then it is
   * kept out until the change is in the file. Rejects with `registry.not-found`,
   * `device.state-not-allowed`, `database.*`; its session may have ended all the same.
   */
  change(change: RequestedChange): Promise<DirectoryEntry>;
  /**
   * Applies many changes durably, in parts, so that nobody else waits long. All who may no longer
   * connect lose their sessions first. What is unknown, or not allowed in its state, is left out:
   * resolves with what was done. Rejects with `database.*`, and with the signal's reason between
   * two parts; what was written stays.
   */
  changeMany(
    changes: readonly RequestedChange[],
    signal?: AbortSignal,
  ): Promise<readonly LifeOutcome[]>;
  /**
   * Credentials, profile or gateway of these devices (keys) were changed: their sessions end with
   * `code` (`device.credential-changed` when left out), and the counts take the devices in as
   * `directoryChanged` does.
   */
  identityChanged(keys: readonly string[], code?: ErrorCode): void;
  /**
   * Devices were added or moved: the counts take them in. With `keys`, only these, at once;
   * without, the directory is read anew, a moment later.
   */
  directoryChanged(keys?: readonly string[]): void;
  /** The limits of an enterprise were changed. */
  limitsChanged(enterprise: string): void;
  /** A profile was added, or is another one than before. */
  profileChanged(profile: string): void;
  /** Null where no gateway runs, or while the directory is being read. */
  counts(): OnboardingCounts | null;
  countsOf(enterprise: string): PlaceCounts | null;
  /** True when the device or its gateway has a session now; null where no gateway runs. */
  isOnline(enterprise: string, device: string): boolean | null;
  /** What just happened to a device; null where no gateway runs. */
  readonly events: DeviceEventHub | null;
}
