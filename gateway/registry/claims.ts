/** Claims: credentials that a batch of machines shares, good for nothing but getting its own. */

import type { ErrorCode, OnrampError } from '../../model/errors.ts';
import type { IssuedCredential, Page, PageRequest } from './registry.ts';

export interface NewClaim {
  readonly enterprise: string;
  /** Generated when left out. */
  readonly id?: string | undefined;
  /** For people. */
  readonly name?: string | undefined;
  readonly expiresAtMs: number;
  /** How many devices it may provision, at most. */
  readonly devicesMax: number;
  /** The profile of devices that do not say theirs. */
  readonly profile?: string | undefined;
  /**
   * Only these serials. When left out, any, but for devices whose secret people made: whoever
   * lists the serial of one wants the claim to replace that secret.
   */
  readonly serials?: readonly string[] | undefined;
  /** At least `secretCharsMin` characters; generated when left out. */
  readonly secret?: string | undefined;
}

/** A claim as lists show it: nothing of its secret. */
export interface ClaimEntry {
  readonly enterprise: string;
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly devicesMax: number;
  /** Devices it has provisioned, and no other claim since. */
  readonly devices: number;
  readonly profile: string | null;
  /** Length of the allow-list; null when it has none. */
  readonly serials: number | null;
  readonly revokedAtMs: number | null;
}

/** What a worker checks a claim session with. */
export interface StoredClaim extends ClaimEntry {
  readonly secretHash: Buffer;
}

/** Why a claim may not be used now, or null. */
export function claimProblem(
  claim: Pick<ClaimEntry, 'expiresAtMs' | 'revokedAtMs'>,
  nowMs: number,
): Extract<ErrorCode, 'claim.revoked' | 'claim.expired'> | null {
  if (claim.revokedAtMs !== null) return 'claim.revoked';
  return claim.expiresAtMs <= nowMs ? 'claim.expired' : null;
}

/** What a machine asks for. */
export interface ProvisionRequest {
  readonly enterprise: string;
  readonly claim: string;
  readonly serial: string;
  readonly profile?: string | undefined;
  /** The secret to give it; its hash is stored. */
  readonly secret: string;
  /** What it was told before: as long as that is the device's secret, it is given that again. */
  readonly toldBefore?: string | undefined;
  readonly nowMs: number;
}

export interface Provisioned extends IssuedCredential {
  readonly profile: string;
  /** False when the device had been provisioned before and had not used its credential. */
  readonly first: boolean;
}

export interface Claims {
  /** `secret` is shown once. Registers the enterprise when it is new. Rejects with `registry.*`. */
  issue(
    claim: NewClaim,
    actor: string,
  ): Promise<{ readonly entry: ClaimEntry; readonly secret: string }>;
  get(enterprise: string, id: string): Promise<ClaimEntry | null>;
  list(
    filter: { readonly enterprise?: string | undefined },
    page: PageRequest,
  ): Promise<Page<ClaimEntry>>;
  /** Adds serials to the allow-list of a claim that has one. Rejects with `registry.not-found`. */
  addSerials(
    enterprise: string,
    id: string,
    serials: readonly string[],
    actor: string,
  ): Promise<ClaimEntry>;
  /** Takes effect at once; devices that have their own credential keep it. */
  revoke(enterprise: string, id: string, actor: string): Promise<ClaimEntry>;
  /**
   * Gives the machine with `serial` a credential, in one transaction: an unknown serial becomes the
   * device with that id; a device that a claim of the enterprise provisioned, and that never used
   * its credential, gets a new one, and the one it had is void. A device whose secret people made
   * (by registering, importing or resetting it) keeps it, unless it was never used and the claim's
   * allow-list names the serial. A device counts against the claim once, however often it asks
   * before it uses its credential, and against no claim before. The transitions (`claim`, `issue`)
   * are in the audit trail, actor `claim:{id}`. Rejects with `claim.*`,
   * `registry.unknown-profile`, `device.suspended`, `device.revoked`.
   *
   * A refusal is in the audit trail as `claim-refused`, once a minute for each claim and code. It
   * changes no device, so that nobody who has the claim can shut out others' devices by asking
   * wrongly; only a device that this very claim provisioned, that never came back with its
   * credential, and that now asks for what it cannot have becomes `rejected`.
   */
  provision(request: ProvisionRequest): Promise<Provisioned>;
  /**
   * Answers many requests as `provision` would, each by itself, up to `provisionBatchMax` in one
   * transaction: that many share one wait for the disk. Rejects only when the file fails.
   */
  provisionMany(
    requests: readonly ProvisionRequest[],
  ): Promise<readonly (Provisioned | OnrampError)[]>;
}
