import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type CertifiedKey,
  createDevelopmentCa,
  signDeviceCertificate,
} from '../../../gateway/commands/development-ca.ts';
import {
  checkAuthority,
  checkClientCertificate,
} from '../../../gateway/registry/certificate-check.ts';
import { nowMs, stored, validity } from '../registry/certificates.ts';
import { failureOf } from '../registry/open.ts';

const device = { enterprise: 'acme', device: 'press-1' };

describe.each(['ec', 'rsa'] as const)('a development authority with %s keys', (kind) => {
  it('can be trusted, and signs a certificate that is accepted', async () => {
    const ca = await createDevelopmentCa('acme', validity, kind);
    expect(checkAuthority(ca.certificate, nowMs).ok).toBe(true);
    const authority = new X509Certificate(ca.certificate);
    expect(authority.checkPrivateKey(createPrivateKey(ca.key))).toBe(true);
    expect(authority.verify(createPublicKey(ca.key))).toBe(true);

    const made = await signDeviceCertificate(ca, device, validity);
    const certificate = new X509Certificate(made.certificate);
    expect(certificate.checkPrivateKey(createPrivateKey(made.key))).toBe(true);
    expect(certificate.subject).toBe('CN=acme.press-1');
    expect(certificate.publicKey.asymmetricKeyType).toBe(kind);
    expect(certificate.validToDate.getTime() - certificate.validFromDate.getTime()).toBe(
      365 * 86_400_000,
    );
    const checked = checkClientCertificate(certificate, [stored(ca)], nowMs);
    expect(checked).toMatchObject({ ok: true, ...device });
  });
});

describe('what it makes', () => {
  it('is another key and serial number each time', async () => {
    const ca = await createDevelopmentCa('acme', validity);
    const made = await Promise.all(
      Array.from({ length: 5 }, () => signDeviceCertificate(ca, device, validity)),
    );
    expect(new Set(made.map(({ key }) => key)).size).toBe(5);
    const serials = made.map(({ certificate }) => new X509Certificate(certificate).serialNumber);
    expect(new Set(serials).size).toBe(5);
  });

  it('serves a TLS client, whose key is proved in the handshake', async () => {
    // A handshake looks at the clock of the machine.
    const from = { notBeforeMs: Date.now() - 60_000, days: 1 };
    const ca = await createDevelopmentCa('acme', from);
    const [client, server] = await Promise.all(
      [device, { ...device, device: 'server' }].map((each) =>
        signDeviceCertificate(ca, each, from),
      ),
    );
    const peer = await peerOf(server!, client!);
    expect(checkClientCertificate(peer, [stored(ca)], Date.now())).toMatchObject({
      ok: true,
      ...device,
    });
  });

  it('needs ids, a time that makes sense, and a certificate with its own key', async () => {
    const ca = await createDevelopmentCa('acme', validity);
    const other = await createDevelopmentCa('acme', validity);
    const attempts: [string, Promise<unknown>][] = [
      ['registry.id-invalid', createDevelopmentCa('A, CN=x', validity)],
      ['registry.id-invalid', signDeviceCertificate(ca, { ...device, device: 'a.b' }, validity)],
      ['registry.id-invalid', signDeviceCertificate(ca, { ...device, enterprise: '' }, validity)],
      ['certificate.invalid', createDevelopmentCa('acme', { ...validity, days: 0 })],
      ['certificate.invalid', createDevelopmentCa('acme', { ...validity, days: 1.5 })],
      ['certificate.invalid', createDevelopmentCa('acme', { ...validity, days: 4_000_000 })],
      [
        'certificate.invalid',
        createDevelopmentCa('acme', { ...validity, notBeforeMs: Number.NaN }),
      ],
      ['certificate.invalid', signDeviceCertificate({ ...ca, key: other.key }, device, validity)],
      ['certificate.invalid', signDeviceCertificate({ ...ca, key: 'x' }, device, validity)],
      ['certificate.invalid', signDeviceCertificate({ ...ca, certificate: '' }, device, validity)],
    ];
    const codes = await Promise.all(attempts.map(async ([, made]) => (await failureOf(made)).code));
    expect(codes).toEqual(attempts.map(([code]) => code));
  });
});

/** The certificate that a server sees of `client`. */
async function peerOf(server: CertifiedKey, client: CertifiedKey): Promise<X509Certificate> {
  const listener = createServer({
    key: server.key,
    cert: server.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  });
  onTestFinished(() => void listener.close());
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const seen = new Promise<TLSSocket>((resolve) => listener.once('secureConnection', resolve));
  const { port } = listener.address() as AddressInfo;
  const socket = connect({
    host: '127.0.0.1',
    port,
    key: client.key,
    cert: client.certificate,
    rejectUnauthorized: false,
  });
  onTestFinished(() => void socket.destroy());
  return (await seen).getPeerX509Certificate()!;
}
