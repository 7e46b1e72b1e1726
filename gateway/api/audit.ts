/** Who changed what, and what became of a device: the append-only trail. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { deviceStates } from '../../model/device.ts';
import type { AuditEntry, AuditFilter } from '../registry/lives.ts';
import type { PageRequest } from '../registry/registry.ts';
import type { ApiContext } from './context.ts';
import { registered } from './device-answer.ts';
import { type Identity, readers } from './roles.ts';
import { json, route } from './route.ts';
import { instant, withInstants } from './time.ts';
import { deviceParams, pageOf, pageQuery, word } from './validation.ts';

const auditQuery = z.strictObject({
  enterprise: word.optional(),
  device: word.optional().describe('Its id in the enterprise, which is needed with it'),
  ...pageQuery,
});

const entrySchema = z
  .strictObject({
    id: z.int().describe('Rises with time'),
    ...instant('at'),
    enterprise: z.string().describe('Empty for what concerns none'),
    device: z.string().nullable(),
    event: z.string(),
    from: z.enum(deviceStates).nullable(),
    to: z.enum(deviceStates).nullable(),
    cause: z.string(),
    actor: z.string().nullable().describe('null to viewers'),
  })
  .meta({ id: 'AuditEntry' });

/** The audit trail of everything, and of one device; newest first. */
export function auditRoutes(app: FastifyInstance, context: Pick<ApiContext, 'registry'>): void {
  const { registry } = context;

  async function page(filter: AuditFilter, request: PageRequest, identity: Identity) {
    const { items, next } = await registry.lives.audit(filter, request);
    return { items: items.map((entry) => shown(entry, identity)), next };
  }

  route(app, {
    method: 'GET',
    url: '/api/v1/audit',
    tag: 'onboarding',
    summary: 'The audit trail, newest first',
    access: readers('list'),
    query: auditQuery,
    answers: { 200: json('A page', pageOf(entrySchema)) },
    handler: async ({ query, identity }) => {
      const { after, limit, ...filter } = query;
      return page(filter, { after, limit }, identity);
    },
  });

  route(app, {
    method: 'GET',
    url: '/api/v1/devices/{key}/audit',
    tag: 'devices',
    summary: 'The audit trail of one device, newest first',
    access: readers('path'),
    params: deviceParams,
    query: z.strictObject(pageQuery),
    answers: { 200: json('A page', pageOf(entrySchema)) },
    handler: async ({ params, query, identity }) => {
      await registered(registry, params.key);
      return page(params.key, query, identity);
    },
  });
}

function shown(entry: AuditEntry, { role }: Identity) {
  return withInstants({ ...entry, actor: role === 'viewer' ? null : entry.actor });
}
