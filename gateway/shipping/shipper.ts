/**
 * The one writer to the store: it merges all journals into large writes, waits out a store that is
 * away, isolates what the store refuses, and advances only over what is stored or dead-lettered.
 */

import { type Clock, sleep, type Timer } from '../../model/clock.ts';
import { messageOf } from '../../model/errors.ts';
import { LatencyHistogram } from '../../model/histogram.ts';
import { limits } from '../../model/limits.ts';
import { splitLines } from '../../model/line-protocol.ts';
import type { ShipperStatus } from '../status.ts';
import type { LineBatch, Store, WriteResult } from '../stores/store.ts';
import { Backoff } from './backoff.ts';
import type { DeadLetter, DeadLetters } from './dead-letters.ts';
import type { PendingRecord } from './feed.ts';
import type { Feeds } from './feeds.ts';
import { type IsolatedLine, Isolation, type Offer, type RejectedOwner } from './isolate.ts';
import { checkLetters, storeLetter } from './letters.ts';
import { Pace } from './pace.ts';

export interface ShipperOptions {
  readonly feeds: Feeds;
  readonly store: Store;
  readonly deadLetters: Pick<DeadLetters, 'put'>;
  readonly clock: Clock;
  readonly log: { info(message: string): void; warn(message: string): void };
  /** A record waits at most this long for company before it is written. */
  readonly lingerMs: number;
}

const pollMs = 50;
const refreshMs = 500;

interface LineOwner {
  readonly pending: PendingRecord;
  /** Index of the line in its record. */
  readonly index: number;
}

