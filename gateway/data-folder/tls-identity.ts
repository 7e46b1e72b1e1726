/** The certificate of the MQTT listener: the operator's own, or one made on first start. */

import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../model/clock.ts';
import { messageOf, OnrampError } from '../../model/errors.ts';
import type { GatewaySettings } from '../config.ts';
import { writeOwnerFile } from './owner-file.ts';

export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
  /** SHA-256 of the certificate, for people to compare. */
  readonly fingerprint: string;
  readonly selfSigned: boolean;
}

const tenYearsMs = 10 * 365 * 86_400_000;

/** What is needed besides the settings of the broker. */
export interface TlsIdentityOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly publicUrl?: string | undefined;
  readonly log: { warn(message: string): void };
}

/**
 * Reads the configured key and certificate, or makes a self-signed one in `folder` that is kept:
 * for the names and addresses this machine has at that moment, and the host of `publicUrl`. One
 * that does not name that host is made anew; addresses may come and go.
 * @throws OnrampError `config.invalid` when the files cannot be read.
 */
export async function tlsIdentity(
  broker: GatewaySettings['broker'],
  { folder, clock, publicUrl, log }: TlsIdentityOptions,
): Promise<TlsIdentity> {
  const { tlsKeyFile, tlsCertFile } = broker;
  if (tlsKeyFile !== undefined && tlsCertFile !== undefined) {
    try {
      return identity(readFileSync(tlsKeyFile, 'utf8'), readFileSync(tlsCertFile, 'utf8'), false);
    } catch (error) {
      throw new OnrampError(
        'config.invalid',
        `broker.tlsKeyFile, tlsCertFile: ${messageOf(error)}`,
      );
    }
  }
  const keyFile = join(folder, 'key.pem');
  const certFile = join(folder, 'cert.pem');
  const there = existsSync(keyFile) && existsSync(certFile);
  const host = publicUrl === undefined ? null : hostOfUrl(publicUrl);
  const outdated = there && host !== null && !namesHost(readFileSync(certFile, 'utf8'), host);
  if (outdated) {
    log.warn(`The self-signed certificate does not name ${host}: made anew. Its old one is void.`);
  }
  if (!there || outdated) {
    const made = await selfSigned(clock, hostsOf(publicUrl));
    // Key and certificate belong together, also when the power fails between them.
    rmSync(certFile, { force: true });
    writeOwnerFile(keyFile, made.private);
    writeOwnerFile(certFile, made.cert);
  }
  return identity(readFileSync(keyFile, 'utf8'), readFileSync(certFile, 'utf8'), true);
}

/** The names and addresses under which this machine may be reached. */
function hostsOf(publicUrl: string | undefined): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const hosts = [
    'localhost',
    hostname(),
    '127.0.0.1',
    '::1',
    // An address that only means something together with an interface is no name.
    ...addresses.flatMap(({ address, scopeid }) => (scopeid ? [] : [address])),
  ];
  if (publicUrl !== undefined) hosts.push(hostOfUrl(publicUrl));
  return [...new Set(hosts)];
}

/** The host of a URL, which writes an IPv6 address in brackets (RFC 3986 §3.2.2). */
export function hostOfUrl(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

/** True when a certificate (PEM) is good for a host: a name or an address. */
export function namesHost(cert: string, host: string): boolean {
  const certificate = new X509Certificate(cert);
  const named = isIP(host) > 0 ? certificate.checkIP(host) : certificate.checkHost(host);
  return named !== undefined;
}

/** A key and certificate for these names and addresses. Takes about a second. */
async function selfSigned(
  clock: Clock,
  hosts: readonly string[],
): Promise<{ private: string; cert: string }> {
  // Only needed once in the life of a data folder.
  const { generate } = await import('selfsigned');
  return generate([{ name: 'commonName', value: 'onramp gateway' }], {
    keySize: 2048,
    algorithm: 'sha256',
    notAfterDate: new Date(clock.nowMs() + tenYearsMs),
    extensions: [
      { name: 'basicConstraints', cA: false },
      {
        name: 'subjectAltName',
        altNames: hosts.map((host) =>
          isIP(host) > 0 ? { type: 7, ip: host } : { type: 2, value: host },
        ),
      },
    ],
  });
}

function identity(key: string, cert: string, selfSigned: boolean): TlsIdentity {
  return { key, cert, selfSigned, fingerprint: new X509Certificate(cert).fingerprint256 };
}
