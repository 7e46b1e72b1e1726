/**
 * The last writes, to be written again when the server was started again: VictoriaMetrics answers
 * before a row is on its disk, and a killed one loses the seconds it had in memory (about 5 s after
 * `/internal/force_flush`, measured with 1.79.5; later versions: -inmemoryDataFlushInterval). What
 * it has already is not stored twice.
 */

import type { Clock } from '../../../model/clock.ts';
import { limits } from '../../../model/limits.ts';

const keptMs = 15_000;

export class RecentWrites {
  readonly #clock: Clock;
  readonly #keptMs: number;
  #writes: { readonly atMs: number; readonly body: Buffer }[] = [];
  #bytes = 0;

  /** `flushIntervalMs` is how long the server may keep rows in memory only. */
  constructor(clock: Clock, flushIntervalMs = 0) {
    this.#clock = clock;
    this.#keptMs = Math.max(keptMs, 3 * flushIntervalMs);
  }

  /** Remembers what the server has taken; forgets what is old, or too much. */
  add(body: Buffer): void {
    const atMs = this.#clock.monotonicMs();
    this.#writes.push({ atMs, body });
    this.#bytes += body.length;
    let gone = 0;
    for (const write of this.#writes) {
      const old = atMs - write.atMs > this.#keptMs;
      if (!old && this.#bytes <= limits.storeRecentBytesMax) break;
      this.#bytes -= write.body.length;
      gone++;
    }
    this.#writes = this.#writes.slice(gone);
  }

  /** In the order of writing. */
  bodies(): readonly Buffer[] {
    return this.#writes.map(({ body }) => body);
  }
}
