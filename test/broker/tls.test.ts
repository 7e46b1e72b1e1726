/** Client certificates over TLS: what the other side has proved, also when a session is resumed. */

import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectAttempt } from '../../broker/access.ts';
import { FrontDoor } from '../../broker/front-door.ts';
import { openPermissions } from '../../broker/topic-permissions.ts';
import type { Limits } from '../../model/limits.ts';
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

async function start({ connectionsMax = 10, limits = {} as Partial<Limits> } = {}) {
  const attempts: ConnectAttempt[] = [];
  const refused: string[] = [];
  const door = new FrontDoor({
    access: 'open',
    permissions: openPermissions,
    authenticate: async (attempt) => {
      attempts.push(attempt);
      const { clientId: subject } = attempt;
      return { accepted: true, principal: { kind: 'open', enterprise: '', subject } };
    },
    onPublish: (publish) => publish.settle('accept'),
    onRefused: ({ code }) => refused.push(code),
    acceptsSessions: () => true,
    sessionsMax: 10,
    limits,
  });
  const { port, tlsPort } = await door.start({
    hosts: ['127.0.0.1'],
    port: 0,
    tls: { port: 0, ...server },
    reusePort: false,
    connectionsMax,
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
  const openRaw = async (): Promise<RawMqtt> => {
    const client = await RawMqtt.open(tlsPort ?? 0);
    cleanups.push(() => client.close());
    return client;
  };
  return { attempts, open, openRaw, port, refused };
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

describe('a connection without a TLS handshake', () => {
  test('counts from its first moment: no more of them than may be', async () => {
    const { openRaw, port, refused } = await start({ connectionsMax: 5 });
    const idle = await Promise.all(Array.from({ length: 40 }, () => openRaw()));
    await expect.poll(() => idle.filter(({ closed }) => !closed).length).toBe(5);
    expect(refused).toEqual(Array(35).fill('connect.busy'));
    // Plain connections are of the same number.
    const plain = await RawMqtt.open(port);
    await plain.waitForClose();
    for (const { socket } of idle) socket.destroy();
    await expect
      .poll(async () => {
        const client = await RawMqtt.open(port);
        cleanups.push(() => client.close());
        return client.connect({ clientId: 'a' });
      })
      .toBe(0);
  });

  test.each<[string, (client: RawMqtt) => void]>([
    ['says nothing', () => {}],
    ['breaks off', ({ socket }) => socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0]))],
    [
      'goes on byte by byte',
      ({ socket }) => {
        const bytes = setInterval(() => socket.write(Buffer.from([0x16])), 20);
        socket.on('close', () => clearInterval(bytes));
      },
    ],
    ['is no TLS', ({ socket }) => socket.write('GET / HTTP/1.1\r\n\r\n')],
  ])('that %s is closed, and its place is free', async (_what, act) => {
    const { open, openRaw } = await start({
      connectionsMax: 1,
      limits: { tlsHandshakeTimeoutMs: 200 },
    });
    const client = await openRaw();
    act(client);
    await client.waitForClose();
    const next = RawMqtt.over(await open(anyName));
    expect(await next.connect({ clientId: 'a' })).toBe(0);
  });

  test('is not a session that takes its time afterwards', async () => {
    const { open } = await start({ limits: { tlsHandshakeTimeoutMs: 200 } });
    const client = RawMqtt.over(await open(anyName));
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await client.connect({ clientId: 'a' })).toBe(0);
  });
});
