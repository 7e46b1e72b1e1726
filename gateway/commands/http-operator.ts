/** A running gateway, through its API. */

import { Readable } from 'node:stream';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { answeredError, type Operator, type OperatorRequest, target } from './operator.ts';

/** Speaks to the gateway at `url` with the operator's token. */
export class HttpOperator implements Operator {
  readonly notice = null;
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  async send(request: OperatorRequest): Promise<Readable> {
    const { method, headers, body } = request;
    const response = await fetch(this.#url + target(request), {
      method,
      headers: {
        ...headers,
        authorization: `Bearer ${this.#token}`,
        ...(body && { 'content-type': body.type }),
      },
      ...(body && { body: body.content, duplex: 'half' }),
    } as RequestInit).catch((error: unknown) => {
      throw new OnrampError('command.gateway-unreachable', `${this.#url}: ${reasonOf(error)}`);
    });
    const answer =
      response.body === null
        ? Readable.from([])
        : Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
    if (!response.ok) throw await answeredError(response.status, answer);
    return answer;
  }

  async close(): Promise<void> {}
}

/** What fetch hides in the cause of its "fetch failed". */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : messageOf(cause);
}