export class Shipper {
  readonly #options: ShipperOptions;
  readonly #pace: Pace;
  readonly #backoff = new Backoff();
  readonly #isolation = new Isolation(limits.isolationRequestsMax);
  readonly #writeMs = new LatencyHistogram();
  #storedMs = new LatencyHistogram();
  #storedMsBefore = new LatencyHistogram();
  /** Read from the journals, not yet in a write. */
  #gathered: PendingRecord[] = [];
  #gatheredLines = 0;
  #gatheredBytes = 0;
  #inFlight = 0;
  #writes = 0;
  #retries = 0;
  #unavailable: ShipperStatus['unavailable'] = null;
  #state: 'idle' | 'running' | 'draining' | 'stopped' = 'idle';
  #loop: Promise<void> = Promise.resolve();
  #timers: Timer[] = [];

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#pace = new Pace(options.store.preference);
  }

  /** Begins to ship; the journals' folders must be there. */
  async start(): Promise<void> {
    const { clock, feeds } = this.#options;
    await feeds.refresh();
    this.#state = 'running';
    this.#loop = this.#run();
    this.#timers = [clock.every(60_000, () => this.#turnHistogram())];
  }

  /** Ships what is left for at most `timeoutMs`, saves how far it came, and ends. */
  async stop(timeoutMs: number): Promise<void> {
    const { clock, feeds } = this.#options;
    for (const timer of this.#timers) timer.cancel();
    if (this.#state === 'running') this.#state = 'draining';
    const timeout = clock.after(timeoutMs, () => {
      this.#state = 'stopped';
    });
    await this.#loop;
    timeout.cancel();
    this.#state = 'stopped';
    await feeds.save();
    await feeds.refresh();
    await feeds.close();
  }

  status(): ShipperStatus {
    const storedMs = new LatencyHistogram();
    storedMs.add(this.#storedMs);
    storedMs.add(this.#storedMsBefore);
    return {
      unavailable: this.#unavailable,
      writes: this.#writes,
      retries: this.#retries,
      linesPerWrite: this.#pace.lines,
      writeMs: this.#writeMs.summary(),
      storedMs: storedMs.summary(),
    };
  }

  async #run(): Promise<void> {
    const { clock, feeds, log } = this.#options;
    let refreshedMs = clock.monotonicMs();
    while (this.#state !== 'stopped') {
      try {
        if (clock.monotonicMs() - refreshedMs > refreshMs) {
          refreshedMs = clock.monotonicMs();
          await feeds.save();
          await feeds.refresh();
        }
        const more = await this.#gather();
        if (this.#inFlight < this.#pace.concurrency && this.#due(more)) {
          this.#ship(this.#takeGathered(), more);
        } else if (this.#state === 'draining' && this.#nothingLeft(more)) {
          return;
        } else {
          await sleep(clock, pollMs);
        }
      } catch (error) {
        log.warn(`Shipping stumbled and goes on: ${messageOf(error)}`);
        await sleep(clock, 1000);
      }
    }
  }

  /** Reads until there is enough for one write; true when there may be more. */
  async #gather(): Promise<boolean> {
    if (this.#enough) return true;
    for await (const pending of this.#options.feeds.records()) {
      this.#gathered.push(pending);
      this.#gatheredLines += lineCountOf(pending);
      this.#gatheredBytes += pending.record.lines.length;
      if (this.#enough) return true;
    }
    return false;
  }

  get #enough(): boolean {
    return (
      this.#gatheredLines >= this.#pace.lines || this.#gatheredBytes >= limits.writeBytesMax / 2
    );
  }

  #due(more: boolean): boolean {
    const oldest = this.#gathered[0];
    if (oldest === undefined) return false;
    const ageMs = this.#options.clock.nowMs() - oldest.record.committedAtMs;
    const { lingerMs } = this.#options;
    return more || this.#state === 'draining' || ageMs >= lingerMs || ageMs < 0;
  }

  #nothingLeft(more: boolean): boolean {
    return !more && this.#gathered.length === 0 && this.#inFlight === 0;
  }

  #takeGathered(): PendingRecord[] {
    const records = this.#gathered;
    this.#gathered = [];
    this.#gatheredLines = 0;
    this.#gatheredBytes = 0;
    return records;
  }

  /** Ships records in the background, however long it takes. */
  #ship(records: PendingRecord[], more: boolean): void {
    this.#inFlight++;
    this.#deliver(records, more)
      .catch((error) => {
        // Nothing is lost: the records are not advanced over and are read again after a restart.
        this.#options.log.warn(`A write was given up until the next start: ${messageOf(error)}`);
      })
      .finally(() => {
        this.#inFlight--;
      });
  }

  async #deliver(records: PendingRecord[], more: boolean): Promise<void> {
    const { clock } = this.#options;
    const batch: LineBatch = {
      lines: Buffer.concat(records.map(({ record }) => record.lines)),
      lineCount: records.reduce((sum, pending) => sum + lineCountOf(pending), 0),
    };
    const startedMs = clock.monotonicMs();
    const result: WriteResult =
      batch.lineCount > 0 ? await this.#offer(batch) : { status: 'stored' };
    const letters = result.status === 'stored' ? [] : await this.#isolate(records, result);
    if (this.#state === 'stopped') return;
    if (more) this.#pace.backlog(clock.monotonicMs() - startedMs);
    else this.#pace.caughtUp();
    this.#recordLatency(records);
    await this.#deadLetter([...records.flatMap(checkLetters), ...letters]);
    for (const pending of records) pending.done = true;
    for (const { feed } of records) feed.settle();
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
      if (this.#unavailable === null) {
        log.warn(`The store is unavailable, readings wait in the journal: ${result.reason}`);
        this.#unavailable = { sinceMs: clock.nowMs(), reason: result.reason };
        this.#pace.unavailable();
      }
      await this.#pause(this.#backoff.next(result.retryAfterMs));
      if (this.#state === 'stopped') throw new Error('stopped while the store is unavailable');
    }
  };

  /** Waits, but not beyond the end of this shipper. */
  async #pause(waitMs: number): Promise<void> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + waitMs;
    while (this.#state !== 'stopped' && clock.monotonicMs() < endMs) {
      await sleep(clock, Math.min(pollMs * 2, waitMs));
    }
  }

  /** Finds the lines the store refuses; the rest is stored when this resolves. */
  async #isolate(records: PendingRecord[], result: WriteResult): Promise<DeadLetter[]> {
    const lines = records.flatMap(linesOf);
    if (result.status === 'rejected') {
      return this.#refuse(
        result.lines.flatMap(({ index, reason }) => {
          const line = lines[index];
          return line ? [{ ...line, code: 'store.refused-line' as const, reason }] : [];
        }),
      );
    }
    return this.#refuse(await this.#isolation.run(lines, this.#offer));
  }

  /** Letters for refused lines; a reading is dead when none of its lines is stored. */
  #refuse(rejected: readonly RejectedOwner<LineOwner>[]): DeadLetter[] {
    const byRecord = new Map<PendingRecord, Set<number>>();
    for (const { owner } of rejected) {
      const indexes = byRecord.get(owner.pending) ?? new Set();
      byRecord.set(owner.pending, indexes.add(owner.index));
    }
    const dead = new Map<PendingRecord, Set<number>>();
    for (const [pending, indexes] of byRecord) {
      const last = lastLinesOfDeadReadings(pending.record.lineCounts, indexes);
      pending.refusedByStore = last.size;
      dead.set(pending, last);
    }
    const atMs = this.#options.clock.nowMs();
    return rejected.map(({ owner: { pending, index }, line, code, reason }) => {
      const readings = dead.get(pending)?.has(index) ? 1 : 0;
      return storeLetter(pending, index, { line, code, reason, atMs, readings });
    });
  }

  async #deadLetter(letters: readonly DeadLetter[]): Promise<void> {
    const { clock, deadLetters, log } = this.#options;
    if (letters.length === 0) return;
    for (let warned = false; ; warned = true) {
      try {
        await deadLetters.put(letters);
        return;
      } catch (error) {
        if (!warned) log.warn(`Dead letters cannot be written, trying on: ${messageOf(error)}`);
        await sleep(clock, 1000);
        if (this.#state === 'stopped') throw error;
      }
    }
  }

  #recordLatency(records: readonly PendingRecord[]): void {
    const nowMs = this.#options.clock.nowMs();
    for (const { record } of records) {
      for (const timestampMs of record.timestampsMs) {
        if (timestampMs > 0) this.#storedMs.record(nowMs - timestampMs);
      }
    }
  }

  #turnHistogram(): void {
    this.#storedMsBefore = this.#storedMs;
    this.#storedMs = new LatencyHistogram();
  }
}

/** For each reading of which every line was refused, the index of its last line. */
function lastLinesOfDeadReadings(
  lineCounts: readonly number[],
  refused: ReadonlySet<number>,
): Set<number> {
  const last = new Set<number>();
  let first = 0;
  for (const count of lineCounts) {
    let dead = count > 0;
    for (let i = first; i < first + count; i++) dead &&= refused.has(i);
    first += count;
    if (dead) last.add(first - 1);
  }
  return last;
}

function lineCountOf({ record }: PendingRecord): number {
  let sum = 0;
  for (const count of record.lineCounts) sum += count;
  return sum;
}

function linesOf(pending: PendingRecord): IsolatedLine<LineOwner>[] {
  return splitLines(pending.record.lines).map((line, index) => ({
    line,
    owner: { pending, index },
  }));
}
