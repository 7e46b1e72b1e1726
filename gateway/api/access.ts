/** The names this gateway goes by. */

import type { FastifyInstance } from 'fastify';
import { OnrampError } from '../../model/errors.ts';

/**
 * Refuses, with `api.wrong-host`, requests whose Host header is neither loopback nor one of
 * `names`: a web page can make its own name resolve to 127.0.0.1 (DNS rebinding), but it cannot
 * make a browser send another name.
 */
export function requireKnownHost(app: FastifyInstance, names: readonly string[]): void {
  const known = new Set(names.map((name) => name.toLowerCase()));
  app.addHook('onRequest', async (request) => {
    const name = hostName(request.headers.host);
    if (name !== null && (isLoopbackName(name) || known.has(name))) return;
    throw new OnrampError('api.wrong-host');
  });
}

/** True for localhost, 127.0.0.0/8 and ::1 (in brackets, as URLs write it). */
export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);
}

/** The name in a Host header, without the port. */
function hostName(header: string | undefined): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(header ?? '');
  return match?.[1]?.toLowerCase() ?? null;
}
