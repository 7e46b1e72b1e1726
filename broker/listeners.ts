/** TCP and TLS listeners of the front door. */

import type { X509Certificate } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, TLSSocket, type Server as TlsServer } from 'node:tls';
import { OnrampError } from '../model/errors.ts';

export interface ListenOptions {
  /** Addresses to listen on, at least one. */
  readonly hosts: readonly string[];
  /** 0 picks a free port, the same on every address. */
  readonly port: number;
  readonly tls?: { readonly port: number; readonly key: string; readonly cert: string } | undefined;
  /** Several processes share the port (Linux). */
  readonly reusePort: boolean;
  /**
   * Connections of all listeners, from their first moment on; beyond this they are dropped at once:
   * below the descriptor limit.
   */
  readonly connectionsMax: number;
}

export interface ListenerEvents {
  /** Somebody was dropped because there were too many. */
  readonly onDropped: () => void;
  /** Somebody is connected, over TLS with the handshake done. */
  readonly onConnection: (connection: Socket) => void;
}

export interface Listeners {
  readonly port: number;
  readonly tlsPort: number | null;
  close(): Promise<void>;
}

// A connect storm waits for SYN retransmissions when the queue of the kernel is short.
const backlog = 4096;
const tcpKeepAliveMs = 60_000;

/**
 * Opens the listeners. A TLS handshake has `tlsHandshakeTimeoutMs`, however its bytes come.
 * @throws OnrampError `config.port-busy` when a port is taken.
 */
export async function openListeners(
  options: ListenOptions & { readonly tlsHandshakeTimeoutMs: number },
  { onConnection, onDropped }: ListenerEvents,
): Promise<Listeners> {
  const open = new Set<Socket>();
  const accepting = (next: (socket: Socket) => void) => (socket: Socket) => {
    if (open.size >= options.connectionsMax) {
      onDropped();
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, tcpKeepAliveMs);
    next(socket);
  };
  const servers: Server[] = [];
  const { hosts, reusePort } = options;
  const listen = async (server: Server, host: string, port: number): Promise<number> => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        reject(
          error.code === 'EADDRINUSE' || error.code === 'EACCES'
            ? new OnrampError('config.port-busy', `MQTT ${host}:${port}: ${error.code}`)
            : error,
        );
      });
      server.listen({ host, port, backlog, reusePort }, resolve);
    });
    servers.push(server);
    return (server.address() as { port: number }).port;
  };
  const listenOnAll = async (next: (socket: Socket) => void, wanted: number): Promise<number> => {
    let port = wanted;
    for (const host of hosts) port = await listen(createServer(accepting(next)), host, port);
    return port;
  };
  const close = async (): Promise<void> => {
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const socket of open) socket.destroy();
    await Promise.all(closed);
  };
  try {
    const port = await listenOnAll(onConnection, options.port);
    const { tls, tlsHandshakeTimeoutMs } = options;
    if (tls === undefined) return { port, tlsPort: null, close };
    const handshakes = tlsHandshakes(tls, tlsHandshakeTimeoutMs, onConnection);
    // The TLS server itself does not listen: what it does not know yet counts already.
    const onRaw = (socket: Socket) => void handshakes.emit('connection', socket);
    return { port, tlsPort: await listenOnAll(onRaw, tls.port), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Does the handshake on every socket that is emitted as its `connection`. */
function tlsHandshakes(
  { key, cert }: NonNullable<ListenOptions['tls']>,
  handshakeTimeout: number,
  onConnection: (connection: Socket) => void,
): TlsServer {
  const options = {
    ...{ key, cert, handshakeTimeout },
    minVersion: 'TLSv1.2',
    // A client may show a certificate, and must then prove that it holds the key. Who signed it is
    // judged at CONNECT, for each enterprise has authorities of its own.
    requestCert: true,
    rejectUnauthorized: false,
  } as const;
  const server = createTlsServer(options, onConnection);
  // A handshake that failed, or was not done in time: Node leaves the connection open.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

/** The certificate a client showed over TLS, also in the handshake that this one resumes; or null. */
export function clientCertificate(connection: Duplex): X509Certificate | null {
  if (!(connection instanceof TLSSocket)) return null;
  return connection.getPeerX509Certificate() ?? null;
}
