/** A platform's HTTP API, asked by URL and token. */

import { messageOf } from '../model/errors.ts';
import { limits } from '../model/limits.ts';

/** What came back; `body` is null when it was not JSON. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  /** The server's clock by its `Date` header, epoch milliseconds in whole seconds, or null. */
  readonly dateMs: number | null;
}

/** No answer came, or one that was too large. */
export class ApiUnreachable extends Error {}

export interface ApiAccess {
  /** `http://host:port`, with or without a path before `/api`. */
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
}

/** Asks one platform. The token goes to this address only: redirections are not followed. */
export class PlatformApi {
  readonly #access: ApiAccess;
  readonly #base: string;

  constructor(access: ApiAccess) {
    this.#access = access;
    this.#base = access.url.replace(/\/+$/, '');
  }

  /** `path` begins with `/api/`. @throws ApiUnreachable. */
  get(path: string): Promise<ApiAnswer> {
    return this.#ask('GET', path);
  }

  /** @throws ApiUnreachable. */
  post(path: string, body: unknown): Promise<ApiAnswer> {
    return this.#ask('POST', path, JSON.stringify(body));
  }

  async #ask(method: string, path: string, body?: string): Promise<ApiAnswer> {
    const { token, timeoutMs } = this.#access;
    try {
      const response = await fetch(this.#base + path, {
        method,
        redirect: 'manual',
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const dateMs = Date.parse(response.headers.get('date') ?? '');
      return {
        status: response.status,
        body: parseJson(await boundedText(response)),
        dateMs: Number.isNaN(dateMs) ? null : dateMs,
      };
    } catch (error) {
      if (error instanceof ApiUnreachable) throw error;
      throw new ApiUnreachable(reasonOf(error), { cause: error });
    }
  }
}

/** The code in a body that says what went wrong, or the status. */
export function problemOf({ status, body }: ApiAnswer): string {
  const { code, error } = (body ?? {}) as { code?: unknown; error?: { code?: unknown } };
  const named = code ?? error?.code;
  return typeof named === 'string' && /^[a-z0-9.-]{1,64}$/.test(named) ? named : `HTTP ${status}`;
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > limits.apiAnswerBytesMax) throw new ApiUnreachable('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** fetch hides the reason in `cause`. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : messageOf(cause);
}
