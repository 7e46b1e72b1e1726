import { X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';
import {
  type CertifiedKey,
  createDevelopmentCa,
  signDeviceCertificate,
} from '../../../gateway/commands/development-ca.ts';
import type { StoredAuthority } from '../../../gateway/registry/authorities.ts';
import { fingerprintOf } from '../../../gateway/registry/certificate-check.ts';

export const dayMs = 86_400_000;
/** Between the seconds that certificates know. */
export const nowMs = Date.UTC(2026, 5, 1, 12) + 500;
export const validity = { notBeforeMs: nowMs - dayMs, days: 365 };

/** An authority of `enterprise`, valid at `nowMs`. */
export function newCa(enterprise = 'acme'): Promise<CertifiedKey> {
  return createDevelopmentCa(enterprise, validity);
}

/** The certificate of `{enterprise}.{device}`, signed by `ca`. */
export async function signed(
  ca: CertifiedKey,
  key: string,
  from = validity,
): Promise<X509Certificate> {
  const [enterprise = '', device = ''] = key.split('.');
  const made = await signDeviceCertificate(ca, { enterprise, device }, from);
  return new X509Certificate(made.certificate);
}

/** What the registry keeps of a trusted authority. */
export function stored(
  ca: CertifiedKey,
  enterprise = 'acme',
  more: Partial<StoredAuthority> = {},
): StoredAuthority {
  const certificate = new X509Certificate(ca.certificate);
  return {
    enterprise,
    fingerprint: fingerprintOf(certificate),
    name: 'test',
    subject: certificate.subject,
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    profile: null,
    createdAtMs: nowMs,
    revokedAtMs: null,
    devicesMax: null,
    devices: 0,
    certificate: ca.certificate,
    ...more,
  };
}

type Options = NonNullable<Parameters<typeof generate>[1]>;

/** A certificate as nobody should make it: with these common names and options. */
export async function unusual(
  names: readonly string[],
  { ca, ...options }: Omit<Options, 'ca'> & { readonly ca?: CertifiedKey },
): Promise<CertifiedKey> {
  const made = await generate(
    names.map((value) => ({ name: 'commonName', value })),
    {
      keyType: 'ec',
      algorithm: 'sha256',
      notBeforeDate: new Date(validity.notBeforeMs),
      notAfterDate: new Date(validity.notBeforeMs + 365 * dayMs),
      extensions: [{ name: 'basicConstraints', cA: false }],
      ...(ca === undefined ? {} : { ca: { key: ca.key, cert: ca.certificate } }),
      ...options,
    },
  );
  return { certificate: made.cert, key: made.private };
}
