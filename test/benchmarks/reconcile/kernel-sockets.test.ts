/** Connections as the kernel counts them. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { establishedConnections } from '../../../benchmarks/reconcile/kernel-sockets.ts';

test.runIf(process.platform === 'linux')(
  'counts the accepted side of a port, and nothing once they are closed',
  async () => {
    const accepted: Socket[] = [];
    const server = createServer((socket) => accepted.push(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ports = new Set([port]);
    expect(await establishedConnections(ports)).toBe(0);
    const clients = Array.from({ length: 7 }, () => connect({ port, host: '127.0.0.1' }));
    await Promise.all(clients.map((client) => once(client, 'connect')));
    expect(await establishedConnections(ports)).toBe(7);
    for (const client of clients) client.destroy();
    await expect.poll(() => establishedConnections(ports)).toBe(0);
    for (const socket of accepted) socket.destroy();
    server.close();
  },
);
