/** The directory's devices and gateways: find and register. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { deviceKey } from '../../model/identifiers.ts';
import { cardSchema, connectionCard } from './connection-card.ts';
import type { ApiContext } from './context.ts';
import { deviceAnswer, deviceFilter, deviceSchema, registered } from './device-answer.ts';
import { entityTag } from './entity-tag.ts';
import { owners, readers } from './roles.ts';
import { json, route } from './route.ts';
import { deviceParams, ownEnterprise, pageOf, pageQuery, word } from './validation.ts';

const listQuery = z.strictObject({ ...deviceFilter, ...pageQuery });

const newDevice = z.strictObject({
  enterprise: ownEnterprise,
  device: word,
  kind: z.enum(['device', 'gateway']).optional(),
  profile: word.optional().describe('Needed by devices'),
  district: word.optional(),
  industry: word.optional(),
  gateway: word.optional(),
  serial: word.optional(),
  secret: word.optional().describe('Generated when left out'),
  again: z
    .boolean()
    .optional()
    .describe('Registers anew what was revoked, decommissioned, rejected or has expired'),
});

/** Finds, shows and registers devices. A list is in the order of keys. */
export function deviceRoutes(
  app: FastifyInstance,
  context: Pick<ApiContext, 'registry' | 'onboarding' | 'endpoint'>,
): void {
  const { registry, onboarding } = context;

  route(app, {
    method: 'GET',
    url: '/api/v1/devices',
    tag: 'devices',
    summary: 'A page of devices and gateways',
    access: readers('list'),
    query: listQuery,
    answers: { 200: json('A page in the order of ids', pageOf(deviceSchema)) },
    handler: async ({ query }) => {
      const { after, limit, ...filter } = query;
      const page = await registry.list(filter, { after, limit });
      return {
        items: page.items.map((entry) => deviceAnswer(entry, onboarding)),
        next: page.next,
      };
    },
  });

  route(app, {
    method: 'GET',
    url: '/api/v1/devices/{key}',
    tag: 'devices',
    summary: 'One device or gateway; its ETag goes into If-Match',
    access: readers('path'),
    params: deviceParams,
    answers: { 200: json('The device', deviceSchema) },
    handler: async ({ params }, reply) => {
      const entry = await registered(registry, params.key);
      reply.header('etag', entityTag(entry.revision));
      return deviceAnswer(entry, onboarding);
    },
  });

  route(app, {
    method: 'POST',
    url: '/api/v1/devices',
    tag: 'devices',
    summary: 'Register a device or gateway, and its enterprise when that is new',
    access: owners('body'),
    body: newDevice,
    answers: { 201: json('Its connection card; the password is shown once', cardSchema) },
    handler: async ({ body, identity }, reply) => {
      const credential = await registry.add(body, identity.actor);
      const key = deviceKey(body.enterprise, body.device);
      if (body.again) onboarding.identityChanged([key]);
      else onboarding.directoryChanged([key]);
      const entry = await registered(registry, credential);
      return reply.code(201).send(await connectionCard(context, entry, credential));
    },
  });
}
