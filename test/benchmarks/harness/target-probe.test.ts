/** Targets that are none: each is told in a sentence, within the time a connection has. */

import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { probeTarget } from '../../../benchmarks/harness/target-probe.ts';
import { systemClock } from '../../../model/clock.ts';

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that does `onConnection` with whoever connects; its port. */
async function serve(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  servers.push({
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

function probe(port: number, scheme = 'mqtt'): Promise<void> {
  return probeTarget(`${scheme}://127.0.0.1:${port}`, 300, systemClock);
}

test('any CONNACK will do, also one that refuses', async () => {
  const port = await serve((socket) =>
    socket.once('data', () => socket.write(Buffer.from([0x20, 2, 0, 5]))),
  );
  await expect(probe(port)).resolves.toBeUndefined();
});

test('one that refuses connections', async () => {
  const port = await serve(() => {});
  servers.pop()!.close();
  await expect(probe(port)).rejects.toMatchObject({
    code: 'simulate.target-unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

test('one that takes connections and never answers', async () => {
  const port = await serve((socket) => socket.resume());
  await expect(probe(port)).rejects.toThrow(
    /it takes connections and did not answer CONNECT within 0.3 s/,
  );
});

test('one that never answers a TLS handshake', async () => {
  const port = await serve((socket) => socket.resume());
  await expect(probe(port, 'mqtts')).rejects.toThrow(/no connection came about in time/);
});

test('one that closes', async () => {
  const port = await serve((socket) => socket.once('data', () => socket.end()));
  await expect(probe(port)).rejects.toThrow(/closes them at CONNECT/);
});

test('one that speaks another protocol', async () => {
  const port = await serve((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  );
  await expect(probe(port)).rejects.toThrow(
    /speaks another protocol than MQTT; it said "HTTP\/1.1 400 Bad/,
  );
});
