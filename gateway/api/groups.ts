/** Group keys: one key in the factory, from which every machine's secret is derived. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { GroupEntry } from '../registry/groups.ts';
import type { ApiContext } from './context.ts';
import { owners, readers } from './roles.ts';
import { json, route } from './route.ts';
import { instant, instantOrNull, withInstants } from './time.ts';
import { ownEnterprise, ownedParams, pageOf, pageQuery, word } from './validation.ts';

const newGroup = z.strictObject({
  enterprise: ownEnterprise,
  id: word.optional().describe('Generated when left out'),
  name: word.optional().describe('For people'),
  profile: word.describe('Of the devices it enrols'),
  key: word.optional().describe('Base64 of 32 to 128 bytes; generated when left out'),
  devicesMax: z
    .int()
    .min(1)
    .max(limits.enrolledDevicesMax)
    .default(limits.enrolledDevicesDefault)
    .describe('How many devices it may enrol'),
});

const groupSchema = z
  .strictObject({
    key: z.string().describe('{enterprise}.{id}'),
    enterprise: z.string(),
    id: z.string(),
    name: z.string(),
    profile: z.string(),
    ...instant('createdAt'),
    ...instantOrNull('revokedAt'),
    devicesMax: z.int(),
    devices: z.int().describe('Devices it has enrolled'),
  })
  .meta({ id: 'Group' });

const createdSchema = groupSchema
  .extend({ groupKey: z.string().describe('Base64; shown once') })
  .meta({ id: 'CreatedGroup' });

const revokedSchema = z.strictObject({
  group: groupSchema,
  voided: z.array(z.string()).describe('Keys of devices whose credential is void'),
});

/** Group keys are created, listed and revoked. */
export function groupRoutes(
  app: FastifyInstance,
  context: Pick<ApiContext, 'registry' | 'onboarding'>,
): void {
  const { registry, onboarding } = context;
  const groups = registry.groupKeys;

  route(app, {
    method: 'GET',
    url: '/api/v1/groups',
    tag: 'onboarding',
    summary: 'A page of group keys, without the keys themselves',
    access: readers('list'),
    query: z.strictObject({ enterprise: word.optional(), ...pageQuery }),
    answers: { 200: json('A page in the order of keys', pageOf(groupSchema)) },
    handler: async ({ query: { enterprise, ...request } }) => {
      const { items, next } = await groups.list({ enterprise }, request);
      return { items: items.map(shown), next };
    },
  });

  route(app, {
    method: 'POST',
    url: '/api/v1/groups',
    tag: 'onboarding',
    summary: 'Create a group key',
    access: owners('body'),
    body: newGroup,
    answers: { 201: json('The group', createdSchema) },
    handler: async ({ body, identity }, reply) => {
      const { entry, key } = await groups.create(body, identity.actor);
      return reply.code(201).send({ ...shown(entry), groupKey: key });
    },
  });

  route(app, {
    method: 'POST',
    url: '/api/v1/groups/{key}/revoke',
    tag: 'onboarding',
    summary: 'Void a group key and the credentials derived from it; these devices are suspended',
    access: owners('path'),
    params: ownedParams,
    answers: { 200: json('The group, and whose credentials are void', revokedSchema) },
    handler: async ({ params: { key }, identity }) => {
      const { enterprise, id } = key;
      const { entry, voided: devices } = await groups.revoke(enterprise, id, identity.actor);
      const voided = devices.map((device) => deviceKey(enterprise, device));
      onboarding.identityChanged(voided, 'device.suspended');
      return { group: shown(entry), voided };
    },
  });
}

function shown(group: GroupEntry) {
  return withInstants({ key: deviceKey(group.enterprise, group.id), ...group });
}
