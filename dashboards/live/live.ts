/** Keeps a page supplied with snapshots: connects, watches, connects again. */

import type { Clock, Timer } from '../../model/clock.ts';
import { serverEvents } from './event-stream.ts';
import { parseSnapshot, type Snapshot } from './snapshot.ts';

/** `refused`: the gateway does not accept the token, and trying again will not help. */
export type Connection = 'connecting' | 'live' | 'lost' | 'refused';

export interface LiveOptions {
  readonly url: string;
  readonly token: string;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  onSnapshot(snapshot: Snapshot): void;
  /** `reason` says what was wrong, for people; empty when nothing was. */
  onConnection(connection: Connection, reason: string): void;
}

const retryDelayMsMin = 500;
const retryDelayMsMax = 10_000;
/** The gateway sends every second; a connection that is silent this long is dead. */
const silenceMsMax = 10_000;

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
    this.#options.onConnection('connecting', '');
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    let reason: string;
    try {
      reason = await this.#watch();
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    if (this.#stopped) return;
    this.#options.onConnection('lost', reason);
    this.#retry = this.#options.clock.after(this.#delayMs, () => void this.#run());
    this.#delayMs = Math.min(this.#delayMs * 2, retryDelayMsMax);
  }

  /** Resolves with the reason when the stream has ended. */
  async #watch(): Promise<string> {
    const { url, token, clock } = this.#options;
    const abort = new AbortController();
    this.#abort = abort;
    const watchdog = () => clock.after(silenceMsMax, () => abort.abort(new Error('no answer')));
    let silence = watchdog();
    try {
      const response = await this.#options.fetch(url, {
        headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
        cache: 'no-store',
        signal: abort.signal,
      });
      if (response.status === 401 || response.status === 403) {
        this.#stopped = true;
        this.#options.onConnection('refused', '');
        return '';
      }
      if (!response.ok || response.body === null) return `HTTP ${response.status}`;
      for await (const event of serverEvents(response.body)) {
        silence.cancel();
        silence = watchdog();
        if (event.type !== 'snapshot') continue;
        const snapshot = parseSnapshot(event.data);
        this.#delayMs = retryDelayMsMin;
        this.#options.onConnection('live', '');
        this.#options.onSnapshot(snapshot);
      }
      return 'the gateway ended the connection';
    } finally {
      silence.cancel();
      abort.abort();
    }
  }
}
