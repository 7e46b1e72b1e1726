/** What may be changed of a registered device: its description, its secret, its life. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { deviceKey } from '../../model/identifiers.ts';
import type { DirectoryEntry } from '../registry/registry.ts';
import { cardSchema, connectionCard } from './connection-card.ts';
import type { ApiContext } from './context.ts';
import { deviceAnswer, deviceSchema, registered } from './device-answer.ts';
import { entityTag, revisionMeant } from './entity-tag.ts';
import { owners } from './roles.ts';
import { json, route } from './route.ts';
import { deviceParams, word } from './validation.ts';

type Context = Pick<ApiContext, 'registry' | 'onboarding' | 'endpoint'>;

const deviceUpdate = z.strictObject({
  profile: word.optional(),
  district: word.optional(),
  industry: word.optional(),
  gateway: word.nullable().optional().describe('null: none speaks for it any more'),
  serial: word.nullable().optional(),
});

const newSecret = z
  .strictObject({ secret: word.optional().describe('Generated when left out') })
  .nullish();

const lifeBody = z
  .strictObject({ cause: word.optional().describe('Why, for the audit trail') })
  .nullish();

const lifeChanges = {
  suspend: 'Shut a device out until it is resumed; its session ends within a second',
  resume: 'Let a suspended device in again',
  revoke: 'Shut a device out for good; its session ends within a second',
  decommission: 'Take a device out of service for good; its session ends within a second',
} as const;

/** Changes of one device. */
export function deviceChangeRoutes(app: FastifyInstance, context: Context): void {
  updateRoute(app, context);
  secretRoute(app, context);
  for (const event of Object.keys(lifeChanges) as (keyof typeof lifeChanges)[]) {
    lifeRoute(app, context, event);
  }
}

function updateRoute(app: FastifyInstance, { registry, onboarding }: Context): void {
  route(app, {
    method: 'PATCH',
    url: '/api/v1/devices/{key}',
    tag: 'devices',
    summary: 'Change a device; what is left out stays',
    description: 'Its session begins anew when its profile, gateway or place was changed.',
    access: owners('path'),
    ifMatch: true,
    params: deviceParams,
    body: deviceUpdate,
    answers: { 200: json('The device as it is now', deviceSchema) },
    handler: async ({ params, body, identity, request }, reply) => {
      const { enterprise, device } = params.key;
      const before = await registered(registry, params.key);
      const revision = revisionMeant(request, before.revision);
      const after = await registry.update(enterprise, device, body, revision, identity.actor);
      const key = deviceKey(enterprise, device);
      if (mustConnectAnew(before, after)) onboarding.identityChanged([key]);
      else onboarding.directoryChanged([key]);
      reply.header('etag', entityTag(after.revision));
      return deviceAnswer(after, onboarding);
    },
  });
}

/** True when the workers know something of the device that is no longer so. */
function mustConnectAnew(before: DirectoryEntry, after: DirectoryEntry): boolean {
  const known = ['profile', 'district', 'industry', 'gateway'] as const;
  return known.some((field) => (before[field] ?? null) !== (after[field] ?? null));
}

function secretRoute(app: FastifyInstance, context: Context): void {
  const { registry, onboarding } = context;
  route(app, {
    method: 'POST',
    url: '/api/v1/devices/{key}/secret',
    tag: 'devices',
    summary: 'Void the secret of a device, end its session, and give it a new secret',
    access: owners('path'),
    params: deviceParams,
    body: newSecret,
    answers: { 200: json('Its connection card; the password is shown once', cardSchema) },
    handler: async ({ params, body, identity }) => {
      const { enterprise, device } = params.key;
      const credential = await registry.resetSecret(
        enterprise,
        device,
        body?.secret,
        identity.actor,
      );
      onboarding.identityChanged([deviceKey(enterprise, device)]);
      return connectionCard(context, await registered(registry, params.key), credential);
    },
  });
}

function lifeRoute(
  app: FastifyInstance,
  { onboarding }: Context,
  event: keyof typeof lifeChanges,
): void {
  route(app, {
    method: 'POST',
    url: `/api/v1/devices/{key}/${event}`,
    tag: 'devices',
    summary: lifeChanges[event],
    access: owners('path'),
    params: deviceParams,
    body: lifeBody,
    answers: { 200: json('The device as it is now', deviceSchema) },
    handler: async ({ params, body, identity }, reply) => {
      const { actor } = identity;
      const entry = await onboarding.change({
        ...params.key,
        event,
        cause: body?.cause ?? '',
        actor,
      });
      reply.header('etag', entityTag(entry.revision));
      return deviceAnswer(entry, onboarding);
    },
  });
}
