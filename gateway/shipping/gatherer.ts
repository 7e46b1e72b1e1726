/** Collects records of all journals until there is enough for one write. Bounded. */

import { limits } from '../../model/limits.ts';
import type { PendingRecord } from './feed.ts';
import type { Feeds } from './feeds.ts';

export class Gatherer {
  readonly #feeds: Feeds;
  #records: PendingRecord[] = [];
  #lines = 0;
  #bytes = 0;

  constructor(feeds: Feeds) {
    this.#feeds = feeds;
  }

  /** Reads until there are `lines` or enough bytes; true when there may be more. */
  async gather(lines: number): Promise<boolean> {
    const enough = (): boolean => this.#lines >= lines || this.#bytes >= limits.writeBytesMax / 2;
    if (enough()) return true;
    for await (const pending of this.#feeds.records()) {
      this.#records.push(pending);
      this.#lines += lineCountOf(pending);
      this.#bytes += bytesOf(pending);
      if (enough()) return true;
    }
    return false;
  }

  /** When the oldest record was committed; null when there is none. */
  get oldestMs(): number | null {
    return this.#records[0]?.record.committedAtMs ?? null;
  }

  /** What was gathered; the gatherer begins anew. */
  take(): PendingRecord[] {
    const records = this.#records;
    this.#records = [];
    this.#lines = 0;
    this.#bytes = 0;
    return records;
  }
}

/** Lines of a record. */
export function lineCountOf({ record }: PendingRecord): number {
  let sum = 0;
  for (const count of record.lineCounts) sum += count;
  return sum;
}

/** What a record holds in memory: refusals as well, which may be all there is. */
function bytesOf({ record }: PendingRecord): number {
  let sum = record.lines.length;
  for (const { detail, payload } of record.refusals) sum += payload.length + detail.length + 200;
  return sum;
}
