/**
 * Injected: very many connections that say nothing. Must hold: whoever has something to ask is
 * answered at once, and whoever is being answered is not cut off.
 */

import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { boundConnections } from '../../../gateway/api/connection-bounds.ts';
import { startApi } from '../../../gateway/api/server.ts';
import { limits } from '../../../model/limits.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ApiWorld, token } from './api-world.ts';

let sockets: Socket[] = [];
beforeEach(() => {
  sockets = [];
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
});

/** A connection that says nothing. */
function idle(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    sockets.push(socket);
    socket.on('error', reject);
    socket.resume();
  });
}

/** Opens connections, some at a time, for the queue of those that are not yet accepted is short. */
async function flood(port: number, count: number): Promise<void> {
  for (let n = 0; n < count; n += 100) {
    await Promise.all(Array.from({ length: 100 }, () => idle(port)));
  }
}

it('a thousand idle connections shut nobody out, and cut nobody off', async () => {
  const world = new ApiWorld();
  const api = await startApi(world.context, { host: '127.0.0.1', port: 0 });
  const live = await fetch(`${api.url}/api/v1/live`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const whole = live.text();
  await flood(api.port, 1200);
  expect(await (await fetch(`${api.url}/healthz`)).json()).toEqual({ alive: true });
  await eventually(() => sockets.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(
    limits.apiConnectionsOfLoopbackMax,
  );
  await world.clock.advanceAsync(1000);
  for (const socket of sockets) socket.destroy();
  await api.close();
  expect(await whole).toContain('event: snapshot');
  await world.close();
});

it('a connection that says nothing is closed within seconds', async () => {
  const world = new ApiWorld();
  const api = await startApi(world.context, { host: '127.0.0.1', port: 0 });
  const socket = await idle(api.port);
  await eventually(() => socket.closed).toBe(true);
  await api.close();
  await world.close();
});

it('one address has so many; on this machine more, so that it can be looked after', async () => {
  for (const [address, max] of [
    ['10.0.0.7', limits.apiConnectionsOfAddressMax],
    ['2001:db8::7', limits.apiConnectionsOfAddressMax],
    ['127.0.0.1', limits.apiConnectionsOfLoopbackMax],
    ['::ffff:127.0.0.1', limits.apiConnectionsOfLoopbackMax],
  ] as const) {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.flushHeaders();
    });
    const accepted: Socket[] = [];
    server.on('connection', (socket) => {
      accepted.push(socket);
      Object.defineProperty(socket, 'remoteAddress', { value: address });
    });
    boundConnections(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await flood(port, max + 100 - (max % 100));
    const open = () => accepted.filter(({ destroyed }) => !destroyed);
    await eventually(() => open().length).toBe(max);
    // The newest stay; those that are being answered stay, and a newcomer finds no place.
    expect(accepted.indexOf(open()[0]!)).toBe(accepted.length - max);
    for (const socket of sockets)
      if (!socket.closed) socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually(() => asked).toBe(max);
    const late = connect(port, '127.0.0.1');
    sockets.push(late);
    expect(await text(late).catch(() => 'cut')).toMatch(/^(cut)?$/);
    expect(open()).toHaveLength(max);
    server.closeAllConnections();
    server.close();
    for (const socket of sockets) socket.destroy();
    sockets = [];
  }
}, 30_000);
