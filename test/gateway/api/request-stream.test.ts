/** Bodies that are read as they arrive: within their bound, and over a real connection. */

import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type FastifyInstance, fastify } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { answerErrors } from '../../../gateway/api/errors.ts';
import { arrivingBody, takeStreams } from '../../../gateway/api/request-stream.ts';
import { OnrampError } from '../../../model/errors.ts';

const bytesMax = 100_000;
const piece = Buffer.alloc(64 * 1024);
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
  app.register(async (generous) => {
    takeStreams(generous, 1000 * piece.length);
    generous.post('/refuse', async ({ body }) => {
      for await (const first of arrivingBody(body).bytes) {
        throw new OnrampError('registry.import-invalid', `${first.length > 0}`);
      }
    });
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
  expect(answer.json().code).toBe('api.body-too-large');
});

it('answers over a real connection although the body is not read to its end', async () => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  const head = (path: string, bytes: number) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\ncontent-length: ${bytes}\r\n`;
  // Far more than the buffers of both ends take, and within what the server would read.
  const bytes = 512 * piece.length;
  socket.write(`${head('/refuse', bytes)}\r\n`);
  for (let sent = 0; sent < bytes; sent += piece.length) {
    if (!socket.write(piece)) await once(socket, 'drain');
  }
  // What was left over is drained, so that the connection serves again.
  socket.write(`${head('/count', 5)}connection: close\r\n\r\nhello`);
  const answers = await text(socket);
  expect(answers).toMatch(/^HTTP\/1\.1 422 /);
  expect(answers).toContain('"details":["true"]');
  expect(answers).toMatch(/HTTP\/1\.1 200 [\s\S]*\{"format":"csv","count":5\}$/);
});
