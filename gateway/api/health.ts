/** Is the process alive, and may devices come? Asked by orchestrators, without a token. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { errorTable } from '../../model/errors.ts';
import type { GatewayStatus } from '../status/status.ts';
import type { ApiContext } from './context.ts';
import { json, route } from './route.ts';
import { isoTime } from './time.ts';

const readiness = z.strictObject({
  ready: z.boolean(),
  reasons: z.array(z.string()),
  warnings: z.array(z.string()),
});

/**
 * - `GET /healthz`: 200 while the process answers.
 * - `GET /readyz`: 200 when devices can connect and what they send is accepted, else 503; `reasons`
 *   says in plain words what is missing. `warnings` says what is wrong without keeping devices away:
 *   a store that is away. Why it is, the summary says to those who have the token.
 */
export function healthRoutes(app: FastifyInstance, context: Pick<ApiContext, 'status'>): void {
  route(app, {
    method: 'GET',
    url: '/healthz',
    tag: 'gateway',
    summary: 'Whether the process answers',
    access: 'open',
    answers: { 200: json('It does', z.strictObject({ alive: z.literal(true) })) },
    handler: async () => ({ alive: true }),
  });

  route(app, {
    method: 'GET',
    url: '/readyz',
    tag: 'gateway',
    summary: 'Whether devices may come',
    access: 'open',
    answers: {
      200: json('Devices can connect, and what they send is accepted', readiness),
      503: json('Not now; the reasons in plain words', readiness),
    },
    handler: async (_asked, reply) => {
      const status = context.status();
      const reasons = status.notReady;
      return reply.code(reasons.length === 0 ? 200 : 503).send({
        ready: reasons.length === 0,
        reasons,
        warnings: warnings(status),
      });
    },
  });
}

function warnings({ shipper: { unavailable } }: GatewayStatus): string[] {
  if (unavailable === null) return [];
  const since = isoTime(unavailable.sinceMs);
  const { code } = unavailable;
  const mend = code === undefined ? '' : ` ${code}: ${errorTable[code].en}`;
  return [
    `The store is away since ${since}: readings are accepted and wait in the journal.${mend}`,
  ];
}
