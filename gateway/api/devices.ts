/** The directory's devices and gateways: find, register, and give a new secret. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import type { DirectoryEntry, Registry } from '../registry/registry.ts';
import { connectionCard } from './connection-card.ts';
import type { ApiContext } from './context.ts';
import { checked, deviceParams, pageQuery, word } from './validation.ts';

/** Which devices, as a query says it. */
export const deviceFilter = {
  enterprise: word.optional(),
  district: word.optional(),
  profile: word.optional(),
  kind: z.enum(['device', 'gateway']).optional(),
  text: word.optional(),
};

const listQuery = z.strictObject({ ...deviceFilter, ...pageQuery });

const newDevice = z.strictObject({
  enterprise: word,
  device: word,
  kind: z.enum(['device', 'gateway']).optional(),
  profile: word.optional(),
  district: word.optional(),
  industry: word.optional(),
  gateway: word.optional(),
  serial: word.optional(),
  secret: word.optional(),
});

const newSecret = z.strictObject({ secret: word.optional() }).nullish();

/**
 * - `GET /api/v1/devices`: a page of entries in the order of their keys; `next` goes into `after`.
 * - `GET /api/v1/devices/{enterprise}.{device}`: one entry.
 * - `POST /api/v1/devices`: registers one; 201 with its connection card.
 * - `POST /api/v1/devices/{enterprise}.{device}/secret`: voids the secret; a card with the new one.
 */
export function deviceRoutes(app: FastifyInstance, context: Pick<ApiContext, 'registry'>): void {
  const { registry } = context;

  app.get('/api/v1/devices', async (request) => {
    const { after, limit, ...filter } = checked(request, { query: listQuery }).query;
    const page = await registry.list(filter, { after, limit });
    return { items: page.items.map(withId), next: page.next };
  });

  app.get('/api/v1/devices/:key', async (request) => {
    const { key } = checked(request, { params: deviceParams }).params;
    return withId(await registered(registry, key));
  });

  app.post('/api/v1/devices', async (request, reply) => {
    const { body } = checked(request, { body: newDevice });
    const credential = await registry.add(body);
    return reply.code(201).send(await cardOf(credential));
  });

  app.post('/api/v1/devices/:key/secret', async (request) => {
    const { params, body } = checked(request, { params: deviceParams, body: newSecret });
    const { enterprise, device } = params.key;
    return cardOf(await registry.resetSecret(enterprise, device, body?.secret));
  });

  async function cardOf(credential: Awaited<ReturnType<Registry['add']>>) {
    return connectionCard(registry, await registered(registry, credential), credential);
  }
}

/** The entry of a device. @throws OnrampError `registry.not-found`. */
export async function registered(
  registry: Registry,
  { enterprise, device }: { enterprise: string; device: string },
): Promise<DirectoryEntry> {
  const entry = await registry.get(enterprise, device);
  if (entry === null) throw new OnrampError('registry.not-found', deviceKey(enterprise, device));
  return entry;
}

function withId(entry: DirectoryEntry): DirectoryEntry & { readonly id: string } {
  return { id: deviceKey(entry.enterprise, entry.device), ...entry };
}
