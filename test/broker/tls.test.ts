/** Client certificates over TLS: what the other side has proved, also when a session is resumed. */

import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectAttempt } from '../../broker/access.ts';
import { FrontDoor } from '../../broker/front-door.ts';
import { openPermissions } from '../../broker/topic-permissions.ts';
import { RawMqtt } from '../helpers/raw-mqtt.ts';

interface Identity {
  readonly cert: string;
  readonly key: string;
}

let server: Identity;
let device: Identity;
let other: Identity;

async function identity(commonName: string): Promise<Identity> {
  const options = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;
  const made = await generate([{ name: 'commonName', value: commonName }], options);
  return { cert: made.cert, key: made.private };
}

beforeAll(async () => {
  [server, device, other] = await Promise.all([
    identity('gateway'),
    identity('acme.press-1'),
    identity('acme.press-2'),
  ]);
});

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start() {
  const attempts: ConnectAttempt[] = [];
  const door = new FrontDoor({
    access: 'open',
    permissions: openPermissions,
    authenticate: async (attempt) => {
      attempts.push(attempt);
      const { clientId: subject } = attempt;
      return { accepted: true, principal: { kind: 'open', enterprise: '', subject } };
    },
    onPublish: (publish) => publish.settle('accept'),
    onRefused: () => {},
    acceptsSessions: () => true,
    sessionsMax: 10,
  });
  const { port, tlsPort } = await door.start({
    host: '127.0.0.1',
    port: 0,
    tls: { port: 0, ...server },
    reusePort: false,
    connectionsMax: 10,
  });
  cleanups.push(() => door.stop());
  const open = async (options: ConnectionOptions = {}): Promise<TLSSocket> => {
    const socket = connect({ port: tlsPort ?? 0, host: '127.0.0.1', ca: server.cert, ...options });
    // The certificate is for a name that is not tested here.
    socket.on('error', () => {});
    cleanups.push(() => void socket.destroy());
    await once(socket, 'secureConnect');
    return socket;
  };
  return { attempts, open, port };
}

const anyName = { checkServerIdentity: () => undefined };

describe('a client certificate', () => {
  test('arrives with the CONNECT, whoever signed it; without one there is none', async () => {
    const { attempts, open } = await start();
    for (const shown of [device, {}]) {
      const client = RawMqtt.over(await open({ ...anyName, ...shown }));
      expect(await client.connect({ clientId: 'a' })).toBe(0);
    }
    expect(attempts.map(({ tls }) => tls)).toEqual([true, true]);
    expect(attempts[0]?.certificate?.subject).toBe('CN=acme.press-1');
    expect(attempts[1]?.certificate).toBeNull();
  });

  test('is none on a plain connection', async () => {
    const { attempts, port } = await start();
    const client = await RawMqtt.open(port);
    cleanups.push(() => client.close());
    expect(await client.connect({ clientId: 'a' })).toBe(0);
    expect(attempts).toMatchObject([{ tls: false, certificate: null }]);
  });

  test('of another, without its key, does not get through TLS', async () => {
    const { attempts, open } = await start();
    const stolen = { cert: other.cert, key: device.key };
    await expect(open({ ...anyName, ...stolen })).rejects.toThrow();
    expect(attempts).toEqual([]);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is not lost when a session is resumed with a ticket over %s',
    async (version) => {
      const { attempts, open } = await start();
      const options = { ...anyName, minVersion: version, maxVersion: version };
      const first = await open({ ...options, ...device });
      let session: Buffer | undefined = first.getSession();
      // TLS 1.3 sends its tickets after the handshake (RFC 8446 §4.6.1).
      first.on('session', (ticket: Buffer) => {
        session = ticket;
      });
      const client = RawMqtt.over(first);
      expect(await client.connect({ clientId: 'a' })).toBe(0);
      await expect.poll(() => session !== undefined).toBe(true);
      first.destroy();
      // The client presents nothing but the ticket.
      const second = await open({ ...options, session });
      expect(second.isSessionReused()).toBe(true);
      expect(await RawMqtt.over(second).connect({ clientId: 'a' })).toBe(0);
      expect(attempts.map(({ certificate }) => certificate?.subject)).toEqual([
        'CN=acme.press-1',
        'CN=acme.press-1',
      ]);
      expect(attempts[1]?.certificate?.fingerprint256).toBe(
        attempts[0]?.certificate?.fingerprint256,
      );
    },
  );

  test('of a resumed session is the one that was proved, not the one shown beside the ticket', async () => {
    const { attempts, open } = await start();
    const first = await open({ ...anyName, ...device, maxVersion: 'TLSv1.2' });
    expect(await RawMqtt.over(first).connect({ clientId: 'a' })).toBe(0);
    const session = first.getSession();
    first.destroy();
    const second = await open({ ...anyName, ...other, maxVersion: 'TLSv1.2', session });
    expect(await RawMqtt.over(second).connect({ clientId: 'a' })).toBe(0);
    expect(second.isSessionReused()).toBe(true);
    expect(attempts[1]?.certificate?.subject).toBe('CN=acme.press-1');
  });
});
