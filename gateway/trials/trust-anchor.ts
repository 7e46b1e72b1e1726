/** What a client has to trust so that it can verify a server's certificate. */

import { X509Certificate } from 'node:crypto';

const pemBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * The self-signed certificate at the end of a chain (PEM), which may be the server's own; null when
 * there is none: then its issuer is one that clients know, or were given.
 */
export function trustAnchorOf(chain: string): string | null {
  const last = chain.match(pemBlock)?.at(-1);
  if (last === undefined) return null;
  const certificate = new X509Certificate(last);
  const selfSigned =
    certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
  return selfSigned ? `${last}\n` : null;
}
