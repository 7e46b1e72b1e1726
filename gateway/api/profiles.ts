/** Device profiles: those built in, and those added while the gateway runs. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { isProfileId } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { DeviceProfile } from '../../model/profile.ts';
import { profileFromDocument } from '../../model/profile-document.ts';
import { utf8Text } from '../registry/imports/import-encoding.ts';
import { readProfileCsv } from '../registry/profile-csv.ts';
import type { ListedProfile } from '../registry/registry.ts';
import type { ApiContext } from './context.ts';
import { type ArrivingBody, arrivingBody, takeStreams } from './request-stream.ts';
import { type Identity, owners, readers } from './roles.ts';
import { json, route } from './route.ts';
import { flag, ownEnterprise, word } from './validation.ts';

const profileParams = z.object({ id: z.string().refine(isProfileId, 'must match [a-z0-9._-]+') });

const newProfileQuery = z.strictObject({
  enterprise: ownEnterprise,
  name: word.optional(),
  label: word.optional(),
  production: flag.optional(),
});

type NewProfileQuery = z.output<typeof newProfileQuery>;

const nameSchema = z.strictObject({ zh: z.string(), en: z.string() });

const shortSchema = z.strictObject({
  id: z.string(),
  name: nameSchema,
  enterprise: z.string().nullable().describe('null: every enterprise may use it'),
  builtIn: z.boolean(),
  production: z.boolean().describe('Its devices are production equipment'),
  signals: z.int(),
});

const listedSchema = z
  .strictObject({
    profile: z.looseObject({
      id: z.string(),
      name: nameSchema,
      production: z.boolean(),
      signals: z.array(z.looseObject({ id: z.string(), type: z.string() })),
    }),
    enterprise: z.string().nullable(),
    builtIn: z.boolean(),
  })
  .meta({ id: 'Profile' });

/** Profiles. An enterprise sees its own and those that every enterprise may use. */
export function profileRoutes(
  app: FastifyInstance,
  context: Pick<ApiContext, 'registry' | 'onboarding'>,
): void {
  const { registry } = context;

  route(app, {
    method: 'GET',
    url: '/api/v1/profiles',
    tag: 'profiles',
    summary: 'All profiles, in short',
    access: readers('common'),
    answers: { 200: json('The profiles', z.strictObject({ items: z.array(shortSchema) })) },
    handler: async ({ identity }) => {
      const profiles = await registry.listProfiles();
      return { items: profiles.filter((listed) => maySee(identity, listed)).map(inShort) };
    },
  });

  route(app, {
    method: 'GET',
    url: '/api/v1/profiles/{id}',
    tag: 'profiles',
    summary: 'One profile with its signals',
    access: readers('common'),
    params: profileParams,
    answers: { 200: json('The profile', listedSchema) },
    handler: async ({ params, identity }) => {
      const { id } = params;
      const found = (await registry.listProfiles()).find(({ profile }) => profile.id === id);
      if (found !== undefined && maySee(identity, found)) return found;
      throw new OnrampError('api.not-found', `profile ${id}`);
    },
  });

  app.register(async (streams) => {
    takeStreams(streams, limits.apiDocumentBytesMax);
    addRoute(streams, context);
  });
}

function addRoute(
  app: FastifyInstance,
  { onboarding, registry }: Pick<ApiContext, 'registry' | 'onboarding'>,
): void {
  route(app, {
    method: 'POST',
    url: '/api/v1/profiles',
    tag: 'profiles',
    summary: 'Add the profile {enterprise}.{name}, or a new version of it',
    description: 'A JSON document may bring its own id; the query says what a CSV cannot.',
    access: owners('query'),
    query: newProfileQuery,
    streams: { 'text/csv': 'A row for each signal', 'application/json': 'A profile' },
    answers: { 201: json('The profile', listedSchema) },
    handler: async ({ query, body, identity }, reply) => {
      const profile = await readProfile(query, arrivingBody(body));
      await registry.addProfile(profile, query.enterprise, identity.actor);
      onboarding.profileChanged(profile.id);
      const added: ListedProfile = { profile, enterprise: query.enterprise, builtIn: false };
      return reply.code(201).send(added);
    },
  });
}

function maySee(identity: Identity, { enterprise }: ListedProfile): boolean {
  return identity.enterprise === null || enterprise === null || enterprise === identity.enterprise;
}

async function readProfile(query: NewProfileQuery, body: ArrivingBody): Promise<DeviceProfile> {
  const { enterprise, name, label, production } = query;
  if (body.format === 'json') {
    const document = await readJson(body.bytes);
    return profileFromDocument(
      withSaid(document, { id: name, name: label, production }),
      enterprise,
    );
  }
  if (name === undefined) throw new OnrampError('api.bad-request', 'query.name: a CSV needs it');
  return readProfileCsv(body.bytes, { id: name, name: label, production }, enterprise);
}

async function readJson(bytes: AsyncIterable<Uint8Array>): Promise<unknown> {
  let text = '';
  for await (const piece of utf8Text(bytes, 'profile.invalid')) text += piece;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new OnrampError('profile.invalid', `not JSON: ${messageOf(error)}`, error);
  }
}

/** The document with what the query says laid over it; what is no document is left to the check. */
function withSaid(document: unknown, said: Readonly<Record<string, unknown>>): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document;
  const given = Object.entries(said).filter(([, value]) => value !== undefined);
  return { ...document, ...Object.fromEntries(given) };
}

function inShort({ profile, enterprise, builtIn }: ListedProfile) {
  const { id, name, production, signals } = profile;
  const published = signals.filter((signal) => !signal.hidden).length;
  return { id, name, enterprise, builtIn, production, signals: published };
}
