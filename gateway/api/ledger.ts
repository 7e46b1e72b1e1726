/** What the store holds of every device of a profile: for reconciling what was sent with the rows. */

import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { DeviceLedger } from '../stores/store.ts';
import type { ApiContext } from './context.ts';
import { viewersOfAll } from './roles.ts';
import { route } from './route.ts';
import { moment } from './time.ts';
import { word } from './validation.ts';

const ledgerQuery = z
  .strictObject({ profile: word, from: moment, to: moment })
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'must lie after from' });

const linesPerPiece = 2000;

/**
 * `GET /api/v1/ledger?profile=&from=&to=`: a line of JSON (NDJSON) for each device with a reading
 * that carries a `seq` in the window (`from` inclusive, `to` exclusive). The store is asked for all of
 * it, so it takes seconds where there are millions of rows.
 */
export function ledgerRoutes(app: FastifyInstance, { store }: Pick<ApiContext, 'store'>): void {
  route(app, {
    method: 'GET',
    url: '/api/v1/ledger',
    tag: 'gateway',
    summary: 'Rows and distinct sequence numbers of every device of a profile in a time window',
    access: viewersOfAll,
    query: ledgerQuery,
    answers: {
      200: { description: 'A line for each device', content: { 'application/x-ndjson': null } },
    },
    handler: async ({ query: { from, profile, to } }, reply) => {
      const rows = await store.ledger({ profile, fromMs: from, toMs: to });
      return reply
        .type('application/x-ndjson; charset=utf-8')
        .send(Readable.from(lines(rows), { objectMode: false }));
    },
  });
}

async function* lines(rows: readonly DeviceLedger[]): AsyncGenerator<string> {
  for (let i = 0; i < rows.length; i += linesPerPiece) {
    const piece = rows.slice(i, i + linesPerPiece).map((row) => `${JSON.stringify(row)}\n`);
    yield piece.join('');
    await nextTurn();
  }
}
