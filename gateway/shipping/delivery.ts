/**
 * Delivers records: to the store what it takes, to the dead letters what it or the check refused.
 * When a delivery resolves, every reading of its records is in one of the two.
 */

import { type Clock, sleep } from '../../model/clock.ts';
import { messageOf } from '../../model/errors.ts';
import { LatencyHistogram } from '../../model/histogram.ts';
import { limits } from '../../model/limits.ts';
import { splitLines } from '../../model/line-protocol.ts';
import type { ShipperStatus } from '../status/status.ts';
import type { LineBatch, Store, WriteResult } from '../stores/store.ts';
import { Backoff } from './backoff.ts';
import type { DeadLetter, DeadLetters } from './dead-letters.ts';
import type { PendingRecord } from './feed.ts';
import { lineCountOf } from './gatherer.ts';
import { type IsolatedLine, Isolation, type Offer, type RejectedOwner } from './isolate.ts';
import { checkLetters, storeLetter } from './letters.ts';

export interface DeliveryOptions {
  readonly store: Store;
  readonly deadLetters: Pick<DeadLetters, 'put'>;
  readonly clock: Clock;
  readonly log: { info(message: string): void; warn(message: string): void };
  /** Told, once rows are in the store, which devices they are of: those that were touched. */
  readonly onStored?: (keys: readonly string[]) => void;
}

/** What a delivery tells about the store. */
export interface Delivered {
  readonly durationMs: number;
  /** Lines of a write the store found too large. */
  readonly tooLargeLines: number | null;
  /** A write had to be repeated: the store was away, or gave it up. */
  readonly repeated: boolean;
}

interface LineOwner {
  readonly pending: PendingRecord;
  /** Index of the line in its record. */
  readonly index: number;
}

