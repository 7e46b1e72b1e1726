/** Opening connections, with an end to waiting. */

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock } from '../../model/clock.ts';
import { classify } from '../client/failure.ts';

/** What opening came to; `failure` is a word of client/failure.ts or the system's code. */
export type Opened<S> = { readonly socket: S } | { readonly failure: string };

export interface Endpoint {
  readonly clock: Clock;
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** Opens a connection. */
export function openTcp({ address, port, ...wait }: Endpoint): Promise<Opened<Socket>> {
  const socket = connectTcp({ host: address, port, noDelay: true });
  return opened(socket, 'connect', wait);
}

export interface TlsEndpoint extends Endpoint {
  /** The name in the URL, for the server to choose its certificate by. */
  readonly host: string;
  /** PEM of authorities; the system's when null. */
  readonly ca: string | null;
}

/** Opens a connection with TLS whatever certificate the server shows: the caller judges it. */
export function openTls({ address, port, host, ca, ...wait }: TlsEndpoint) {
  const socket = connectTls({
    ...{ host: address, port, rejectUnauthorized: false },
    ...(ca !== null && { ca }),
    ...(isIP(host) === 0 && { servername: host }),
    // The caller compares names itself, so that a wrong one does not hide what else is wrong.
    checkServerIdentity: () => undefined,
  });
  return opened<TLSSocket>(socket, 'secureConnect', wait);
}

function opened<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<Opened<S>> {
  return new Promise((resolve) => {
    const settle = (outcome: Opened<S>): void => {
      timer.cancel();
      if ('failure' in outcome) socket.destroy();
      resolve(outcome);
    };
    const timer = clock.after(timeoutMs, () => settle({ failure: 'timeout' }));
    socket.once(event, () => settle({ socket }));
    // Stays on, so that a socket that fails later does not end the process.
    socket.on('error', (error) => settle({ failure: classify('tcp', error).code }));
    socket.once('close', () => settle({ failure: 'closed' }));
  });
}
