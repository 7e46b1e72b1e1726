/** Tokens of this API: issued, listed and revoked by the operator. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { limits } from '../../model/limits.ts';
import { tokenActor } from './authentication.ts';
import type { ApiContext } from './context.ts';
import { operatorOnly } from './roles.ts';
import { json, route } from './route.ts';
import { duration, instant, instantOrNull, withInstants } from './time.ts';
import { pageOf, pageQuery, word } from './validation.ts';

const secondMs = 1000;
const roles = ['operator', 'enterprise', 'viewer'] as const;

const newToken = z.strictObject({
  role: z.enum(roles),
  enterprise: word.nullable().default(null).describe('Needed by the role enterprise'),
  name: z.string().max(limits.textCharsMax).default('').describe('For people'),
  expiresIn: duration(secondMs, limits.tokenLifeMsMax).prefault('90d'),
});

const tokenSchema = z
  .strictObject({
    id: z.string(),
    role: z.enum(roles),
    enterprise: z.string().nullable(),
    name: z.string(),
    ...instant('createdAt'),
    ...instant('expiresAt'),
    ...instantOrNull('revokedAt'),
    ...instantOrNull('lastUsedAt', 'To about a minute'),
  })
  .meta({ id: 'Token' });

const issuedSchema = tokenSchema
  .extend({ token: z.string().describe('Shown once') })
  .meta({ id: 'IssuedToken' });

/** Tokens, all for the operator alone. */
export function tokenRoutes(
  app: FastifyInstance,
  context: Pick<ApiContext, 'clock' | 'registry'>,
): void {
  const { tokens } = context.registry;

  route(app, {
    method: 'GET',
    url: '/api/v1/tokens',
    tag: 'access',
    summary: 'A page of tokens, without their secrets',
    access: operatorOnly,
    query: z.strictObject({ enterprise: word.optional(), ...pageQuery }),
    answers: { 200: json('A page in the order of ids', pageOf(tokenSchema)) },
    handler: async ({ query: { enterprise, ...request } }) => {
      const { items, next } = await tokens.list({ enterprise }, request);
      return { items: items.map(withInstants), next };
    },
  });

  route(app, {
    method: 'POST',
    url: '/api/v1/tokens',
    tag: 'access',
    summary: 'Issue a token',
    access: operatorOnly,
    body: newToken,
    answers: { 201: json('The token', issuedSchema) },
    handler: async ({ body: { expiresIn, ...body }, identity }, reply) => {
      const expiresAtMs = context.clock.nowMs() + expiresIn;
      const { entry, text } = await tokens.issue({ ...body, expiresAtMs }, identity.actor);
      return reply.code(201).send({ ...withInstants(entry), token: text });
    },
  });

  route(app, {
    method: 'POST',
    url: '/api/v1/tokens/{id}/revoke',
    tag: 'access',
    summary: 'Void a token at once, and end what is watched with it',
    access: operatorOnly,
    params: z.object({ id: word }),
    answers: { 200: json('The token', tokenSchema) },
    handler: async ({ params, identity }) => {
      const entry = await tokens.revoke(params.id, identity.actor);
      app.openStreams.endOf(tokenActor(entry.id));
      return withInstants(entry);
    },
  });
}
