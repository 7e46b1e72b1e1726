/** Bodies that are JSON, read whole; what is wrong with one is said. */

import type { FastifyInstance } from 'fastify';
import { messageOf, OnrampError } from '../../model/errors.ts';

/** Makes the body of each route of `app` the JSON document that was sent; an empty one is none. */
export function takeJson(app: FastifyInstance): void {
  // It refuses keys that would change what an object is.
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body);
    parse(request, text, (error, document) => {
      if (error === null) done(null, document);
      else done(new OnrampError('api.bad-request', `body: ${problemOf(text)}`, error));
    });
  });
}

function problemOf(text: string): string {
  if (text === '') return 'is missing';
  try {
    JSON.parse(text);
  } catch (error) {
    return `is not JSON (${messageOf(error)})`;
  }
  return 'the keys "__proto__" and "constructor" with a "prototype" are not taken';
}
