/** What just happened to one device, for whoever is connecting it. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import type { ApiContext } from './context.ts';
import { registered } from './device-answer.ts';
import { readers } from './roles.ts';
import { route } from './route.ts';
import { sendEvents } from './streaming.ts';
import { isoTime } from './time.ts';
import { deviceParams } from './validation.ts';

const eventSchema = z
  .strictObject({
    key: z.string(),
    at: z.string(),
    atMs: z.int(),
    kind: z.string(),
    code: z.string().nullable(),
    detail: z.string(),
    count: z.int().describe('How many like it since the event before'),
    text: z.strictObject({ en: z.string(), zh: z.string() }),
  })
  .meta({ id: 'DeviceEvent' });

/** Recent events as JSON, or, to who accepts text/event-stream, those and then more as they happen. */
export function deviceEventRoutes(
  app: FastifyInstance,
  context: Pick<ApiContext, 'registry' | 'onboarding'>,
): void {
  const { registry, onboarding } = context;
  route(app, {
    method: 'GET',
    url: '/api/v1/devices/{key}/events',
    tag: 'devices',
    summary: 'What just happened to a device, in English and Chinese',
    description: 'Watching begins with the first request.',
    access: readers('path'),
    params: deviceParams,
    answers: {
      200: {
        description: 'The newest events, oldest first; or `event: device` with one of them each',
        content: {
          'application/json': z.strictObject({ items: z.array(eventSchema) }),
          'text/event-stream': null,
        },
      },
    },
    handler: async ({ params, request }, reply) => {
      const { enterprise, device } = await registered(registry, params.key);
      const { events } = onboarding;
      if (events === null) throw new OnrampError('command.needs-gateway');
      const key = deviceKey(enterprise, device);
      if (request.headers.accept?.includes('text/event-stream')) {
        return sendEvents(request, reply, () => events.join(key));
      }
      return { items: events.recent(key).map((event) => ({ ...event, at: isoTime(event.atMs) })) };
    },
  });
}
