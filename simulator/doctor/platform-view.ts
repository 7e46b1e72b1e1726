/** What the platform says of one device, over its API: the events and the newest row. */

import { type Clock, sleep } from '../../model/clock.ts';
import { ApiUnreachable, PlatformApi, problemOf } from '../platform-api.ts';
import type { Sentence } from './sentences.ts';

/** An event of the device, as far as the doctor reads it. */
export interface HeardEvent {
  readonly atMs: number;
  readonly kind: string;
  readonly text: Sentence;
}

/** Why the API does not tell. */
export type ApiProblem =
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'token' | 'device' | 'failed'; readonly problem: string };

/** A gateway begins to note a device's events when it is first asked for them. */
const watchDelayMs = 200;

const pollIntervalMs = 250;

const eventsReadMax = 1000;

/** Everything heard is newer than `begin`. */
export class PlatformView {
  readonly url: string;
  readonly key: string;
  readonly #api: PlatformApi;
  readonly #clock: Clock;
  #eventsToMs = 0;
  #newestRowMs = Number.NEGATIVE_INFINITY;
  #problem: ApiProblem | null = null;
  #clockLeadMs: number | null = null;

  constructor(
    access: { readonly url: string; readonly token: string; readonly timeoutMs: number },
    key: string,
    clock: Clock,
  ) {
    this.url = access.url;
    this.key = key;
    this.#api = new PlatformApi(access);
    this.#clock = clock;
  }

  /** Why nothing is heard; null when all is well. */
  get problem(): ApiProblem | null {
    return this.#problem;
  }

  /** By how much this machine's clock is ahead of the platform's; null when it does not say. */
  get clockLeadMs(): number | null {
    return this.#clockLeadMs;
  }

  /** From now on what happens to the device is news. */
  async begin(): Promise<void> {
    const events = await this.#events();
    this.#eventsToMs = events.at(-1)?.atMs ?? 0;
    const newest = await this.#newestRow('');
    this.#newestRowMs = newest ?? Number.NEGATIVE_INFINITY;
    if (this.#problem === null) await sleep(this.#clock, watchDelayMs);
  }

  /** Events since the last call, oldest first. */
  async news(): Promise<HeardEvent[]> {
    const events = await this.#events();
    const fresh = events.filter(({ atMs }) => atMs > this.#eventsToMs);
    this.#eventsToMs = fresh.at(-1)?.atMs ?? this.#eventsToMs;
    return fresh;
  }

  /** Waits for an event of `kind`, `longestMs` at most. */
  async awaitEvent(kind: string, longestMs: number): Promise<HeardEvent | null> {
    const endMs = this.#clock.monotonicMs() + longestMs;
    while (this.#problem === null) {
      const event = (await this.news()).find((heard) => heard.kind === kind);
      if (event !== undefined) return event;
      if (this.#clock.monotonicMs() >= endMs) return null;
      await sleep(this.#clock, pollIntervalMs);
    }
    return null;
  }

  /** True when there is a row that was not there at `begin`, or one with this timestamp. */
  async hasRow(timestampMs: number | null): Promise<boolean> {
    const newest = await this.#newestRow('');
    if (newest !== null && newest > this.#newestRowMs) return true;
    if (timestampMs === null) return false;
    return (await this.#newestRow(`&from=${timestampMs}&to=${timestampMs + 1}`)) === timestampMs;
  }

  async #events(): Promise<HeardEvent[]> {
    const { items } = (await this.#get('/events')) as { items?: unknown };
    if (!Array.isArray(items)) return this.#unexpected([]);
    return items.slice(-eventsReadMax).filter(isEvent);
  }

  async #newestRow(range: string): Promise<number | null> {
    const body = await this.#get(`/readings?limit=1${range}`);
    const { readings } = body as { readings?: { timestampMs?: unknown }[] };
    if (!Array.isArray(readings)) return this.#unexpected(null);
    const timestampMs = readings[0]?.timestampMs;
    return typeof timestampMs === 'number' ? timestampMs : null;
  }

  /** An answer that is a success and not what was asked for. */
  #unexpected<T>(nothing: T): T {
    this.#problem ??= { kind: 'failed', problem: 'an answer of another form' };
    return nothing;
  }

  /** The body of a resource of the device; empty when there is none, and `problem` says why. */
  async #get(resource: string): Promise<object> {
    const path = `/api/v1/devices/${encodeURIComponent(this.key)}${resource}`;
    try {
      const answer = await this.#api.get(path);
      if (answer.dateMs !== null) this.#clockLeadMs = this.#clock.nowMs() - answer.dateMs;
      this.#problem = apiProblem(answer.status, problemOf(answer));
      return this.#problem === null ? Object(answer.body) : {};
    } catch (error) {
      if (!(error instanceof ApiUnreachable)) throw error;
      this.#problem = { kind: 'unreachable', reason: error.message };
      return {};
    }
  }
}

function apiProblem(status: number, problem: string): ApiProblem | null {
  if (status === 200) return null;
  if (status === 401 || status === 403) return { kind: 'token', problem };
  return { kind: status === 404 ? 'device' : 'failed', problem };
}

function isEvent(event: unknown): event is HeardEvent {
  const { atMs, kind, text } = (event ?? {}) as Record<string, unknown>;
  const { en, zh } = (text ?? {}) as Record<string, unknown>;
  const texts = [kind, en, zh].every((part) => typeof part === 'string');
  return texts && typeof atMs === 'number';
}
