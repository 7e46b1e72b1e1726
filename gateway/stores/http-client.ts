/**
 * HTTP to one server: keep-alive, a deadline on every exchange, every answer bounded.
 *
 * Why not the transport of @influxdata/influxdb-client: it takes bodies as strings, so every
 * batch would be decoded and encoded again on the way from the journal; its time limit is the
 * socket's silence, so a body that trickles in never ends; and a JSON error body is unbounded.
 */

import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { Clock } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query, from the server's root. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** For the whole exchange, the answer's body included. */
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** At most `limits.storeAnswerBytesMax` bytes of it. */
  readonly body: string;
}

/** No answer: the connection failed, broke or took too long. */
export class HttpFailure extends Error {}

export interface HttpClientOptions {
  readonly url: string;
  /** Value of the Authorization header. */
  readonly authorization: string | null;
  readonly connectionsMax: number;
  readonly clock: Clock;
}

type AnswerHead = Pick<HttpAnswer, 'status' | 'headers'>;

/** Returns false to end the exchange early. */
type TakeChunk = (chunk: Buffer, status: number) => boolean;

export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #url: URL;
  readonly #agent: HttpAgent;
  #opened = 0;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    const agentOptions = { keepAlive: true, maxSockets: options.connectionsMax };
    this.#agent =
      this.#url.protocol === 'https:' ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  }

  /** Connections opened so far. When it grows, the server may be another than before. */
  get opened(): number {
    return this.#opened;
  }

  /** One exchange; a body beyond the bound is cut. @throws HttpFailure */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const chunks: Buffer[] = [];
    let size = 0;
    const head = await this.#exchange(request, (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      return size < limits.storeAnswerBytesMax;
    });
    const body = Buffer.concat(chunks).toString('utf8', 0, limits.storeAnswerBytesMax);
    return { ...head, body };
  }

  /**
   * One exchange whose answer is JSON elements, one a line; `take` gets each, parsed. When the
   * status is not 200 nothing is taken, and the answer is that of `send`.
   * @throws HttpFailure, also when the answer exceeds its bounds or is not JSON
   */
  async sendForElements(
    request: HttpRequest,
    take: (element: unknown) => void,
  ): Promise<HttpAnswer> {
    return this.sendForLines(request, (line) => take(parseJson(line)));
  }

  /** The same for an answer that is any text; empty lines are left out. @throws HttpFailure */
  async sendForLines(request: HttpRequest, take: (line: string) => void): Promise<HttpAnswer> {
    const lines = new LineReader(take);
    const errorChunks: Buffer[] = [];
    const head = await this.#exchange(request, (chunk, status) => {
      if (status === 200) lines.push(chunk);
      else errorChunks.push(chunk);
      return errorChunks.length < 16;
    });
    lines.end();
    const body = Buffer.concat(errorChunks).toString('utf8', 0, limits.storeAnswerBytesMax);
    return { ...head, body };
  }

  /** Ends every connection; exchanges under way fail. */
  close(): void {
    this.#agent.destroy();
  }

  #exchange(request: HttpRequest, take: TakeChunk): Promise<AnswerHead> {
    const { clock, authorization } = this.#options;
    const body = request.body ?? '';
    const start = this.#url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const outgoing = start({
        agent: this.#agent,
        method: request.method,
        protocol: this.#url.protocol,
        hostname: this.#url.hostname.replace(/^\[|\]$/g, ''),
        port: this.#url.port,
        path: this.#url.pathname.replace(/\/$/, '') + request.path,
        headers: {
          ...(authorization === null ? {} : { authorization }),
          'content-length': Buffer.byteLength(body),
          ...request.headers,
        },
      });
      const deadline = clock.after(request.timeoutMs, () => {
        outgoing.destroy(new HttpFailure(`no answer within ${request.timeoutMs} ms`));
      });
      const fail = (error: Error): void => {
        deadline.cancel();
        reject(error instanceof HttpFailure ? error : new HttpFailure(describe(error)));
      };
      outgoing.on('error', fail);
      outgoing.on('socket', (socket) => {
        if (socket.connecting) this.#opened++;
      });
      outgoing.on('response', (incoming) => {
        const head = { status: incoming.statusCode ?? 0, headers: headersOf(incoming) };
        const finish = (): void => {
          deadline.cancel();
          resolve(head);
        };
        incoming.on('data', (chunk: Buffer) => {
          try {
            if (take(chunk, head.status)) return;
          } catch (error) {
            fail(error as Error);
          }
          // What has been read is enough; the rest would only have to be thrown away.
          finish();
          outgoing.destroy();
        });
        incoming.on('end', finish);
        incoming.on('error', fail);
        incoming.on('close', () => fail(new HttpFailure('the connection ended too early')));
      });
      outgoing.end(body);
    });
  }
}

/** Cuts a stream of chunks into lines, within the bounds of a query's answer. */
class LineReader {
  readonly #take: (line: string) => void;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #totalBytes = 0;

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  push(chunk: Buffer): void {
    this.#totalBytes += chunk.length;
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#pending.push(chunk.subarray(start, end));
      this.end();
      start = end + 1;
    }
    this.#pending.push(chunk.subarray(start));
    this.#pendingBytes += chunk.length - start;
    const { storeElementBytesMax, storeQueryBytesMax } = limits;
    if (this.#pendingBytes > storeElementBytesMax || this.#totalBytes > storeQueryBytesMax) {
      throw new HttpFailure('the answer is larger than is accepted');
    }
  }

  end(): void {
    const line = Buffer.concat(this.#pending).toString('utf8').trim();
    this.#pending = [];
    this.#pendingBytes = 0;
    if (line !== '') this.#take(line);
  }
}

/** Turns a failed exchange into `store.unavailable`. */
export async function orUnavailable<T>(exchange: Promise<T>): Promise<T> {
  try {
    return await exchange;
  } catch (error) {
    if (error instanceof HttpFailure) throw new OnrampError('store.unavailable', error.message);
    throw error;
  }
}

function headersOf(incoming: IncomingMessage): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpFailure(`the answer is not JSON: ${text.slice(0, 120)}`);
  }
}

/** Connecting to a name with several addresses fails with an AggregateError without a message. */
function describe(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map(String).join('; ');
  return error.message;
}
