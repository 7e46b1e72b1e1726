/** Whether a certificate vouches for a device, or can be trusted as an authority. Pure. */

import { X509Certificate } from 'node:crypto';
import { type ErrorCode, messageOf } from '../../model/errors.ts';
import { deviceKey, parseDeviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { StoredAuthority } from './authorities.ts';

/** extKeyUsage id-kp-clientAuth (RFC 5280 §4.2.1.12). */
const clientAuthentication = '1.3.6.1.5.5.7.3.2';
const rsaBitsMin = 2048;
/** P-256, P-384 and P-521 as OpenSSL calls them. */
const curves: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
/** Signatures over these can be forged. */
const brokenHash = /sha-?1(?!\d)|md[245]/i;

/** For whom a certificate vouches, or why it does not. */
export type CertificateCheck =
  | {
      readonly ok: true;
      readonly enterprise: string;
      readonly device: string;
      /** Fingerprint of the authority that signed it. */
      readonly authority: string;
      /** SHA-256, lower-case hexadecimal without colons. */
      readonly fingerprint: string;
      readonly notBeforeMs: number;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string };

/** SHA-256 of a certificate, lower-case hexadecimal without colons. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

/**
 * Whom a certificate names: its subject has the one common name `{enterprise}.{device}`; else null.
 * Node writes an attribute a line and escapes what is in it. (Its `toLegacyObject` and
 * `getPeerCertificate` are of no use: certificates exist that crash the process in them.)
 */
export function subjectOf(
  certificate: X509Certificate,
): { readonly enterprise: string; readonly device: string } | null {
  const attributes = (certificate.subject ?? '').split('\n');
  const names = attributes.filter((attribute) => attribute.startsWith('CN='));
  return names.length === 1 ? parseDeviceKey(names[0]!.slice('CN='.length)) : null;
}

/**
 * Checks a client certificate whose key the client has proved to hold: its common name is
 * `{enterprise}.{device}`; one of that enterprise's `authorities` signed it, directly; both are
 * valid now; it is itself no authority; and where it says what it is for, that includes client
 * authentication (RFC 5280 §4.2.1.9, §4.2.1.12, §6.1.3).
 */
export function checkClientCertificate(
  certificate: X509Certificate,
  authorities: readonly StoredAuthority[],
  nowMs: number,
): CertificateCheck {
  try {
    return checked(certificate, authorities, nowMs);
  } catch (error) {
    // What a stranger sends may parse and yet hold parts that do not.
    return invalid(messageOf(error));
  }
}

function checked(
  certificate: X509Certificate,
  authorities: readonly StoredAuthority[],
  nowMs: number,
): CertificateCheck {
  const named = subjectOf(certificate);
  if (named === null) return invalid('its common name is not {enterprise}.{device}');
  if (certificate.ca) return invalid('it is the certificate of an authority, not of a device');
  const { keyUsage } = certificate;
  if (keyUsage !== undefined && !keyUsage.includes(clientAuthentication)) {
    return invalid('it is not for client authentication');
  }
  const weakness = weaknessOf(certificate);
  if (weakness !== null) return invalid(weakness);
  const authority = authorities.find((each) => signed(each, named.enterprise, certificate));
  if (authority === undefined) {
    const key = deviceKey(named.enterprise, named.device);
    return { ok: false, code: 'certificate.untrusted', detail: key };
  }
  const late =
    outOfDate('the certificate', certificate, nowMs) ??
    outOfDate("the authority's certificate", new X509Certificate(authority.certificate), nowMs);
  if (late !== null) return { ok: false, code: 'certificate.out-of-date', detail: late };
  return {
    ok: true,
    ...named,
    authority: authority.fingerprint,
    fingerprint: fingerprintOf(certificate),
    notBeforeMs: certificate.validFromDate.getTime(),
  };
}

/** `checkIssued` compares names and asks whether the authority may sign; `verify` the signature. */
function signed(
  authority: StoredAuthority,
  enterprise: string,
  certificate: X509Certificate,
): boolean {
  if (authority.enterprise !== enterprise || authority.revokedAtMs !== null) return false;
  const issuer = new X509Certificate(authority.certificate);
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function outOfDate(what: string, certificate: X509Certificate, nowMs: number): string | null {
  const { validFromDate, validToDate } = certificate;
  if (nowMs >= validFromDate.getTime() && nowMs <= validToDate.getTime()) return null;
  // `toISOString` throws where there is no date.
  if (nowMs > validToDate.getTime()) return `${what} expired at ${validToDate.toISOString()}`;
  return `${what} is valid from ${validFromDate.toISOString()}`;
}

/** A certificate that can be trusted as an authority, or why it cannot. */
export type AuthorityCheck =
  | { readonly ok: true; readonly certificate: X509Certificate }
  | { readonly ok: false; readonly detail: string };

/**
 * Checks that `pem` is exactly one certificate of an authority that may sign certificates (RFC 5280
 * §4.2.1.3, §4.2.1.9), valid now or later, with a key and a signature that cannot be forged.
 */
export function checkAuthority(pem: string, nowMs: number): AuthorityCheck {
  const refused = (detail: string): AuthorityCheck => ({ ok: false, detail });
  if (pem.length > limits.certificateCharsMax) {
    return refused(`a PEM has at most ${limits.certificateCharsMax} characters`);
  }
  const blocks = pem.match(/-----BEGIN [A-Z0-9 ]+-----/g) ?? [];
  if (blocks.some((block) => block.includes('PRIVATE KEY'))) {
    return refused('it holds a private key, which must stay with the authority');
  }
  if (blocks.length !== 1 || blocks[0] !== '-----BEGIN CERTIFICATE-----') {
    return refused('it must be the PEM of exactly one certificate');
  }
  try {
    return checkedAuthority(new X509Certificate(pem), nowMs);
  } catch (error) {
    return refused(messageOf(error));
  }
}

function checkedAuthority(given: X509Certificate, nowMs: number): AuthorityCheck {
  // As it will be stored: what was written around it, or loosely, is gone.
  const certificate = new X509Certificate(given.toString());
  const refused = (detail: string): AuthorityCheck => ({ ok: false, detail });
  if (!certificate.ca) return refused('it is not an authority that may sign certificates');
  const { validFromDate: from, validToDate: to } = certificate;
  if (nowMs > to.getTime()) return refused(`it expired at ${to.toISOString()}`);
  if (!(from.getTime() <= to.getTime())) return refused('it is never valid');
  const weakness = weaknessOf(certificate);
  return weakness === null ? { ok: true, certificate } : refused(weakness);
}

/** Why a key or signature could be forged, or null. */
function weaknessOf(certificate: X509Certificate): string | null {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
  const strong =
    type === 'ed25519' ||
    ((type === 'rsa' || type === 'rsa-pss') && (details?.modulusLength ?? 0) >= rsaBitsMin) ||
    (type === 'ec' && curves.has(details?.namedCurve ?? ''));
  if (!strong) return `its key must be RSA of ${rsaBitsMin} bits, or EC P-256, or stronger`;
  const { signatureAlgorithm } = certificate;
  if (signatureAlgorithm === undefined || !brokenHash.test(signatureAlgorithm)) return null;
  return `it is signed with ${signatureAlgorithm}, which can be forged`;
}

function invalid(detail: string): CertificateCheck {
  return { ok: false, code: 'certificate.invalid', detail };
}
