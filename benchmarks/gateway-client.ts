/** What a scenario asks a running gateway over HTTP. */

import type { GatewayProgress } from '../gateway/api/progress.ts';
import type { StoredTotals } from '../gateway/api/store-totals.ts';
import type { GatewayStatus } from '../gateway/status/status.ts';
import { messageOf } from '../model/errors.ts';
import { limits } from '../model/limits.ts';

/** What `/api/v1/summary` answers, as far as scenarios read it. */
export type Summary = Omit<GatewayStatus, 'store'> & {
  readonly store: StoredTotals & { readonly description: string };
};

export interface CityRequest {
  readonly seed: number;
  readonly enterprises: number;
  readonly devices: number;
  readonly sensors: boolean;
}

/** A dead letter as far as scenarios read it. */
export interface Letter {
  readonly stage: 'check' | 'store';
  /** Readings that are dead by this letter and by no other. */
  readonly readings: number;
  readonly replay: string;
  /** What was sent, or the line for the store; null when it is kept no longer. */
  readonly payload: string | null;
}

interface LetterPage {
  readonly items: readonly Letter[];
  readonly next: number | null;
}

const answerTimeoutMs = 120_000;
/** For all of a long text; the store may have millions of rows to count first. */
const streamTimeoutMs = 900_000;

/** A gateway's API with the operator's token. */
export class GatewayClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** Registers a simulated city; doing it again changes nothing. */
  async importCity(city: CityRequest): Promise<void> {
    await this.#call('POST', '/api/v1/devices/import-city', city);
  }

  progress(): Promise<GatewayProgress> {
    return this.#call('GET', '/api/v1/progress') as Promise<GatewayProgress>;
  }

  async summary(): Promise<Summary> {
    return (await this.#call('GET', '/api/v1/summary')) as Summary;
  }

  /** Any other resource of the API, parsed. Rejects when the answer is an error. */
  get(path: string): Promise<unknown> {
    return this.#call('GET', path);
  }

  post(path: string, body: unknown): Promise<unknown> {
    return this.#call('POST', path, body);
  }

  /** The lines of a resource that is a text of many (NDJSON), as they arrive. */
  async *lines(path: string): AsyncGenerator<string> {
    const response = await this.#fetch('GET', path, undefined, streamTimeoutMs);
    if (response.body === null) return;
    let rest = '';
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      yield* lines;
    }
    if (rest !== '') yield rest;
  }

  /** Letters of a device, or of a whole enterprise, whose readings are not stored after all. */
  async *deadLetters(enterprise: string, device?: string): AsyncGenerator<Letter> {
    const named = device === undefined ? '' : `&device=${device}`;
    const query = `enterprise=${enterprise}${named}&limit=${limits.apiPageRowsMax}`;
    let after = '';
    for (;;) {
      const page = (await this.get(`/api/v1/dead-letters?${query}${after}`)) as LetterPage;
      yield* page.items.filter(({ replay }) => replay !== 'stored');
      if (page.next === null) return;
      after = `&after=${page.next}`;
    }
  }

  /** Readings of an enterprise that were dead-lettered whole. */
  async deadLetteredReadings(enterprise: string): Promise<number> {
    let sum = 0;
    for await (const { readings } of this.deadLetters(enterprise)) sum += readings;
    return sum;
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await this.#fetch(method, path, body, answerTimeoutMs);
    const text = await response.text();
    try {
      return text === '' ? null : JSON.parse(text);
    } catch (error) {
      throw new Error(`${method} ${path}: ${messageOf(error)}`);
    }
  }

  async #fetch(method: string, path: string, body: unknown, timeoutMs: number): Promise<Response> {
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.ok) return response;
    const text = await response.text();
    throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
  }
}
