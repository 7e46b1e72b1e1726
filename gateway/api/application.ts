/** The HTTP application: bounds, errors, headers and access, the same for every resource. */

import type { Socket } from 'node:net';
import { type FastifyInstance, fastify, LogController } from 'fastify';
import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import { requireKnownHost } from './access.ts';
import { type AuthenticationOptions, authenticate } from './authentication.ts';
import { boundConnections } from './connection-bounds.ts';
import { answerErrors, problemOf, problemType, sendError } from './errors.ts';
import { takeJson } from './json-body.ts';
import { OpenStreams } from './open-streams.ts';
import { collectDeclared, openApiRoutes } from './openapi.ts';
import type { Resource } from './routes.ts';

export interface ApplicationOptions<Context extends AuthenticationOptions> {
  readonly context: Context;
  readonly resources: readonly Resource<Context>[];
  /** Adds what asks for no token and is no resource: pages. */
  readonly pages?: (app: FastifyInstance) => void;
  /** Names besides loopback's that the Host header may have; null accepts every name. */
  readonly hostNames: readonly string[] | null;
  readonly logLevel: 'warn' | 'silent';
}

/** How long a request may take to arrive; an import of 64 MiB needs 5 Mbit/s. */
const requestTimeoutMs = 120_000;
const headersTimeoutMs = 5000;
/** How often connections are held against these times. */
const timeoutsCheckedMs = 1000;
const keepAliveTimeoutMs = 30_000;
/** `{enterprise}.{device}` or a profile's id. */
const paramCharsMax = 2 * limits.idCharsMax + 1;

/** Builds the application; it listens to nothing yet. */
export function buildApplication<Context extends AuthenticationOptions>(
  options: ApplicationOptions<Context>,
): FastifyInstance {
  const app = fastify({
    bodyLimit: limits.apiDocumentBytesMax,
    trustProxy: false,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    // Answers take as long as they take: an import of a city, a live view that never ends.
    connectionTimeout: 0,
    http: { headersTimeout: headersTimeoutMs, connectionsCheckingInterval: timeoutsCheckedMs },
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: paramCharsMax },
    // Standard output is for results.
    logger: { level: options.logLevel, base: null, stream: process.stderr },
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: sendError,
    clientErrorHandler: refuseGarbage,
  });
  boundConnections(app.server);
  takeJson(app);
  answerErrors(app);
  addSecurityHeaders(app);
  if (options.hostNames !== null) requireKnownHost(app, options.hostNames);
  options.pages?.(app);
  app.decorate('openStreams', new OpenStreams(options.context.clock));
  const declared = collectDeclared(app);
  app.register(async (guarded) => {
    authenticate(guarded, options.context);
    openApiRoutes(guarded, declared);
    for (const resource of options.resources) resource(guarded, options.context);
  });
  return app;
}

/** Nothing of the API may be framed, sniffed, cached or run; pages replace what they need. */
function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
  });
}

/** Answers a connection that does not speak HTTP, or too much of it. */
function refuseGarbage(error: Error & { code?: string }, socket: Socket): void {
  if (socket.writable && error.code !== 'ECONNRESET') {
    const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
    const status = tooLarge ? '431 Request Header Fields Too Large' : '400 Bad Request';
    const detail = tooLarge ? 'the headers are too large' : 'not valid HTTP, or too slow';
    const body = JSON.stringify(problemOf(new OnrampError('api.bad-request', detail)));
    socket.write(
      `HTTP/1.1 ${status}\r\ncontent-type: ${problemType}\r\nconnection: close\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}
