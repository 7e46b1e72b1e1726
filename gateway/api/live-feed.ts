/** One stream of server-sent events for any number of pages, made once for all of them. */

import type { Readable } from 'node:stream';
import type { Clock, Timer } from '../../model/clock.ts';
import { heartbeat, SseViewers, sseEvent } from './sse-viewers.ts';

export interface LiveFeedOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly viewersMax: number;
  /** A viewer whose connection takes nothing for this long is let go. */
  readonly behindMsMax: number;
  /** What every viewer is sent, as JSON. */
  snapshot(): Promise<unknown>;
}

/** A connection that takes no more than this is behind; what it misses is not kept for it. */
const bufferBytesMax = 64 * 1024;
const everybody = 'live';

/** Sends a snapshot to every viewer each interval; does nothing while nobody watches. */
export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #viewers: SseViewers;
  #timer: Timer | null = null;
  #making = false;
  #last: string | null = null;

  constructor(options: LiveFeedOptions) {
    const { behindMsMax, clock, viewersMax } = options;
    this.#options = options;
    this.#viewers = new SseViewers({
      clock,
      viewersMax,
      bufferBytesMax,
      behindMsMax,
      onEmpty: () => this.#rest(),
    });
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /**
   * A new viewer's stream of `event: snapshot` events; it ends when the feed closes.
   * @throws OnrampError `api.too-many-viewers`.
   */
  join(): Readable {
    const { clock, intervalMs } = this.#options;
    const retry = `retry: ${intervalMs * 2}\n\n`;
    const stream = this.#viewers.join(everybody, retry + (this.#last ?? ''));
    if (this.#timer === null) {
      this.#timer = clock.every(intervalMs, () => void this.#tick());
      void this.#tick();
    }
    return stream;
  }

  /** Ends every viewer's stream. */
  close(): void {
    this.#viewers.close();
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#last = null;
  }

  async #tick(): Promise<void> {
    if (this.#making) return;
    this.#making = true;
    try {
      this.#last = sseEvent('snapshot', await this.#options.snapshot());
      this.#viewers.send(everybody, this.#last);
    } catch {
      this.#viewers.send(everybody, heartbeat);
    } finally {
      this.#making = false;
    }
  }
}
