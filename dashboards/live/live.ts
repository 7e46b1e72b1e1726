/** Keeps a page supplied with snapshots: connects, watches, connects again. */

import type { Clock, Timer } from '../../model/clock.ts';
import { messageOf } from '../../model/errors.ts';
import type { Name } from '../../model/profile.ts';
import { serverEvents } from './event-stream.ts';
import { dictionary } from './i18n.ts';
import { refusalOf } from './problem.ts';
import { parseSnapshot, type Snapshot } from './snapshot.ts';

/** `refused`: the gateway does not accept the token, and trying again will not help. */
export type Connection = 'connecting' | 'live' | 'lost' | 'refused';

export interface LiveOptions {
  readonly url: string;
  readonly token: string;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  onSnapshot(snapshot: Snapshot): void;
  /** `reason` says what was wrong, for people; null when nothing was. */
  onConnection(connection: Connection, reason: Name | null): void;
}

const retryDelayMsMin = 500;
const retryDelayMsMax = 10_000;
/** The gateway sends every second; a connection that is silent this long is dead. */
const silenceMsMax = 10_000;
const silent = new Error('silent');

/** Runs until `stop`. Delays between attempts double from 0.5 s to 10 s and begin anew on success. */
export class Live {
  readonly #options: LiveOptions;
  #abort = new AbortController();
  #retry: Timer | null = null;
  #delayMs = retryDelayMsMin;
  #stopped = false;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.onConnection('connecting', null);
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    let reason: Name;
    try {
      reason = await this.#watch();
    } catch (error) {
      const message = messageOf(error);
      reason = error === silent ? dictionary['connection.silent'] : { en: message, zh: message };
    }
    if (this.#stopped) return;
    this.#options.onConnection('lost', reason);
    this.#retry = this.#options.clock.after(this.#delayMs, () => void this.#run());
    this.#delayMs = Math.min(this.#delayMs * 2, retryDelayMsMax);
  }

  /** Resolves with the reason when the stream has ended. */
  async #watch(): Promise<Name> {
    const { url, token, clock } = this.#options;
    const abort = new AbortController();
    this.#abort = abort;
    const watchdog = () => clock.after(silenceMsMax, () => abort.abort(silent));
    let silence = watchdog();
    try {
      const response = await this.#options.fetch(url, {
        headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
        cache: 'no-store',
        signal: abort.signal,
      });
      if (response.status === 401 || response.status === 403) {
        const refusal = await refusalOf(response);
        if (!this.#stopped) this.#options.onConnection('refused', refusal);
        this.#stopped = true;
        return refusal;
      }
      if (!response.ok || response.body === null) return refusalOf(response);
      for await (const event of serverEvents(response.body)) {
        silence.cancel();
        silence = watchdog();
        if (event.type !== 'snapshot') continue;
        const snapshot = parseSnapshot(event.data);
        this.#delayMs = retryDelayMsMin;
        this.#options.onConnection('live', null);
        this.#options.onSnapshot(snapshot);
      }
      return dictionary['connection.ended'];
    } finally {
      silence.cancel();
      abort.abort();
    }
  }
}
