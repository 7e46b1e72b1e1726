/** The gateway's own certificate: made once, for every name this machine has. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { tlsIdentity } from '../../../gateway/data-folder/tls-identity.ts';
import { systemClock } from '../../../model/clock.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const log = { warn: (message: string) => warnings.push(message) };
const warnings: string[] = [];
beforeEach(() => warnings.splice(0));

const options = (folder: string, publicUrl?: string) => ({
  folder,
  clock: systemClock,
  publicUrl,
  log,
});
const broker = {
  access: 'authenticated',
  port: 0,
  tlsPort: 0,
  sessionsMax: 10,
  loopbackAddresses: 1,
} as const;

test('names this machine by every name and address it has, and by its public host', async () => {
  const folder = temporaryFolder();
  const { cert, selfSigned } = await tlsIdentity(
    broker,
    options(folder, 'https://onramp.example.com:8443/x'),
  );
  expect(selfSigned).toBe(true);
  const certificate = new X509Certificate(cert);
  for (const name of ['localhost', hostname(), 'onramp.example.com']) {
    expect(certificate.checkHost(name)).toBe(name);
  }
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  for (const { address, scopeid } of addresses) {
    if (!scopeid) expect(certificate.checkIP(address)).toBe(address);
  }
  expect(certificate.checkIP('::1')).toBeDefined();
  expect(certificate.ca).toBe(false);
});

test('is made once and kept, its key for its owner only', async () => {
  const folder = temporaryFolder();
  const first = await tlsIdentity(broker, options(folder));
  expect(await tlsIdentity(broker, options(folder))).toEqual(first);
  expect(await tlsIdentity(broker, options(folder, 'http://127.0.0.1:80'))).toEqual(first);
  expect(warnings).toEqual([]);
  expect(statSync(join(folder, 'key.pem')).mode & 0o077).toBe(0);
});

test('is made anew, which is said, when it does not name the public host', async () => {
  const folder = temporaryFolder();
  const first = await tlsIdentity(broker, options(folder));
  const url = 'https://[2001:db8::1]/';
  const second = await tlsIdentity(broker, options(folder, url));
  expect(second.fingerprint).not.toBe(first.fingerprint);
  expect(new X509Certificate(second.cert).checkIP('2001:db8::1')).toBeDefined();
  expect(new X509Certificate(second.cert).checkPrivateKey(createPrivateKey(second.key))).toBe(true);
  expect(warnings).toEqual([expect.stringContaining('2001:db8::1')]);
  expect(await tlsIdentity(broker, options(folder, url))).toEqual(second);
  expect(warnings).toHaveLength(1);
});

test('of an operator is taken as it is, and what cannot be read is named', async () => {
  const folder = temporaryFolder();
  await tlsIdentity(broker, options(folder, 'https://[2001:db8::1]/'));
  const files = { tlsKeyFile: join(folder, 'key.pem'), tlsCertFile: join(folder, 'cert.pem') };
  const unnamed = options(temporaryFolder(), 'https://other.example.com');
  const own = await tlsIdentity({ ...broker, ...files }, unnamed);
  expect(own.selfSigned).toBe(false);
  expect(new X509Certificate(own.cert).checkIP('2001:db8::1')).toBeDefined();
  expect(warnings).toEqual([]);
  const missing = { ...broker, ...files, tlsKeyFile: join(folder, 'none.pem') };
  await expect(tlsIdentity(missing, options(folder))).rejects.toMatchObject({
    code: 'config.invalid',
  });
});
