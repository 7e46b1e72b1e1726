/** Claims: credentials that a batch of machines shares, good for nothing but getting its own. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { claimCredentials } from '../../model/dialects/native-provisioning.ts';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { ClaimEntry } from '../registry/claims.ts';
import type { ApiContext } from './context.ts';
import { owners, readers } from './roles.ts';
import { json, route } from './route.ts';
import { duration, instant, instantOrNull, withInstants } from './time.ts';
import { ownEnterprise, ownedParams, pageOf, pageQuery, word } from './validation.ts';

const secondMs = 1000;
/** A claim that is good for longer is no claim but a second password. */
const lifeMsMax = 366 * 86_400 * secondMs;

export const claimLife = duration(secondMs, lifeMsMax);

const serials = z.array(word).max(limits.claimSerialsMax);

const newClaim = z.strictObject({
  enterprise: ownEnterprise,
  id: word.optional().describe('Generated when left out'),
  name: word.optional().describe('For people'),
  expiresIn: claimLife.prefault('7d'),
  devicesMax: z.int().min(1).max(limits.claimDevicesMax).describe('How many it may provision'),
  profile: word.optional().describe('Of devices that do not say theirs'),
  serials: serials
    .optional()
    .describe(
      'Only these may claim; when left out, any but those of devices registered with a secret',
    ),
  secret: word.optional().describe('Generated when left out'),
});

const claimSchema = z
  .strictObject({
    key: z.string().describe('{enterprise}.{id}'),
    enterprise: z.string(),
    id: z.string(),
    name: z.string(),
    ...instant('createdAt'),
    ...instant('expiresAt'),
    devicesMax: z.int(),
    devices: z.int().describe('Devices it has provisioned'),
    profile: z.string().nullable(),
    serials: z.int().nullable().describe('Length of the list; null when it has none'),
    ...instantOrNull('revokedAt'),
  })
  .meta({ id: 'Claim' });

const issuedSchema = claimSchema
  .extend({
    secret: z.string().describe('Shown once'),
    clientId: z.string().describe('What a machine connects with; it fills in {serial}'),
    username: z.string(),
  })
  .meta({ id: 'IssuedClaim' });

type Context = Pick<ApiContext, 'clock' | 'registry'>;

/** Claims are issued, shown, given more serials, and revoked. */
export function claimRoutes(app: FastifyInstance, context: Context): void {
  readRoutes(app, context);
  issueRoute(app, context);
  changeRoutes(app, context);
}

function readRoutes(app: FastifyInstance, { registry: { claims } }: Context): void {
  route(app, {
    method: 'GET',
    url: '/api/v1/claims',
    tag: 'onboarding',
    summary: 'A page of claims, without their secrets',
    access: readers('list'),
    query: z.strictObject({ enterprise: word.optional(), ...pageQuery }),
    answers: { 200: json('A page in the order of keys', pageOf(claimSchema)) },
    handler: async ({ query: { enterprise, ...request } }) => {
      const { items, next } = await claims.list({ enterprise }, request);
      return { items: items.map(shown), next };
    },
  });

  route(app, {
    method: 'GET',
    url: '/api/v1/claims/{key}',
    tag: 'onboarding',
    summary: 'One claim',
    access: readers('path'),
    params: ownedParams,
    answers: { 200: json('The claim', claimSchema) },
    handler: async ({ params: { key } }) =>
      shown(await known(key, claims.get(key.enterprise, key.id))),
  });
}

function issueRoute(app: FastifyInstance, { clock, registry: { claims } }: Context): void {
  route(app, {
    method: 'POST',
    url: '/api/v1/claims',
    tag: 'onboarding',
    summary: 'Issue a claim',
    access: owners('body'),
    body: newClaim,
    answers: { 201: json('The claim', issuedSchema) },
    handler: async ({ body: { expiresIn, ...body }, identity }, reply) => {
      const claim = { ...body, expiresAtMs: clock.nowMs() + expiresIn };
      const { entry, secret } = await claims.issue(claim, identity.actor);
      const { clientId, username } = claimCredentials(
        entry.enterprise,
        '{serial}',
        entry.id,
        secret,
      );
      return reply.code(201).send({ ...shown(entry), secret, clientId, username });
    },
  });
}

function changeRoutes(app: FastifyInstance, { registry: { claims } }: Context): void {
  route(app, {
    method: 'POST',
    url: '/api/v1/claims/{key}/revoke',
    tag: 'onboarding',
    summary: 'Void a claim at once; devices that have their own credential keep it',
    access: owners('path'),
    params: ownedParams,
    answers: { 200: json('The claim', claimSchema) },
    handler: async ({ params: { key }, identity }) =>
      shown(await claims.revoke(key.enterprise, key.id, identity.actor)),
  });

  route(app, {
    method: 'POST',
    url: '/api/v1/claims/{key}/serials',
    tag: 'onboarding',
    summary: 'Add serials to the list of a claim that has one',
    access: owners('path'),
    params: ownedParams,
    body: z.strictObject({ serials }),
    answers: { 200: json('The claim', claimSchema) },
    handler: async ({ params: { key }, body, identity }) => {
      const { enterprise, id } = key;
      const claim = await known(key, claims.get(enterprise, id));
      if (claim.serials === null) {
        throw new OnrampError('api.bad-request', 'any serial may use this claim');
      }
      return shown(await claims.addSerials(enterprise, id, body.serials, identity.actor));
    },
  });
}

function shown(claim: ClaimEntry) {
  return withInstants({ key: deviceKey(claim.enterprise, claim.id), ...claim });
}

async function known(
  { enterprise, id }: { readonly enterprise: string; readonly id: string },
  found: Promise<ClaimEntry | null>,
): Promise<ClaimEntry> {
  const claim = await found;
  if (claim === null) throw new OnrampError('registry.not-found', deviceKey(enterprise, id));
  return claim;
}
