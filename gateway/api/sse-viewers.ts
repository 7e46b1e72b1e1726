/**
 * Whoever reads a stream of server-sent events, in rooms: bounded, and nobody waits for the slow.
 */

import { PassThrough, type Readable } from 'node:stream';
import type { Clock } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';

export interface SseViewersOptions {
  readonly clock: Clock;
  readonly viewersMax: number;
  /** Bytes a viewer may leave unread; what comes while more is unread is not kept for it. */
  readonly bufferBytesMax: number;
  /** A viewer that leaves more unread for this long is let go; its browser comes again. */
  readonly behindMsMax: number;
  /** The last viewer of a room has left. */
  readonly onEmpty: (room: string) => void;
}

interface Viewer {
  readonly room: string;
  readonly stream: PassThrough;
  behindSinceMs: number | null;
}

/** What keeps a connection from looking dead when there is nothing to tell (HTML §9.2.6). */
export const heartbeat = ': heartbeat\n\n';

/** One event of a stream, as text (HTML §9.2.5). */
export function sseEvent(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

export class SseViewers {
  readonly #options: SseViewersOptions;
  readonly #rooms = new Map<string, Set<Viewer>>();
  #size = 0;

  constructor(options: SseViewersOptions) {
    this.#options = options;
  }

  /** All viewers. */
  get size(): number {
    return this.#size;
  }

  has(room: string): boolean {
    return this.#rooms.has(room);
  }

  /**
   * A new viewer's stream, which begins with `opening` and ends when it is let go or all are.
   * @throws OnrampError `api.too-many-viewers`.
   */
  join(room: string, opening: string): Readable {
    const { bufferBytesMax, viewersMax } = this.#options;
    if (this.#size >= viewersMax) {
      throw new OnrampError('api.too-many-viewers', `at most ${viewersMax}`);
    }
    const stream = new PassThrough({ highWaterMark: bufferBytesMax });
    const viewer: Viewer = { room, stream, behindSinceMs: null };
    stream.on('close', () => this.#leave(viewer));
    stream.on('error', () => this.#leave(viewer));
    const others = this.#rooms.get(room);
    if (others === undefined) this.#rooms.set(room, new Set([viewer]));
    else others.add(viewer);
    this.#size++;
    stream.write(opening);
    return stream;
  }

  /** To the viewers of one room, or to all. */
  send(room: string | null, text: string): void {
    if (room === null) {
      for (const each of [...this.#rooms.keys()]) this.send(each, text);
      return;
    }
    for (const viewer of [...(this.#rooms.get(room) ?? [])]) this.#write(viewer, text);
  }

  /** Ends the streams of one room, or all. */
  close(room: string | null = null): void {
    const rooms = room === null ? [...this.#rooms.keys()] : [room];
    for (const each of rooms) {
      for (const viewer of [...(this.#rooms.get(each) ?? [])]) {
        this.#leave(viewer);
        viewer.stream.end();
      }
    }
  }

  #write(viewer: Viewer, text: string): void {
    const { behindMsMax, clock } = this.#options;
    if (!viewer.stream.writableNeedDrain) {
      viewer.behindSinceMs = null;
      viewer.stream.write(text);
      return;
    }
    const nowMs = clock.monotonicMs();
    viewer.behindSinceMs ??= nowMs;
    if (nowMs - viewer.behindSinceMs >= behindMsMax) viewer.stream.destroy();
  }

  #leave(viewer: Viewer): void {
    const others = this.#rooms.get(viewer.room);
    if (others?.delete(viewer) !== true) return;
    this.#size--;
    if (others.size > 0) return;
    this.#rooms.delete(viewer.room);
    this.#options.onEmpty(viewer.room);
  }
}
