/** How errors leave the API: problem documents (RFC 9457), and the HTTP status of every code. */

import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type ErrorCode, errorTable, messageOf, OnrampError } from '../../model/errors.ts';

/** The body of every answer that is not a success, as `application/problem+json`. */
export interface ProblemDocument {
  /** `urn:onramp:error:{code}` */
  readonly type: string;
  /** What happened and what to do. */
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  /** What exactly was wrong, in one line; left out when there is no more to say. */
  readonly detail?: string;
  readonly messageZh: string;
  /** What exactly was wrong; one entry for each mistake. */
  readonly details: readonly string[];
}

export const problemType = 'application/problem+json; charset=utf-8';

/** `ProblemDocument` for the API's description. */
export const problemSchema = z
  .looseObject({
    type: z.string().describe('urn:onramp:error:{code}'),
    title: z.string().describe('What happened and what to do'),
    status: z.int(),
    code: z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]]).describe('Never changes'),
    detail: z.string().optional().describe('What exactly was wrong'),
    messageZh: z.string().describe('The title in Chinese'),
    details: z.array(z.string()).describe('One entry for each mistake'),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });

/** Codes that are neither the caller's mistake (400) nor, being worth a retry, ours (503). */
const statusByCode: Partial<Record<ErrorCode, number>> = {
  'api.unauthorized': 401,
  'api.forbidden': 403,
  'api.not-found': 404,
  'registry.not-found': 404,
  'registry.exists': 409,
  'registry.import-running': 409,
  'device.state-not-allowed': 409,
  'device.offline': 409,
  'device.command-unknown': 404,
  'device.command-too-large': 413,
  'device.commands-exceeded': 429,
  'profile.type-changed': 409,
  'profile.built-in': 409,
  'command.needs-gateway': 409,
  'api.version-mismatch': 412,
  'api.body-too-large': 413,
  'api.wrong-host': 421,
  'registry.import-invalid': 422,
  'api.too-many-failures': 429,
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
export function problemOf({ code, details }: OnrampError): ProblemDocument {
  const { en, zh } = errorTable[code];
  return {
    type: `urn:onramp:error:${code}`,
    title: en,
    status: statusOf(code),
    code,
    ...(details.length > 0 && { detail: details.join('; ') }),
    messageZh: zh,
    details,
  };
}

/** Makes every failure of `app` answer with a `ProblemDocument`, and logs those that are ours. */
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
  const problem = problemOf(known);
  if (problem.status >= 500 && known.code !== 'api.too-many-viewers') {
    request.log.error(`${request.method} ${request.routeOptions.url ?? ''}: ${messageOf(error)}`);
  }
  reply.code(problem.status).type(problemType).send(problem);
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
