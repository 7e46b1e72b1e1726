/** Is the process alive, and may devices come? Asked by orchestrators, without a token. */

import type { FastifyInstance } from 'fastify';
import type { ApiContext } from './context.ts';

/**
 * - `GET /healthz`: 200 while the process answers.
 * - `GET /readyz`: 200 when devices can connect and their readings are stored, else 503; `reasons`
 *   says in plain words what is missing.
 */
export function healthRoutes(app: FastifyInstance, context: Pick<ApiContext, 'status'>): void {
  app.get('/healthz', async () => ({ alive: true }));
  app.get('/readyz', async (_request, reply) => {
    const reasons = context.status().notReady;
    return reply.code(reasons.length === 0 ? 200 : 503).send({
      ready: reasons.length === 0,
      reasons,
    });
  });
}
