/** Device profiles: those built in, and those added while the gateway runs. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { isProfileId } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { DeviceProfile } from '../../model/profile.ts';
import { profileFromDocument } from '../../model/profile-document.ts';
import { utf8Text } from '../registry/csv-text.ts';
import { readProfileCsv } from '../registry/profile-csv.ts';
import type { ListedProfile } from '../registry/registry.ts';
import type { ApiContext } from './context.ts';
import { type ArrivingBody, arrivingBody, takeStreams } from './request-stream.ts';
import { checked, flag, word } from './validation.ts';

const profileParams = z.object({ id: z.string().refine(isProfileId, 'must match [a-z0-9._-]+') });

const newProfileQuery = z.strictObject({
  enterprise: word,
  name: word.optional(),
  label: word.optional(),
  production: flag.optional(),
});

type NewProfileQuery = z.output<typeof newProfileQuery>;

/**
 * - `GET /api/v1/profiles`: all of them, in short.
 * - `GET /api/v1/profiles/{id}`: one with its signals, as `ListedProfile`.
 * - `POST /api/v1/profiles?enterprise=ID&name=NAME`: adds `{enterprise}.{name}`, or a new version
 *   of it, from a CSV or JSON body; 201 with the `ListedProfile`. A JSON document may bring its own
 *   id; `label` and `production` say what a CSV cannot.
 */
export function profileRoutes(app: FastifyInstance, context: Pick<ApiContext, 'registry'>): void {
  const { registry } = context;

  app.get('/api/v1/profiles', async () => {
    const profiles = await registry.listProfiles();
    return { items: profiles.map(inShort) };
  });

  app.get('/api/v1/profiles/:id', async (request) => {
    const { id } = checked(request, { params: profileParams }).params;
    const found = (await registry.listProfiles()).find(({ profile }) => profile.id === id);
    if (found === undefined) throw new OnrampError('api.not-found', `profile ${id}`);
    return found;
  });

  app.register(async (streams) => {
    takeStreams(streams, limits.apiDocumentBytesMax);
    streams.post('/api/v1/profiles', async (request, reply) => {
      const { query, body } = checked(request, { query: newProfileQuery });
      const profile = await readProfile(query, arrivingBody(body));
      await registry.addProfile(profile, query.enterprise);
      const added: ListedProfile = { profile, enterprise: query.enterprise, builtIn: false };
      return reply.code(201).send(added);
    });
  });
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
