/** Is the process alive, and may devices come? Asked by orchestrators, without a token. */

import type { FastifyInstance } from 'fastify';
import type { GatewayStatus } from '../status.ts';
import type { ApiContext } from './context.ts';
import { isoTime } from './time.ts';

/**
 * - `GET /healthz`: 200 while the process answers.
 * - `GET /readyz`: 200 when devices can connect and what they send is accepted, else 503; `reasons`
 *   says in plain words what is missing. `warnings` says what is wrong without keeping devices away:
 *   a store that is away. Why it is, the summary says to those who have the token.
 */
export function healthRoutes(app: FastifyInstance, context: Pick<ApiContext, 'status'>): void {
  app.get('/healthz', async () => ({ alive: true }));
  app.get('/readyz', async (_request, reply) => {
    const status = context.status();
    const reasons = status.notReady;
    return reply.code(reasons.length === 0 ? 200 : 503).send({
      ready: reasons.length === 0,
      reasons,
      warnings: warnings(status),
    });
  });
}

function warnings({ shipper: { unavailable } }: GatewayStatus): string[] {
  if (unavailable === null) return [];
  const since = isoTime(unavailable.sinceMs);
  return [`The store is away since ${since}: readings are accepted and wait in the journal.`];
}