const pauseMs = 100;

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #backoff = new Backoff();
  readonly #isolation = new Isolation(limits.isolationRequestsMax);
  readonly #writeMs = new LatencyHistogram();
  #writes = 0;
  #retries = 0;
  #unavailable: ShipperStatus['unavailable'] = null;
  #cancelled = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Whatever waits for the store rejects; what was delivered stays delivered. */
  cancel(): void {
    this.#cancelled = true;
  }

  status(): Omit<ShipperStatus, 'linesPerWrite' | 'storedMs'> {
    const { fieldsLeftOut } = this.#options.store;
    return {
      ...(fieldsLeftOut !== undefined && { fieldsLeftOut }),
      unavailable: this.#unavailable,
      writes: this.#writes,
      retries: this.#retries,
      writeMs: this.#writeMs.summary(),
    };
  }

  /** May be repeated with the same records: rows and letters have identities. */
  async deliver(records: readonly PendingRecord[]): Promise<Delivered> {
    const { clock } = this.#options;
    const batch: LineBatch = {
      lines: Buffer.concat(records.map(({ record }) => record.lines)),
      lineCount: records.reduce((sum, pending) => sum + lineCountOf(pending), 0),
    };
    const startedMs = clock.monotonicMs();
    const retriesBefore = this.#retries;
    const result: WriteResult =
      batch.lineCount > 0 ? await this.#offer(batch) : { status: 'stored' };
    const letters = result.status === 'stored' ? [] : await this.#isolate(records, result);
    const durationMs = clock.monotonicMs() - startedMs;
    const stored = records.flatMap(storedKeys);
    if (stored.length > 0) this.#options.onStored?.(stored);
    await this.#deadLetter([...records.flatMap(checkLetters), ...letters]);
    return {
      durationMs,
      tooLargeLines: result.status === 'too-large' ? batch.lineCount : null,
      repeated: this.#retries > retriesBefore,
    };
  }

  /** One write, repeated until the store has answered about its content. */
  readonly #offer: Offer = async (batch) => {
    const { clock, log, store } = this.#options;
    for (;;) {
      const startedMs = clock.monotonicMs();
      const result = await store.write(batch);
      this.#writes++;
      this.#writeMs.record(clock.monotonicMs() - startedMs);
      if (result.status !== 'unavailable') {
        if (this.#unavailable !== null) {
          const seconds = Math.round((clock.nowMs() - this.#unavailable.sinceMs) / 1000);
          log.info(`The store answers again after ${seconds} s.`);
        }
        this.#unavailable = null;
        this.#backoff.reset();
        return result;
      }
      this.#retries++;
      if (this.#unavailable?.reason !== result.reason) {
        log.warn(`The store is unavailable, readings wait in the journal: ${result.reason}`);
        const sinceMs = this.#unavailable?.sinceMs ?? clock.nowMs();
        const { code, reason } = result;
        this.#unavailable = { sinceMs, reason, ...(code && { code }) };
      }
      await this.#pause(this.#backoff.next(result.retryAfterMs));
    }
  };

  /** Waits, but not beyond the end. */
  async #pause(waitMs: number): Promise<void> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + waitMs;
    while (!this.#cancelled && clock.monotonicMs() < endMs) {
      await sleep(clock, Math.min(pauseMs, waitMs));
    }
    if (this.#cancelled) throw new Error('stopped while the store was unavailable');
  }

  /** Finds the lines the store refuses; the rest is stored when this resolves. */
  async #isolate(records: readonly PendingRecord[], result: WriteResult): Promise<DeadLetter[]> {
    const lines = records.flatMap(linesOf);
    if (result.status !== 'rejected') {
      return this.#refuse(await this.#isolation.run(lines, this.#offer));
    }
    return this.#refuse(
      result.lines.flatMap(({ index, reason }) => {
        const line = lines[index];
        return line ? [{ ...line, code: 'store.refused-line' as const, reason }] : [];
      }),
    );
  }

  /** Letters for refused lines; a reading is dead when none of its lines is stored. */
  #refuse(rejected: readonly RejectedOwner<LineOwner>[]): DeadLetter[] {
    const byRecord = Map.groupBy(rejected, ({ owner }) => owner.pending);
    const dead = new Map<PendingRecord, ReadonlySet<number>>();
    for (const [pending, lines] of byRecord) {
      const refused = new Set(lines.map(({ owner }) => owner.index));
      const readings = deadReadings(pending.record.lineCounts, refused);
      pending.refusedByStore = new Set(readings.keys());
      dead.set(pending, new Set(readings.values()));
    }
    const atMs = this.#options.clock.nowMs();
    return rejected.map(({ owner: { pending, index }, line, code, reason }) => {
      const readings = dead.get(pending)?.has(index) ? 1 : 0;
      return storeLetter(pending, index, { line, code, reason, atMs, readings });
    });
  }

  async #deadLetter(letters: readonly DeadLetter[]): Promise<void> {
    const { deadLetters, log } = this.#options;
    if (letters.length === 0) return;
    for (let warned = false; ; warned = true) {
      try {
        await deadLetters.put(letters);
        return;
      } catch (error) {
        if (!warned) log.warn(`Dead letters cannot be written, trying on: ${messageOf(error)}`);
        await this.#pause(1000);
      }
    }
  }
}

/** Readings of which every line was refused, each with the index of its last line. */
function deadReadings(
  lineCounts: readonly number[],
  refused: ReadonlySet<number>,
): Map<number, number> {
  const found = new Map<number, number>();
  let first = 0;
  lineCounts.forEach((count, reading) => {
    let dead = count > 0;
    for (let i = first; i < first + count; i++) dead &&= refused.has(i);
    first += count;
    if (dead) found.set(reading, first - 1);
  });
  return found;
}

/** Devices whose touched reading is, wholly or in part, in the store. */
function storedKeys({ record, refusedByStore }: PendingRecord): string[] {
  return record.touched.flatMap(({ reading, key }) => (refusedByStore.has(reading) ? [] : [key]));
}

function linesOf(pending: PendingRecord): IsolatedLine<LineOwner>[] {
  return splitLines(pending.record.lines).map((line, index) => ({
    line,
    owner: { pending, index },
  }));
}
