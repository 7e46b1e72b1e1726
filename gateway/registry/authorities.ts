/** Certificate authorities of enterprises, which sign the client certificates of their devices. */

import type { OnrampError } from '../../model/errors.ts';
import type { Page, PageRequest } from './registry.ts';

export interface NewAuthority {
  readonly enterprise: string;
  /** PEM of one CA certificate (basicConstraints cA, RFC 5280 §4.2.1.9). */
  readonly certificate: string;
  readonly name?: string | undefined;
  /**
   * The profile of unknown devices it vouches for; without it only registered devices are let in.
   */
  readonly profile?: string | undefined;
  /** How many unknown devices it may vouch for; `enrolledDevicesDefault` when left out. */
  readonly devicesMax?: number | undefined;
}

export interface AuthorityEntry {
  readonly enterprise: string;
  /** SHA-256 of the certificate, lower-case hexadecimal without colons. */
  readonly fingerprint: string;
  readonly name: string;
  readonly subject: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly profile: string | null;
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
  /** How many unknown devices it may vouch for; null when none, for want of a profile. */
  readonly devicesMax: number | null;
  /** Unknown devices it has vouched for. */
  readonly devices: number;
}

/** What a worker checks a client certificate with. */
export interface StoredAuthority extends AuthorityEntry {
  readonly certificate: string;
}

/** The certificate a device is known by. */
export interface PinnedCertificate {
  /** SHA-256, lower-case hexadecimal without colons. */
  readonly fingerprint: string;
  readonly notBeforeMs: number;
  /** Fingerprint of the authority that signed it. */
  readonly authority: string;
}

/** A device whose certificate was verified. */
export interface Pinning {
  readonly enterprise: string;
  readonly device: string;
  readonly certificate: PinnedCertificate;
  readonly nowMs: number;
}

export interface Authorities {
  /** Trusts an authority for one enterprise. Rejects with `certificate.invalid`, `registry.*`. */
  add(authority: NewAuthority, actor: string): Promise<AuthorityEntry>;
  list(
    filter: { readonly enterprise?: string | undefined },
    page: PageRequest,
  ): Promise<Page<AuthorityEntry>>;
  /**
   * It vouches for nobody any more, and the devices known by its certificates are suspended, where
   * their state allows that, until they have another credential (a new secret, a certificate of
   * another authority, or this authority trusted again) and are resumed. Answers their ids. Of very
   * many devices, it suspends some at a time, so that others can write in between, and is revoked
   * with the last ones: what a crash cuts short can be asked for again.
   */
  revoke(
    enterprise: string,
    fingerprint: string,
    actor: string,
  ): Promise<{ readonly entry: AuthorityEntry; readonly devices: readonly string[] }>;
  /**
   * Notes the certificate of a device: the first one, or one that is newer (`notBeforeMs`) than the
   * one it is known by. An unknown device is registered with the authority's profile. True when it
   * was. Rejects with `certificate.replaced`, `certificate.untrusted`, `group.spent`,
   * `registry.id-invalid`.
   */
  pin(device: Pinning): Promise<boolean>;
  /**
   * Answers many as `pin` would, each by itself, up to `provisionBatchMax` in one transaction.
   * Those known by the very certificate cost no write. Rejects only when the file fails.
   */
  pinMany(devices: readonly Pinning[]): Promise<readonly (boolean | OnrampError)[]>;
}
