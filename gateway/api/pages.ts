/** The web pages, as `dashboards/live` builds them. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fastifyStatic } from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Where the build of the pages lies. */
export const pagesFolder = join(import.meta.dirname, '../../dashboards/live/dist');

/** The pages take nothing from anywhere else, and run nothing that stands in a page itself. */
const contentSecurityPolicy = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

const notBuilt = `The pages are not built. Build them with "npm run prepare" in the folder of Onramp
and start the gateway again. The API works without them: GET /api/v1/summary.
`;

/**
 * `GET /` and every file of `folder`, without a token: a page has no data of its own, and takes the
 * token from the fragment of its address, which browsers send to nobody.
 */
export function pageRoutes(app: FastifyInstance, folder: string): void {
  if (!existsSync(join(folder, 'index.html'))) {
    app.get('/', async (_request, reply) => reply.type('text/plain; charset=utf-8').send(notBuilt));
    return;
  }
  // One route for each file there is: no path of a request ever becomes a path of a file.
  app.register(fastifyStatic, {
    root: folder,
    wildcard: false,
    decorateReply: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('content-security-policy', contentSecurityPolicy);
      const hashedName = path.includes('/assets/');
      reply.header(
        'cache-control',
        hashedName ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });
}
