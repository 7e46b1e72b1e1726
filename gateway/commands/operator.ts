/** How a command reaches a gateway's data: through a running gateway, or the files themselves. */

import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type ErrorCode, errorTable, OnrampError } from '../../model/errors.ts';
import type { Method } from '../api/route.ts';

/** A request to the API, whoever answers it. */
export interface OperatorRequest {
  readonly method: Method;
  /** Under `/api/v1`, parameters already encoded. */
  readonly path: string;
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Such as `if-match`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: {
    readonly type: 'text/csv' | 'application/json';
    readonly content: Readable | string;
  };
}

/** Answers requests; two of them, so that every command is written once. */
export interface Operator {
  /** What a person should know of the way taken; null when it is the ordinary one. */
  readonly notice: string | null;
  /**
   * The body of the answer as it arrives.
   * @throws OnrampError with the code and the details the API answered with.
   */
  send(request: OperatorRequest): Promise<Readable>;
  close(): Promise<void>;
}

/** The JSON that answers a request. */
export async function ask<T>(operator: Operator, request: OperatorRequest): Promise<T> {
  return JSON.parse(await text(await operator.send(request))) as T;
}

/** A document as the body of a request; what is undefined in it is left out. */
export function jsonBody(document: unknown): NonNullable<OperatorRequest['body']> {
  return { type: 'application/json', content: JSON.stringify(document) };
}

/** Path and query of a request. */
export function target({ path, query = {} }: OperatorRequest): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const search = parameters.toString();
  return `/api/v1${path}${search === '' ? '' : `?${search}`}`;
}

/** The error that an answer of `status` with this body stands for. */
export async function answeredError(status: number, body: Readable): Promise<OnrampError> {
  const { code, details } = parsed(await text(body));
  if (typeof code === 'string' && Object.hasOwn(errorTable, code)) {
    return new OnrampError(code as ErrorCode, Array.isArray(details) ? details.map(String) : []);
  }
  return new OnrampError('command.gateway-unreachable', `it answered HTTP ${status}`);
}

function parsed(body: string): { code?: unknown; details?: unknown } {
  try {
    const document: unknown = JSON.parse(body);
    return typeof document === 'object' && document !== null ? document : {};
  } catch {
    return {};
  }
}
