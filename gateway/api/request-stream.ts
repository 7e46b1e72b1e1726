/** Request bodies that are read as they arrive, or whole as bytes, always within a bound. */

import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { OnrampError } from '../../model/errors.ts';

export type BodyFormat = 'csv' | 'json';

/** A body as it arrives. */
export interface ArrivingBody {
  readonly format: BodyFormat;
  /** Throws `api.body-too-large` beyond its bound. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

const formats: Readonly<Record<string, BodyFormat>> = {
  'text/csv': 'csv',
  'application/json': 'json',
};

/** Makes the body of each route of `app` an `ArrivingBody` of at most `bytesMax`. */
export function takeStreams(app: FastifyInstance, bytesMax: number): void {
  app.removeAllContentTypeParsers();
  // What nobody wants to read any more has to leave the connection before the next request can.
  app.addHook('onResponse', async (request) => {
    request.raw.resume();
  });
  for (const [type, format] of Object.entries(formats)) {
    app.addContentTypeParser(type, (request, payload, done) => {
      // Who says how much comes is told at once that it is too much.
      if (Number(request.headers['content-length'] ?? 0) > bytesMax) {
        done(new OnrampError('api.body-too-large', `at most ${bytesMax} bytes`));
      } else {
        const body: ArrivingBody = { format, bytes: bounded(payload, bytesMax) };
        done(null, body);
      }
    });
  }
}

/** The body of a route of `takeStreams`. @throws OnrampError `api.bad-request` when there is none. */
export function arrivingBody(body: unknown): ArrivingBody {
  if (typeof body === 'object' && body !== null && 'bytes' in body) return body as ArrivingBody;
  throw new OnrampError('api.bad-request', 'body: is missing');
}

async function* bounded(source: Readable, bytesMax: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  // Destroying the request would close the connection before the answer is out.
  const pieces: AsyncIterable<Buffer> = source.iterator({ destroyOnReturn: false });
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > bytesMax) throw new OnrampError('api.body-too-large', `at most ${bytesMax} bytes`);
    yield piece;
  }
}
