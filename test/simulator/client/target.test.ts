import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  isLoopback,
  parseTarget,
  resolveTarget,
  type TargetOptions,
} from '../../../simulator/client/target.ts';
import { eventually } from '../../helpers/eventually.ts';
import { obliging, ScriptedMqttServer } from '../../helpers/scripted-mqtt-server.ts';
import { ClientHarness } from './client-harness.ts';

describe('parseTarget', () => {
  it.each([
    ['mqtt://127.0.0.1', { tls: false, host: '127.0.0.1', port: 1883 }],
    ['mqtt://example.com:2000/', { tls: false, host: 'example.com', port: 2000 }],
    ['mqtts://example.com', { tls: true, host: 'example.com', port: 8883 }],
    ['mqtts://[::1]:99', { tls: true, host: '::1', port: 99 }],
  ])('reads %s', (url, expected) => expect(parseTarget(url)).toEqual(expected));

  it.each([
    'http://127.0.0.1',
    'mqtt://',
    '127.0.0.1:1883',
    'mqtt://user:secret@127.0.0.1',
    'mqtt://127.0.0.1/path',
    'mqtt://127.0.0.1?x=1',
    'mqtt://127.0.0.1:99999',
    'ws://127.0.0.1',
  ])('refuses %s', (url) => expect(parseTarget(url)).toBeNull());
});

describe('isLoopback', () => {
  it.each(['localhost', '127.0.0.1', '127.9.8.7', '::1'])('%s', (host) =>
    expect(isLoopback(host)).toBe(true),
  );
  it.each(['128.0.0.1', '10.0.0.1', 'example.com', '::2', '0.0.0.0', 'localhost.example.com'])(
    'not %s',
    (host) => expect(isLoopback(host)).toBe(false),
  );
});

describe('resolveTarget', () => {
  it('says that a name does not exist', async () => {
    await expect(resolveTarget({ url: 'mqtt://no-such-host.invalid' })).rejects.toMatchObject({
      code: 'simulate.target-unreachable',
    });
  });

  it.each<[string, TargetOptions]>([
    ['not an MQTT URL', { url: 'http://127.0.0.1' }],
    ['insecure on another machine', { url: 'mqtts://10.0.0.1', insecure: true }],
    ['loopback addresses of another machine', { url: 'mqtt://10.0.0.1', loopbackAddresses: 4 }],
  ])('refuses %s', async (_, options) => {
    await expect(resolveTarget(options)).rejects.toMatchObject({ code: 'config.invalid' });
  });

  it('spreads connections over loopback addresses and local addresses', async () => {
    const server = await ScriptedMqttServer.start();
    const target = await resolveTarget({
      url: `mqtt://127.0.0.1:${server.port}`,
      loopbackAddresses: 3,
      sourceAddresses: ['127.0.0.1', '127.0.0.9'],
    });
    const sockets = [0, 1, 2, 3].map((index) =>
      target.open(index, { buffer: new Uint8Array(64), callback: () => true }),
    );
    await eventually(() => server.connections.length).toBe(4);
    await eventually(() => sockets.map((socket) => socket.remoteAddress)).toEqual([
      '127.0.0.1',
      '127.0.0.2',
      '127.0.0.3',
      '127.0.0.1',
    ]);
    expect(sockets.map((socket) => socket.localAddress)).toEqual([
      '127.0.0.1',
      '127.0.0.9',
      '127.0.0.1',
      '127.0.0.9',
    ]);
    await server.stop();
  });
});

describe('TLS', () => {
  let server: ScriptedMqttServer;
  let cert: string;
  let other: string;

  beforeAll(async () => {
    const made = await certificate();
    cert = made.cert;
    other = (await certificate()).cert;
    server = await ScriptedMqttServer.start(obliging, { key: made.private, cert });
  });
  afterAll(() => server.stop());

  const connect = async (options: Omit<TargetOptions, 'url'>, host = 'localhost') => {
    const harness = await ClientHarness.create({
      url: `mqtts://${host}:${server.port}`,
      ...options,
    });
    harness.client.connect();
    return harness;
  };
  const fingerprintOf = (pem: string) => new X509Certificate(pem).fingerprint256;

  it.each<[string, () => Omit<TargetOptions, 'url'>, string]>([
    ['its authority is trusted', () => ({ ca: cert }), 'localhost'],
    ['… and it names the address', () => ({ ca: cert }), '127.0.0.1'],
    ['… spread over addresses', () => ({ ca: cert, loopbackAddresses: 2 }), '127.0.0.1'],
    ['its fingerprint is pinned', () => ({ fingerprint: fingerprintOf(cert) }), 'localhost'],
    [
      '… written without colons',
      () => ({ fingerprint: fingerprintOf(cert).replaceAll(':', '').toLowerCase() }),
      'localhost',
    ],
    ['nothing is checked', () => ({ insecure: true }), '127.0.0.1'],
  ])('accepts the server when %s', async (_, options, host) => {
    const harness = await connect(options(), host);
    await eventually(() => harness.connected).toBe(1);
    for (let seq = 1; seq <= 40; seq++) {
      harness.publish(seq, 1, 'x'.repeat(seq * 100));
      await eventually(() => harness.delivered.length).toBe(seq);
    }
    harness.client.disconnect();
    expect(await harness.ended()).toBeNull();
  });

  it.each<[string, () => Omit<TargetOptions, 'url'>, string]>([
    ['nobody vouches for it', () => ({}), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['another authority is trusted', () => ({ ca: other }), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [
      'another fingerprint is pinned',
      () => ({ fingerprint: fingerprintOf(other) }),
      'fingerprint-mismatch',
    ],
  ])('refuses the server when %s, before it has seen a password', async (_, options, code) => {
    const before = server.received.length;
    const harness = await connect(options());
    expect(await harness.ended()).toEqual({ stage: 'tls', code });
    expect(server.received.length).toBe(before);
  });

  it('refuses a certificate for another name', async () => {
    const harness = await connect({ ca: cert, loopbackAddresses: 2 }, '127.0.0.1');
    await eventually(() => harness.connected).toBe(1);
    const elsewhere = await ClientHarness.create({
      url: `mqtts://127.0.0.5:${server.port}`,
      ca: cert,
    });
    elsewhere.client.connect();
    expect(await elsewhere.ended()).toEqual({
      stage: 'tls',
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  it('classifies a server that speaks no TLS', async () => {
    const plain = createServer((socket) => {
      socket.on('error', () => undefined).end('not TLS at all');
    });
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as AddressInfo;
    const url = `mqtts://127.0.0.1:${port}`;
    const harness = await ClientHarness.create({ url, insecure: true });
    harness.client.connect();
    expect(await harness.ended()).toMatchObject({ stage: 'tls' });
    plain.close();
  });
});

function certificate() {
  return generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: false },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
}
