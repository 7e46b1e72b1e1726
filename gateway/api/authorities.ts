/** Certificate authorities of enterprises, which sign the client certificates of their devices. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { AuthorityEntry } from '../registry/authorities.ts';
import type { ApiContext } from './context.ts';
import { owners, readers } from './roles.ts';
import { json, route } from './route.ts';
import { instant, instantOrNull, withInstants } from './time.ts';
import { ownEnterprise, ownedParams, pageOf, pageQuery, word } from './validation.ts';

const newAuthority = z.strictObject({
  enterprise: ownEnterprise,
  certificate: z.string().min(1).max(limits.certificateCharsMax).describe('PEM of one CA'),
  name: word.optional().describe('For people'),
  profile: word
    .optional()
    .describe('Of unknown devices it vouches for; without it only registered ones are let in'),
  devicesMax: z
    .int()
    .min(1)
    .max(limits.enrolledDevicesMax)
    .default(limits.enrolledDevicesDefault)
    .describe('How many unknown devices it may vouch for'),
});

const authoritySchema = z
  .strictObject({
    key: z.string().describe('{enterprise}.{fingerprint}'),
    enterprise: z.string(),
    fingerprint: z.string().describe('SHA-256, hexadecimal'),
    name: z.string(),
    subject: z.string(),
    ...instant('notBefore'),
    ...instant('notAfter'),
    profile: z.string().nullable(),
    ...instant('createdAt'),
    ...instantOrNull('revokedAt'),
    devicesMax: z.int().nullable().describe('Null when it vouches for no unknown devices'),
    devices: z.int().describe('Unknown devices it has vouched for'),
  })
  .meta({ id: 'Authority' });

const revokedSchema = z.strictObject({
  authority: authoritySchema,
  devices: z.array(z.string()).describe('Keys of devices known by its certificates'),
});

/** Authorities are trusted, listed and revoked. */
export function authorityRoutes(
  app: FastifyInstance,
  context: Pick<ApiContext, 'registry' | 'onboarding'>,
): void {
  const { registry, onboarding } = context;

  route(app, {
    method: 'GET',
    url: '/api/v1/authorities',
    tag: 'onboarding',
    summary: 'A page of certificate authorities',
    access: readers('list'),
    query: z.strictObject({ enterprise: word.optional(), ...pageQuery }),
    answers: { 200: json('A page in the order of keys', pageOf(authoritySchema)) },
    handler: async ({ query: { enterprise, ...request } }) => {
      const { items, next } = await registry.trust.list({ enterprise }, request);
      return { items: items.map(shown), next };
    },
  });

  route(app, {
    method: 'POST',
    url: '/api/v1/authorities',
    tag: 'onboarding',
    summary: 'Trust a certificate authority for the devices of one enterprise',
    access: owners('body'),
    body: newAuthority,
    answers: { 201: json('The authority', authoritySchema) },
    handler: async ({ body, identity }, reply) =>
      reply.code(201).send(shown(await registry.trust.add(body, identity.actor))),
  });

  route(app, {
    method: 'POST',
    url: '/api/v1/authorities/{key}/revoke',
    tag: 'onboarding',
    summary: 'Trust an authority no more; the devices known by it are suspended',
    access: owners('path'),
    params: ownedParams,
    answers: { 200: json('The authority, and the devices known by it', revokedSchema) },
    handler: async ({ params: { key }, identity }) => {
      const { enterprise, id } = key;
      const { entry, devices: known } = await registry.trust.revoke(enterprise, id, identity.actor);
      const devices = known.map((device) => deviceKey(enterprise, device));
      onboarding.identityChanged(devices, 'device.suspended');
      return { authority: shown(entry), devices };
    },
  });
}

function shown(authority: AuthorityEntry) {
  return withInstants({
    key: deviceKey(authority.enterprise, authority.fingerprint),
    ...authority,
  });
}
