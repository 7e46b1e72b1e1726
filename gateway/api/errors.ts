/** How errors leave the API: one JSON shape, and the HTTP status of every code. */

import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, errorTable, messageOf, OnrampError } from '../../model/errors.ts';

/** The body of every answer that is not a success. */
export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly messageZh: string;
    /** What exactly was wrong; one entry for each mistake. */
    readonly details: readonly string[];
  };
}

/** Codes that are neither the caller's mistake (400) nor, being worth a retry, ours (503). */
const statusByCode: Partial<Record<ErrorCode, number>> = {
  'api.unauthorized': 401,
  'api.not-found': 404,
  'registry.not-found': 404,
  'registry.exists': 409,
  'registry.import-running': 409,
  'profile.type-changed': 409,
  'profile.built-in': 409,
  'command.needs-gateway': 409,
  'api.body-too-large': 413,
  'api.wrong-host': 421,
  'registry.import-invalid': 422,
  'api.internal': 500,
  'database.damaged': 500,
  'database.newer': 500,
  'store.unsupported': 502,
};

/** The HTTP status of an error's code. */
export function statusOf(code: ErrorCode): number {
  return statusByCode[code] ?? (errorTable[code].retry ? 503 : 400);
}

/** What is sent of an error. */
export function errorBody(error: OnrampError): ErrorBody {
  const { en, zh } = errorTable[error.code];
  return { error: { code: error.code, message: en, messageZh: zh, details: error.details } };
}

/** Makes every failure of `app` answer with an `ErrorBody`, and logs those that are ours. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | OnrampError, request, reply) =>
    sendError(error, request, reply),
  );
  app.setNotFoundHandler((request, reply) =>
    sendError(new OnrampError('api.not-found'), request, reply),
  );
}

/** Answers `error`, which may be anything. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const known = error instanceof OnrampError ? error : translate(error);
  const status = statusOf(known.code);
  if (status >= 500 && known.code !== 'api.too-many-viewers') {
    request.log.error(`${request.method} ${request.routeOptions.url ?? ''}: ${messageOf(error)}`);
  }
  reply.code(status).send(errorBody(known));
}

/** What fastify refuses by itself is the caller's mistake; anything else is ours. */
function translate(error: unknown): OnrampError {
  const { statusCode, code } = error as Partial<FastifyError>;
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new OnrampError('api.bad-request', 'content-type: is not one this address takes', error);
  }
  if (statusCode === 413) return new OnrampError('api.body-too-large', [], error);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new OnrampError('api.bad-request', messageOf(error), error);
  }
  return new OnrampError('api.internal', [], error);
}
