/** One stream of server-sent events for any number of pages, made once for all of them. */

import { PassThrough, type Readable } from 'node:stream';
import type { Clock, Timer } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';

export interface LiveFeedOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly viewersMax: number;
  /** A viewer whose connection takes nothing for this long is let go. */
  readonly behindMsMax: number;
  /** What every viewer is sent, as JSON. */
  snapshot(): Promise<unknown>;
}

interface Viewer {
  readonly stream: PassThrough;
  behindSinceMs: number | null;
}

/** A connection that takes no more than this is behind; what it misses is not kept for it. */
const viewerBufferBytesMax = 64 * 1024;
/** What keeps a connection from looking dead when there is nothing to tell (HTML §9.2.6). */
const heartbeat = ': heartbeat\n\n';

/** Sends a snapshot to every viewer each interval; does nothing while nobody watches. */
export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #viewers = new Set<Viewer>();
  #timer: Timer | null = null;
  #making = false;
  #last: string | null = null;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /**
   * A new viewer's stream of `event: snapshot` events; it ends when the feed closes.
   * @throws OnrampError `api.too-many-viewers`.
   */
  join(): Readable {
    const { clock, intervalMs, viewersMax } = this.#options;
    if (this.#viewers.size >= viewersMax) {
      throw new OnrampError('api.too-many-viewers', `at most ${viewersMax}`);
    }
    const stream = new PassThrough({ highWaterMark: viewerBufferBytesMax });
    const viewer: Viewer = { stream, behindSinceMs: null };
    stream.on('close', () => this.#leave(viewer));
    stream.on('error', () => this.#leave(viewer));
    stream.write(`retry: ${intervalMs * 2}\n\n`);
    this.#viewers.add(viewer);
    if (this.#timer === null) {
      this.#timer = clock.every(intervalMs, () => void this.#tick());
      void this.#tick();
    } else if (this.#last !== null) {
      stream.write(this.#last);
    }
    return stream;
  }

  /** Ends every viewer's stream. */
  close(): void {
    for (const viewer of [...this.#viewers]) {
      this.#leave(viewer);
      viewer.stream.end();
    }
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#last = null;
  }

  async #tick(): Promise<void> {
    if (this.#making) return;
    this.#making = true;
    try {
      const snapshot = JSON.stringify(await this.#options.snapshot());
      this.#last = `event: snapshot\ndata: ${snapshot}\n\n`;
      this.#send(this.#last);
    } catch {
      this.#send(heartbeat);
    } finally {
      this.#making = false;
    }
  }

  #send(event: string): void {
    const { clock, behindMsMax } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const viewer of [...this.#viewers]) {
      if (!viewer.stream.writableNeedDrain) {
        viewer.behindSinceMs = null;
        viewer.stream.write(event);
        continue;
      }
      viewer.behindSinceMs ??= nowMs;
      if (nowMs - viewer.behindSinceMs >= behindMsMax) viewer.stream.destroy();
    }
  }
}
