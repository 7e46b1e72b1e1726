/** What a page on a wall shows, once a second. */

import type { FastifyInstance } from 'fastify';
import { limits } from '../../model/limits.ts';
import type { DirectoryCounts } from '../registry/registry.ts';
import type { KeptDeadLetter } from '../shipping/dead-letters.ts';
import type { GatewayStatus } from '../status/status.ts';
import { cached } from './cached.ts';
import type { ApiContext } from './context.ts';
import { LiveFeed } from './live-feed.ts';
import { viewersOfAll } from './roles.ts';
import { route } from './route.ts';
import { sendEvents } from './streaming.ts';

type DeadLetterInShort = Pick<KeptDeadLetter, 'atMs' | 'enterprise' | 'device' | 'code' | 'detail'>;

/** The data of a snapshot event. A part that could not be had is null. */
export interface LiveSnapshot extends GatewayStatus {
  readonly registry: DirectoryCounts | null;
  /** The newest five. */
  readonly deadLetters: readonly DeadLetterInShort[] | null;
}

const intervalMs = 1000;
/** The directory and the dead letters are asked at most this often, however many watch. */
const ttlMs = 5000;
const behindMsMax = 30_000;
const recentDeadLetters = 5;

/**
 * `GET /api/v1/live`: server-sent events, an `event: snapshot` with a `LiveSnapshot` each second.
 * A page reads it with fetch, which can send the token; EventSource cannot.
 */
export function liveRoutes(app: FastifyInstance, context: ApiContext): void {
  const { clock, registry, deadLetters } = context;
  const counts = cached(clock, ttlMs, () => registry.counts());
  const recent = cached(clock, ttlMs, async () => {
    const { items } = await deadLetters.list({ limit: recentDeadLetters });
    return items.map(inShort);
  });
  const feed = new LiveFeed({
    clock,
    intervalMs,
    viewersMax: limits.apiViewersMax,
    behindMsMax,
    snapshot: async (): Promise<LiveSnapshot> => {
      const [directory, letters] = await Promise.all([
        counts().catch(() => null),
        recent().catch(() => null),
      ]);
      return { ...context.status(), registry: directory, deadLetters: letters };
    },
  });
  app.addHook('preClose', async () => feed.close());

  route(app, {
    method: 'GET',
    url: '/api/v1/live',
    tag: 'gateway',
    summary: 'What a page on a wall shows, once a second',
    access: viewersOfAll,
    answers: {
      200: {
        description: 'Server-sent events: `event: snapshot` with a JSON object',
        content: { 'text/event-stream': null },
      },
    },
    handler: async ({ request }, reply) => sendEvents(request, reply, () => feed.join()),
  });
}

function inShort(letter: KeptDeadLetter): DeadLetterInShort {
  const { atMs, enterprise, device, code, detail } = letter;
  return { atMs, enterprise, device, code, detail };
}
