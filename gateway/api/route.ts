/** A route, declared once: what it takes, who may use it, what it answers, and what it does. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { errorCodeOf } from '../../model/errors.ts';
import { type Access, confine, type Identity, notFound, withOwn } from './roles.ts';
import { checked, type nothing } from './validation.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Headings of the API's description. */
export type Tag =
  | 'devices'
  | 'enterprises'
  | 'onboarding'
  | 'profiles'
  | 'dead letters'
  | 'access'
  | 'gateway';

/** A successful answer. Each media type with its schema; null where it is a text of its own. */
export interface Answer {
  readonly description: string;
  readonly content: Readonly<Record<string, z.ZodType | null>>;
}

/** What the API's description says of a route. */
export interface Declared {
  readonly method: Method;
  /** Parameters in braces: `/api/v1/devices/{key}`. */
  readonly url: string;
  readonly tag: Tag;
  /** One line. */
  readonly summary: string;
  /** More of it, for whoever needs to know. */
  readonly description?: string;
  /** `open` asks for no token. */
  readonly access: Access | 'open';
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Media types of a body that is read as it arrives, and what each is. */
  readonly streams?: Readonly<Record<string, string>>;
  /** `If-Match` makes the change conditional (RFC 9110 §13.1.1). */
  readonly ifMatch?: boolean;
  readonly answers: Readonly<Record<number, Answer>>;
}

/** The checked parts of a request, confined to what its identity may touch. */
export interface Asked<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  readonly identity: Identity;
  readonly request: FastifyRequest;
}

type Route<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = Declared & {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  handler(asked: Asked<P, Q, B>, reply: FastifyReply): Promise<unknown>;
};

declare module 'fastify' {
  interface FastifyContextConfig {
    declared?: Declared;
  }
  interface FastifyRequest {
    identity: Identity;
  }
}

/** Nobody in particular: who asks a route that is open. */
export const anybody: Identity = {
  role: 'viewer',
  enterprise: null,
  actor: 'anybody',
  expiresAtMs: null,
};

/**
 * Adds a route to `app`. Its handler is called with what was checked against the schemas, and only
 * when the identity may ask; what another enterprise has is as if it were not there.
 */
export function route<
  P extends z.ZodType = typeof nothing,
  Q extends z.ZodType = typeof nothing,
  B extends z.ZodType = z.ZodUnknown,
>(app: FastifyInstance, { handler, ...declared }: Route<P, Q, B>): void {
  const { method, url, access, params, query, body } = declared;
  app.route({
    method,
    url: url.replace(/\{(\w+)\}/g, ':$1'),
    // A head of what never ends would never end.
    exposeHeadRoute: method === 'GET' && !isEndless(declared),
    config: { declared },
    handler: async (request, reply) => {
      const expected = {
        ...(params && { params }),
        ...(query && { query }),
        ...(body && { body }),
      };
      const { identity } = request;
      const sent = access === 'open' ? request : withOwn(access, identity, request);
      const parts = checked<P, Q, B>(sent, expected);
      const confined = access === 'open' ? parts : confine(access, identity, parts);
      try {
        return await handler({ ...confined, identity, request }, reply);
      } catch (error) {
        const inPath = access !== 'open' && access.scope === 'path';
        // In one form, whichever part of the registry missed it.
        if (inPath && errorCodeOf(error) === 'registry.not-found') throw notFound(parts.params);
        throw error;
      }
    },
  });
}

/** A JSON answer. */
export function json(description: string, schema: z.ZodType): Answer {
  return { description, content: { 'application/json': schema } };
}

function isEndless({ answers }: Declared): boolean {
  return Object.values(answers).some(({ content }) => 'text/event-stream' in content);
}
