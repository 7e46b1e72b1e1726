/**
 * The lives of devices as the registry keeps them: states, the audit trail, when rows were stored.
 */

import type { DeviceState, LifeEvent } from '../../model/device.ts';
import type { DeviceKind, Page, PageRequest } from './registry.ts';

/** Something that happened to a device, or that somebody wants to happen. */
export interface LifeChange {
  readonly enterprise: string;
  readonly device: string;
  readonly event: LifeEvent;
  readonly atMs: number;
  /** Why, for people; at most `textCharsMax` characters. */
  readonly cause: string;
  /** Who: `operator`, `token:{id}`, `claim:{id}`, `group:{id}`, `device`, `system`. */
  readonly actor: string;
}

/** What a change did. */
export interface LifeOutcome extends LifeChange {
  readonly from: DeviceState;
  readonly to: DeviceState;
}

/** A device that shows the credential a claim gave it, for the first time. */
export interface FirstUse {
  readonly enterprise: string;
  readonly device: string;
  /** SHA-256 of its secret, as it was read. */
  readonly secretHash: Buffer;
  readonly atMs: number;
}

/**
 * An entry of the audit trail. `device` is null for what concerns an enterprise (claims, tokens …).
 */
export interface AuditEntry {
  /** Rising with time. */
  readonly id: number;
  readonly atMs: number;
  readonly enterprise: string;
  readonly device: string | null;
  /** A `LifeEvent`, or `claim-issued`, `claim-revoked`, `token-issued`, `command-sent` … */
  readonly event: string;
  readonly from: DeviceState | null;
  readonly to: DeviceState | null;
  readonly cause: string;
  readonly actor: string;
}

export interface AuditFilter {
  readonly enterprise?: string | undefined;
  readonly device?: string | undefined;
}

/** What the counts need to know of a device or gateway. */
export interface LifeRow {
  readonly enterprise: string;
  readonly device: string;
  readonly kind: DeviceKind;
  readonly profile: string;
  readonly district: string;
  readonly industry: string;
  readonly gateway: string | null;
  readonly state: DeviceState;
  /** When its first row was stored; null when none was. */
  readonly activatedAtMs: number | null;
  /** When its last row was stored, to about ten minutes. */
  readonly lastRowAtMs: number | null;
}

/** A part of the registry; rejects with `database.*` when the file fails. */
export interface Lives {
  /**
   * Applies the changes in their order, in one transaction, each by the state machine of
   * `model/device.ts`, and writes the audit trail. An element is null where the device is unknown
   * or the event is not allowed in its state. `store` also notes `activatedAtMs` (once) and
   * `lastRowAtMs`.
   */
  apply(changes: readonly LifeChange[]): Promise<readonly (LifeOutcome | null)[]>;
  /**
   * The transition `connect` of provisioned devices, up to `provisionBatchMax` in one transaction.
   * An element is null, and nothing done, where the device is not `provisioned` any more or has
   * another secret by now.
   */
  arrive(devices: readonly FirstUse[]): Promise<readonly (LifeOutcome | null)[]>;
  /** Notes that rows of devices were stored, without an entry in the audit trail. */
  noteRows(
    rows: readonly {
      readonly enterprise: string;
      readonly device: string;
      readonly atMs: number;
    }[],
  ): Promise<void>;
  /** Every device and gateway in the order of keys, a page at a time. */
  rows(page: PageRequest): Promise<Page<LifeRow>>;
  /**
   * Voids credentials that claims gave out before `beforeMs` and that were never used: the devices
   * are `expired`. A secret that somebody set since then stays good.
   */
  expireUnused(beforeMs: number, nowMs: number): Promise<readonly LifeOutcome[]>;
  /**
   * The audit trail, newest first; `after` of a page is the `next` of the page before. Of one
   * enterprise or device, a page may hold fewer than asked for, even none, and have a next one.
   */
  audit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>>;
  /** Appends an entry that is no transition. */
  note(entry: Omit<AuditEntry, 'id' | 'from' | 'to'>): Promise<void>;
  /** Removes entries older than `beforeMs`; returns how many. */
  pruneAudit(beforeMs: number): Promise<number>;
}
