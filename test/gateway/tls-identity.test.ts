/** The gateway's own certificate: made once, for every name this machine has. */

import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tlsIdentity } from '../../gateway/tls-identity.ts';
import { systemClock } from '../../model/clock.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const broker = { access: 'authenticated', port: 0, tlsPort: 0, sessionsMax: 10 } as const;

test('names this machine by every name and address it has, and by its public host', async () => {
  const folder = temporaryFolder();
  const { cert, selfSigned } = await tlsIdentity(
    broker,
    folder,
    systemClock,
    'https://onramp.example.com:8443/x',
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
  const first = await tlsIdentity(broker, folder, systemClock);
  const second = await tlsIdentity(broker, folder, systemClock, 'https://[2001:db8::1]/');
  expect(second).toEqual(first);
  expect(statSync(join(folder, 'key.pem')).mode & 0o077).toBe(0);
});

test('of an operator is taken as it is, and what cannot be read is named', async () => {
  const folder = temporaryFolder();
  await tlsIdentity(broker, folder, systemClock, 'https://[2001:db8::1]/');
  const files = { tlsKeyFile: join(folder, 'key.pem'), tlsCertFile: join(folder, 'cert.pem') };
  const own = await tlsIdentity({ ...broker, ...files }, temporaryFolder(), systemClock);
  expect(own.selfSigned).toBe(false);
  expect(new X509Certificate(own.cert).checkIP('2001:db8::1')).toBeDefined();
  const missing = { ...broker, ...files, tlsKeyFile: join(folder, 'none.pem') };
  await expect(tlsIdentity(missing, folder, systemClock)).rejects.toMatchObject({
    code: 'config.invalid',
  });
});
