/** The directory's enterprises, and the bounds set for them. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { RegisteredEnterprise, Registry } from '../registry/registry.ts';
import type { ApiContext } from './context.ts';
import { entityTag, revisionMeant } from './entity-tag.ts';
import { placeSchema } from './place-counts.ts';
import { type Identity, operatorOnly, readers } from './roles.ts';
import { json, route } from './route.ts';
import { instant, withInstants } from './time.ts';
import { enterpriseParams, pageOf, pageQuery, word } from './validation.ts';

const limitsSchema = z.strictObject({
  sessionsMax: z.int().min(1).max(limits.enterpriseSessionsMax).nullable(),
  messagesPerSecondMax: z.int().min(1).max(limits.enterpriseMessagesPerSecondMax).nullable(),
});

const description = {
  name: z.strictObject({ zh: word, en: word }).optional(),
  district: word.optional(),
  park: word.optional(),
  industry: word.optional().describe('Two digits of GB/T 4754'),
  sizeClass: word.optional(),
  platform: word.optional(),
  limits: limitsSchema.partial().optional().describe("null: the gateway's setting holds"),
};

const enterpriseSchema = z
  .strictObject({
    id: z.string(),
    name: z.strictObject({ zh: z.string(), en: z.string() }),
    district: z.string(),
    park: z.string().nullable(),
    industry: z.string(),
    sizeClass: z.string().nullable(),
    platform: z.string().nullable(),
    ...instant('createdAt'),
    limits: limitsSchema.optional().describe('Not shown to the enterprise'),
    devices: z.int().describe('Registered devices, gateways not counted'),
    revision: z.int(),
  })
  .meta({ id: 'Enterprise' });

const countedSchema = enterpriseSchema
  .extend({ counts: placeSchema.nullable() })
  .meta({ id: 'CountedEnterprise' });

type Context = Pick<ApiContext, 'registry' | 'onboarding'>;

/** Finds, shows, adds and describes enterprises. */
export function enterpriseRoutes(app: FastifyInstance, context: Context): void {
  readRoutes(app, context);
  addRoute(app, context);
  putRoute(app, context);
}

function readRoutes(app: FastifyInstance, { registry, onboarding }: Context): void {
  route(app, {
    method: 'GET',
    url: '/api/v1/enterprises',
    tag: 'enterprises',
    summary: 'A page of enterprises',
    access: readers('list'),
    query: z.strictObject({
      enterprise: word.optional().describe('This one alone'),
      district: word.optional(),
      text: word.optional().describe('Part of the id or the name; case is ignored'),
      ...pageQuery,
    }),
    answers: { 200: json('A page in the order of ids', pageOf(enterpriseSchema)) },
    handler: async ({ query, identity }) => {
      const { enterprise, after, limit, ...filter } = query;
      if (enterprise !== undefined) {
        const found = await registry.enterprise(enterprise);
        return { items: found === null ? [] : [shown(found, identity)], next: null };
      }
      const page = await registry.listEnterprises(filter, { after, limit });
      return { items: page.items.map((each) => shown(each, identity)), next: page.next };
    },
  });

  route(app, {
    method: 'GET',
    url: '/api/v1/enterprises/{enterprise}',
    tag: 'enterprises',
    summary: 'One enterprise with its counts; its ETag goes into If-Match',
    access: readers('path'),
    params: enterpriseParams,
    answers: { 200: json('The enterprise', countedSchema) },
    handler: async ({ params: { enterprise }, identity }, reply) => {
      const found = await known(registry, enterprise);
      reply.header('etag', entityTag(found.revision));
      return { ...shown(found, identity), counts: onboarding.countsOf(enterprise) };
    },
  });
}

function addRoute(app: FastifyInstance, { registry, onboarding }: Context): void {
  route(app, {
    method: 'POST',
    url: '/api/v1/enterprises',
    tag: 'enterprises',
    summary: 'Add an enterprise',
    access: operatorOnly,
    body: z.strictObject({ id: word, ...description }),
    answers: { 201: json('The enterprise', enterpriseSchema) },
    handler: async ({ body, identity }, reply) => {
      if ((await registry.enterprise(body.id)) !== null) {
        throw new OnrampError('registry.exists', body.id);
      }
      const added = await registry.addEnterprise(body, null, identity.actor);
      if (body.limits !== undefined) onboarding.limitsChanged(added.id);
      reply.header('etag', entityTag(added.revision));
      return reply.code(201).send(shown(added, identity));
    },
  });
}

function putRoute(app: FastifyInstance, { registry, onboarding }: Context): void {
  route(app, {
    method: 'PUT',
    url: '/api/v1/enterprises/{enterprise}',
    tag: 'enterprises',
    summary: 'Describe an enterprise, or set its limits; what is left out stays',
    access: operatorOnly,
    ifMatch: true,
    params: enterpriseParams,
    body: z.strictObject(description),
    answers: {
      200: json('The enterprise as it is now', enterpriseSchema),
      201: json('It was not there before', enterpriseSchema),
    },
    handler: async ({ params, body, identity, request }, reply) => {
      const id = params.enterprise;
      const before = await registry.enterprise(id);
      const revision = revisionMeant(request, before?.revision ?? null);
      const after = await registry.addEnterprise({ id, ...body }, revision, identity.actor);
      if (body.limits !== undefined) onboarding.limitsChanged(id);
      reply.header('etag', entityTag(after.revision));
      return reply.code(before === null ? 201 : 200).send(shown(after, identity));
    },
  });
}

/** Its limits are between the operator and whoever may see everything. */
function shown(enterprise: RegisteredEnterprise, identity: Identity) {
  if (identity.enterprise === null) return withInstants(enterprise);
  const { limits: _, ...rest } = enterprise;
  return withInstants(rest);
}

async function known(registry: Registry, id: string): Promise<RegisteredEnterprise> {
  const found = await registry.enterprise(id);
  if (found === null) throw new OnrampError('registry.not-found', id);
  return found;
}
