/**
 * How many connections the API holds open, in all and for one remote address. One too many takes
 * the place of the one that has waited longest, so that idle connections shut nobody out.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { limits } from '../../model/limits.ts';
import { networkOf } from '../fairness/login-backoff.ts';

interface Connections {
  readonly max: number;
  /** On which no request is being answered; the one that has waited longest comes first. */
  readonly idle: Set<Socket>;
  readonly busy: Set<Socket>;
}

/**
 * Bounds the connections of `server`. A new one beyond a bound is closed only where a request is
 * being answered on all others.
 */
export function boundConnections(server: Server): void {
  const all = connections(limits.apiConnectionsMax);
  const byNetwork = new Map<string, Connections>();

  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const loopback = isLoopback(address);
    const network = loopback ? 'loopback' : networkOf(address);
    const ofNetwork =
      byNetwork.get(network) ??
      connections(
        loopback ? limits.apiConnectionsOfLoopbackMax : limits.apiConnectionsOfAddressMax,
      );
    byNetwork.set(network, ofNetwork);
    const both = [ofNetwork, all] as const;
    held.set(socket, both);
    // Before it is counted, so that it is not itself the one that goes.
    for (const each of both) makeRoom(each, socket);
    if (socket.destroyed) return;
    for (const { idle } of both) idle.add(socket);
    socket.once('close', () => {
      for (const { idle, busy } of both) {
        idle.delete(socket);
        busy.delete(socket);
      }
      if (sizeOf(ofNetwork) === 0) byNetwork.delete(network);
    });
  });

  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    move(socket, 'idle', 'busy');
    response.once('close', () => move(socket, 'busy', 'idle'));
  });
}

/** What each connection counts among. */
const held = new WeakMap<Socket, readonly Connections[]>();

function connections(max: number): Connections {
  return { max, idle: new Set(), busy: new Set() };
}

function sizeOf({ busy, idle }: Connections): number {
  return busy.size + idle.size;
}

/** Closes the connection that has waited longest when there is one too many, or else `newcomer`. */
function makeRoom(among: Connections, newcomer: Socket): void {
  if (sizeOf(among) < among.max) return;
  const [oldest] = among.idle;
  for (const { idle } of oldest === undefined ? [] : (held.get(oldest) ?? [])) idle.delete(oldest!);
  (oldest ?? newcomer).destroy();
}

function move(socket: Socket, from: 'idle' | 'busy', to: 'idle' | 'busy'): void {
  for (const each of held.get(socket) ?? []) {
    if (each[from].delete(socket)) each[to].add(socket);
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./i.test(address);
}
