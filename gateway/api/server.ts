/** The API of a running gateway: what listens, and under which names. */

import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { isLoopbackName } from './access.ts';
import { buildApplication } from './application.ts';
import type { ApiContext } from './context.ts';
import { pageRoutes, pagesFolder } from './pages.ts';
import { resources } from './routes.ts';

/** Answers still being written when the gateway stops get this long. */
const closeTimeoutMs = 5000;

/** A listening API. */
export interface Api {
  /** How this machine reaches it. */
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, lets running answers finish for 5 s, and closes. May be called twice. */
  close(): Promise<void>;
}

export interface Listen {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

/**
 * Starts the API.
 * @throws OnrampError `config.port-busy`; `config.invalid` when the address is none of this machine.
 */
export async function startApi(context: ApiContext, listen: Listen): Promise<Api> {
  const { clock } = context;
  const app = buildApi(context, listen.host);
  try {
    await app.listen({ host: listen.host, port: listen.port, exclusive: true });
  } catch (error) {
    await app.close();
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new OnrampError('config.port-busy', `HTTP ${listen.port}`);
    throw new OnrampError('config.invalid', `HTTP cannot listen: ${messageOf(error)}`, error);
  }
  const { port } = app.server.address() as AddressInfo;
  let closed: Promise<void> | null = null;
  return {
    port,
    url: `http://${reachableHost(listen.host)}:${port}`,
    close() {
      closed ??= closeWithin(closeTimeoutMs);
      return closed;
    },
  };

  async function closeWithin(timeoutMs: number): Promise<void> {
    const timer = clock.after(timeoutMs, () => app.server.closeAllConnections());
    await app.close();
    timer.cancel();
  }
}

/** The whole API for a server bound to `host`; `folder` holds the built pages. */
export function buildApi(context: ApiContext, host: string, folder = pagesFolder): FastifyInstance {
  const { publicUrl, logLevel } = context.settings;
  const onLoopback = isLoopbackName(host) || host === '::1';
  return buildApplication({
    context,
    resources,
    pages: (app) => pageRoutes(app, folder),
    // On the network this machine has names that we cannot know.
    hostNames: !onLoopback ? null : publicUrl === undefined ? [] : [new URL(publicUrl).hostname],
    logLevel: logLevel === 'silent' ? 'silent' : 'warn',
  });
}

/** An address that a connection can be made to. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
