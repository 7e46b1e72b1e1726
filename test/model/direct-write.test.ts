import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { descriptorOf, noDescriptor, writeFrame } from '../../model/direct-write.ts';
import { resolveTarget } from '../../simulator/client/target.ts';
import { eventually } from '../helpers/eventually.ts';

/** What each connection has sent. */
let accepted: { socket: Socket; chunks: Buffer[] }[];
let server: Server;
let sockets: Socket[];

beforeEach(async () => {
  accepted = [];
  sockets = [];
  server = createServer((socket) => {
    const chunks: Buffer[] = [];
    accepted.push({ socket, chunks });
    socket.on('data', (bytes) => chunks.push(bytes)).on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  for (const socket of [...sockets, ...accepted.map(({ socket }) => socket)]) socket.destroy();
  server.close();
  await once(server, 'close');
});

async function open(): Promise<Socket> {
  const before = accepted.length;
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  await eventually(() => accepted.length).toBe(before + 1);
  return socket;
}

const received = (connection: number): string =>
  Buffer.concat(accepted[connection]!.chunks).toString('latin1');

it('writes at once, without the stream', async () => {
  const socket = await open();
  const descriptor = descriptorOf(socket);
  expect(descriptor).toBeGreaterThan(noDescriptor);
  writeFrame(socket, descriptor, Buffer.from('one '));
  writeFrame(socket, descriptor, Buffer.from('two'));
  expect(socket.bytesWritten).toBe(0);
  await eventually(() => received(0)).toBe('one two');
});

it('keeps every byte in its place while the receiver is slow, whatever the sizes', async () => {
  const socket = await open();
  const descriptor = descriptorOf(socket);
  accepted[0]!.socket.pause();
  let sent = '';
  for (let i = 0; sent.length < 8_000_000; i++) {
    const frame = `<${i}:${'x'.repeat((i * 7919) % 60_000)}>`;
    sent += frame;
    writeFrame(socket, descriptor, Buffer.from(frame, 'latin1'));
    if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(socket.writableLength).toBeGreaterThan(0);
  accepted[0]!.socket.resume();
  await eventually(() => received(0).length).toBe(sent.length);
  expect(received(0)).toBe(sent);
  expect(socket.writableLength).toBe(0);
  writeFrame(socket, descriptor, Buffer.from('end'));
  await eventually(() => received(0).slice(sent.length)).toBe('end');
});

it('never writes to whoever got the descriptor of a socket that is gone', async () => {
  const gone = await open();
  const descriptor = descriptorOf(gone);
  gone.on('error', () => undefined).destroy();
  await once(gone, 'close');
  const next = await open();
  expect(descriptorOf(next)).toBe(descriptor);
  writeFrame(gone, descriptor, Buffer.from('lost'));
  writeFrame(next, descriptor, Buffer.from('mine'));
  await eventually(() => received(1)).toBe('mine');
});

it('leaves the errors of the connection to the stream', async () => {
  const socket = await open();
  const descriptor = descriptorOf(socket);
  const failure = once(socket, 'error');
  accepted[0]!.socket.resetAndDestroy();
  const writing = setInterval(() => writeFrame(socket, descriptor, Buffer.from('more')), 1);
  const [error] = await failure.finally(() => clearInterval(writing));
  expect(['EPIPE', 'ECONNRESET']).toContain(error.code);
});

it('does not pass by the encryption of a TLS socket', async () => {
  const { port } = server.address() as AddressInfo;
  const target = await resolveTarget({ url: `mqtts://127.0.0.1:${port}` });
  const buffer = new Uint8Array(1024);
  const socket = target.open(0, { buffer, callback: () => true });
  sockets.push(socket.on('error', () => undefined));
  await eventually(() => accepted.length).toBe(1);
  expect(descriptorOf(socket)).toBe(noDescriptor);
});
