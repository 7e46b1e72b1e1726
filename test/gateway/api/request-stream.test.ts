/** Bodies that are read as they arrive: within their bound, and over a real connection. */

import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type FastifyInstance, fastify } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { answerErrors } from '../../../gateway/api/errors.ts';
import { arrivingBody, takeStreams } from '../../../gateway/api/request-stream.ts';
import { OnrampError } from '../../../model/errors.ts';

const bytesMax = 100_000;
let app: FastifyInstance;

beforeEach(async () => {
  app = fastify();
  answerErrors(app);
  takeStreams(app, bytesMax);
  app.post('/count', async ({ body }) => {
    const { format, bytes } = arrivingBody(body);
    let count = 0;
    for await (const piece of bytes) count += piece.length;
    return { format, count };
  });
  app.post('/refuse', async ({ body }) => {
    for await (const piece of arrivingBody(body).bytes) {
      throw new OnrampError('registry.import-invalid', `${piece.length > 0}`);
    }
  });
});
afterEach(async () => {
  // The client keeps its connection for another request.
  app.server.closeAllConnections();
  await app.close();
});

const csv = { 'content-type': 'text/csv; charset=utf-8' };

it('counts up to its bound', async () => {
  const answer = await app.inject({
    method: 'POST',
    url: '/count',
    headers: csv,
    payload: 'x'.repeat(bytesMax),
  });
  expect(answer.json()).toEqual({ format: 'csv', count: bytesMax });
});

it('stops beyond its bound, also when nobody said how much comes', async () => {
  let made = 0;
  async function* pieces() {
    for (; made < 10 * bytesMax; made += 1000) yield Buffer.alloc(1000, 0x78);
  }
  const answer = await app.inject({
    method: 'POST',
    url: '/count',
    headers: csv,
    payload: Readable.from(pieces(), { objectMode: false }),
  });
  expect(answer.statusCode).toBe(413);
  expect(answer.json().error.code).toBe('api.body-too-large');
});

it('answers over a real connection although the body is not read to its end', async () => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const sent = Promise.withResolvers<void>();
  const answer = await new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sending = request(
      { port, host: '127.0.0.1', method: 'POST', path: '/refuse', headers: csv },
      (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      },
    );
    sending.on('error', reject).on('finish', sent.resolve);
    // Far more than the buffers of both ends take.
    Readable.from(Array.from({ length: 500 }, () => Buffer.alloc(64 * 1024))).pipe(sending);
  });
  expect(answer.status).toBe(422);
  expect(JSON.parse(answer.body).error.details).toEqual(['true']);
  // What is left is drained, so that the connection may serve again.
  await sent.promise;
});
