/** A certificate authority for trying things out: made in a moment, and signs device certificates. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { deviceKey, isDirectoryId } from '../../model/identifiers.ts';

/** A certificate and its private key, both PEM. Whoever has the key is whom the certificate names. */
export interface CertifiedKey {
  readonly certificate: string;
  /** PKCS #8, not encrypted. */
  readonly key: string;
}

/** `ec`: P-256; `rsa`: 2048 bits, for machines that know nothing else, and slower to make. */
export type KeyKind = 'ec' | 'rsa';

export interface Validity {
  readonly notBeforeMs: number;
  /** At least one day. */
  readonly days: number;
}

const dayMs = 86_400_000;
/** RFC 5280 §4.1.2.5: no certificate can say a later time. */
const latestTimeMs = Date.UTC(9999, 11, 31, 23, 59, 59);

/**
 * Makes the certificate authority of an enterprise. Throws `registry.id-invalid`, and
 * `certificate.invalid` when the time makes no sense.
 */
export async function createDevelopmentCa(
  enterprise: string,
  validity: Validity,
  kind: KeyKind = 'ec',
): Promise<CertifiedKey> {
  checkId(enterprise);
  const { generate } = await import('selfsigned');
  const made = await generate(commonName(`${enterprise} development CA`), {
    ...keyOptions(kind),
    ...dates(validity),
    extensions: [
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { certificate: made.cert, key: made.private };
}

/**
 * Makes a key for a device and has the authority sign it: for `{enterprise}.{device}`, for client
 * authentication only. Throws `registry.id-invalid`, and `certificate.invalid` when certificate and
 * key of `ca` are none, or the time makes no sense.
 */
export async function signDeviceCertificate(
  ca: CertifiedKey,
  device: { readonly enterprise: string; readonly device: string },
  validity: Validity,
): Promise<CertifiedKey> {
  checkId(device.enterprise);
  checkId(device.device);
  const { generate } = await import('selfsigned');
  const made = await generate(commonName(deviceKey(device.enterprise, device.device)), {
    ...keyOptions(kindOf(ca)),
    ...dates(validity),
    ca: { key: ca.key, cert: ca.certificate },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', clientAuth: true },
    ],
  });
  return { certificate: made.cert, key: made.private };
}

function commonName(value: string) {
  return [{ name: 'commonName', value }];
}

function keyOptions(kind: KeyKind) {
  return { keyType: kind, keySize: 2048, curve: 'P-256', algorithm: 'sha256' } as const;
}

/** A device's key is of the kind of its authority's. Throws unless certificate and key belong together. */
function kindOf(ca: CertifiedKey): KeyKind {
  try {
    const certificate = new X509Certificate(ca.certificate);
    const key = createPrivateKey(ca.key);
    if (!certificate.checkPrivateKey(key))
      throw new Error('the key is not that of the certificate');
    return key.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec';
  } catch (error) {
    throw new OnrampError('certificate.invalid', messageOf(error), error);
  }
}

function dates({ notBeforeMs, days }: Validity) {
  const notAfterMs = notBeforeMs + days * dayMs;
  if (!Number.isInteger(days) || days < 1 || !(notAfterMs <= latestTimeMs)) {
    throw new OnrampError('certificate.invalid', `valid for ${days} days is not possible`);
  }
  return { notBeforeDate: new Date(notBeforeMs), notAfterDate: new Date(notAfterMs) };
}

function checkId(id: string): void {
  if (!isDirectoryId(id)) throw new OnrampError('registry.id-invalid', JSON.stringify(id));
}
