import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CertifiedKey,
  createDevelopmentCa,
} from '../../../gateway/commands/development-ca.ts';
import {
  checkAuthority,
  checkClientCertificate,
  fingerprintOf,
} from '../../../gateway/registry/certificate-check.ts';
import { limits } from '../../../model/limits.ts';
import { dayMs, newCa, nowMs, signed, stored, unusual, validity } from './certificates.ts';

let ca: CertifiedKey;
let otherCa: CertifiedKey;
let device: X509Certificate;
beforeAll(async () => {
  [ca, otherCa] = await Promise.all([newCa('acme'), newCa('other')]);
  device = await signed(ca, 'acme.press-1');
});

/** How the certificate fares with the authorities of both enterprises. */
function check(certificate: X509Certificate, atMs = nowMs) {
  return checkClientCertificate(certificate, [stored(otherCa, 'other'), stored(ca)], atMs);
}

function refusal(certificate: X509Certificate, atMs = nowMs) {
  const result = check(certificate, atMs);
  return result.ok ? 'it was accepted' : [result.code, result.detail];
}

async function checkUnusual(name: string, options: Parameters<typeof unusual>[1]) {
  const made = await unusual([name], { ca, ...options });
  return refusal(new X509Certificate(made.certificate));
}

describe('a client certificate', () => {
  it('vouches for the device in its common name', async () => {
    const certificate = await signed(ca, 'acme.press-1');
    expect(check(certificate)).toEqual({
      ok: true,
      enterprise: 'acme',
      device: 'press-1',
      authority: fingerprintOf(new X509Certificate(ca.certificate)),
      fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
      notBeforeMs: Math.floor(validity.notBeforeMs / 1000) * 1000,
    });
  });

  it('also with an RSA key, and with no usage stated', async () => {
    const rsa = await createDevelopmentCa('acme', validity, 'rsa');
    const certificate = await signed(rsa, 'acme.press-1');
    expect(checkClientCertificate(certificate, [stored(rsa)], nowMs).ok).toBe(true);
    const plain = await unusual(['acme.press-1'], { ca });
    expect(check(new X509Certificate(plain.certificate)).ok).toBe(true);
  });

  it('of another enterprise vouches for nobody here', async () => {
    expect(refusal(await signed(otherCa, 'acme.press-1'))).toEqual([
      'certificate.untrusted',
      'acme.press-1',
    ]);
    expect(refusal(await signed(ca, 'other.press-1'))).toEqual([
      'certificate.untrusted',
      'other.press-1',
    ]);
  });

  it('of nobody, of an authority that was revoked, or that nobody trusts, is refused', async () => {
    const certificate = await signed(ca, 'acme.press-1');
    const untrusted = { ok: false, code: 'certificate.untrusted' };
    const revoked = stored(ca, 'acme', { revokedAtMs: nowMs });
    expect(checkClientCertificate(certificate, [], nowMs)).toMatchObject(untrusted);
    expect(checkClientCertificate(certificate, [revoked], nowMs)).toMatchObject(untrusted);
    const selfSigned = await unusual(['acme.press-1'], {});
    expect(refusal(new X509Certificate(selfSigned.certificate))[0]).toBe('certificate.untrusted');
  });

  it('signed by another key in the name of the authority is refused', async () => {
    const impostor = await newCa('acme');
    const certificate = await signed(impostor, 'acme.press-1');
    expect(certificate.issuer).toBe(new X509Certificate(ca.certificate).subject);
    expect(refusal(certificate)[0]).toBe('certificate.untrusted');
    const both = [stored(ca), stored(impostor)];
    expect(checkClientCertificate(certificate, both, nowMs)).toMatchObject({
      ok: true,
      authority: both[1]!.fingerprint,
    });
  });

  it('signed by a device, or by an authority that may not sign, is refused', async () => {
    const signer = await unusual(['acme.press-1'], { ca });
    const below = await signed(signer, 'acme.press-2');
    expect(checkClientCertificate(below, [stored(ca)], nowMs).ok).toBe(false);
    expect(checkClientCertificate(below, [stored(signer)], nowMs).ok).toBe(false);
  });

  it('is good from its first second to its last', async () => {
    const certificate = await signed(ca, 'acme.press-1', { notBeforeMs: nowMs, days: 10 });
    const from = certificate.validFromDate.getTime();
    const to = certificate.validToDate.getTime();
    expect(check(certificate, from).ok).toBe(true);
    expect(check(certificate, to).ok).toBe(true);
    expect(refusal(certificate, from - 1)).toEqual([
      'certificate.out-of-date',
      'the certificate is valid from 2026-06-01T12:00:00.000Z',
    ]);
    expect(refusal(certificate, to + 1)).toEqual([
      'certificate.out-of-date',
      'the certificate expired at 2026-06-11T12:00:00.000Z',
    ]);
  });

  it('is no better than the certificate of its authority', async () => {
    const long = await signed(ca, 'acme.press-1', { ...validity, days: 3650 });
    expect(refusal(long, nowMs + 400 * dayMs)).toEqual([
      'certificate.out-of-date',
      "the authority's certificate expired at 2027-05-31T12:00:00.000Z",
    ]);
  });

  it('of an authority is no device, whatever its name', async () => {
    expect(refusal(new X509Certificate(ca.certificate))[0]).toBe('certificate.invalid');
    expect(
      await checkUnusual('acme.press-1', {
        extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
      }),
    ).toEqual(['certificate.invalid', 'it is the certificate of an authority, not of a device']);
  });

  it('for servers only is refused', async () => {
    expect(
      await checkUnusual('acme.press-1', {
        extensions: [{ name: 'extKeyUsage', serverAuth: true }],
      }),
    ).toEqual(['certificate.invalid', 'it is not for client authentication']);
  });

  it.each([
    'press-1',
    'acme.press.1',
    'acme.',
    '.press-1',
    'ACME.press-1',
    'acme.claim',
    '*.press-1',
  ])('that names %s names no device', async (name) => {
    expect((await checkUnusual(name, {}))[0]).toBe('certificate.invalid');
  });

  it('with two names or none names no device', async () => {
    for (const names of [['acme.press-1', 'acme.press-2'], []]) {
      const made = await unusual(names, { ca });
      expect(refusal(new X509Certificate(made.certificate))[0]).toBe('certificate.invalid');
    }
  });

  it('whose key or signature could be forged is refused', async () => {
    const rsa = await createDevelopmentCa('acme', validity, 'rsa');
    const weakKey = await unusual(['acme.a'], { ca: rsa, keyType: 'rsa', keySize: 1024 });
    const sha1 = await unusual(['acme.a'], { ca: rsa, keyType: 'rsa', algorithm: 'sha1' });
    for (const { certificate } of [weakKey, sha1]) {
      const result = checkClientCertificate(new X509Certificate(certificate), [stored(rsa)], nowMs);
      expect(result).toMatchObject({ ok: false, code: 'certificate.invalid' });
    }
  });

  it('of which any byte was changed is refused, and nothing fails', async () => {
    const { raw } = await signed(ca, 'acme.press-1');
    const authorities = [stored(ca)];
    fc.assert(
      fc.property(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Buffer.from(raw);
        bytes[at]! ^= flip;
        let certificate: X509Certificate;
        try {
          certificate = new X509Certificate(bytes);
        } catch {
          return;
        }
        expect(checkClientCertificate(certificate, authorities, nowMs).ok).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('an authority', () => {
  const detail = (pem: string, atMs = nowMs) => {
    const result = checkAuthority(pem, atMs);
    return result.ok ? 'it was accepted' : result.detail;
  };

  it('is accepted now, before its time, and not after it', () => {
    const accepted = checkAuthority(ca.certificate, nowMs);
    expect(accepted.ok && accepted.certificate.ca).toBe(true);
    expect(checkAuthority(`Subject: acme\r\n\r\n${ca.certificate}\n`, nowMs).ok).toBe(true);
    expect(checkAuthority(ca.certificate, nowMs - 100 * dayMs).ok).toBe(true);
    expect(detail(ca.certificate, nowMs + 400 * dayMs)).toMatch(/^it expired at 2027-05-31/);
  });

  it('is exactly one certificate', () => {
    const one = 'it must be the PEM of exactly one certificate';
    expect(detail('')).toBe(one);
    expect(detail('hello')).toBe(one);
    expect(detail(ca.certificate + otherCa.certificate)).toBe(one);
    expect(detail(ca.certificate.replaceAll('CERTIFICATE', 'PUBLIC KEY'))).toBe(one);
    expect(detail(ca.certificate + ca.key)).toMatch(/private key/);
    expect(detail('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')).not.toBe(
      'it was accepted',
    );
    expect(detail(' '.repeat(limits.certificateCharsMax + 1))).toMatch(/characters/);
  });

  it('may sign certificates', async () => {
    const no = 'it is not an authority that may sign certificates';
    expect(detail((await signed(ca, 'acme.press-1')).toString())).toBe(no);
    const wrongUsage = await unusual(['acme CA'], {
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', digitalSignature: true, critical: true },
      ],
    });
    expect(detail(wrongUsage.certificate)).toBe(no);
  });

  it('that is damaged is refused, or can be kept and used without failing', () => {
    const { raw } = new X509Certificate(ca.certificate);
    const change = fc.tuple(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Buffer.from(raw);
        for (const [at, flip] of changes) bytes[at]! ^= flip;
        const text = bytes.toString('base64');
        const pem = `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----`;
        const result = checkAuthority(pem, nowMs);
        if (!result.ok) return;
        const kept = { certificate: result.certificate.toString(), key: '' };
        const below = checkClientCertificate(device, [stored(kept)], nowMs);
        if (!below.ok) expect(below.code).toMatch(/untrusted|out-of-date/);
      }),
      { numRuns: 1000 },
    );
  });

  it('cannot be forged', async () => {
    const extensions = [{ name: 'basicConstraints' as const, cA: true, critical: true }];
    const weakKey = await unusual(['a'], { keyType: 'rsa', keySize: 1024, extensions });
    const sha1 = await unusual(['a'], { keyType: 'rsa', algorithm: 'sha1', extensions });
    expect(detail(weakKey.certificate)).toMatch(/its key must be RSA of 2048 bits/);
    expect(detail(sha1.certificate)).toMatch(/sha1.*can be forged/);
  });
});
