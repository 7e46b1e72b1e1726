/**
 * One generation of the journal on its way to the store: read in order, shipped in any order,
 * advanced only over what is done.
 */

import { type CommittedRecord, type WorkerCounters, zeroCounters } from '../journal/commit.ts';
import type { JournalFiles } from '../journal/files.ts';
import { Generation } from '../journal/generation.ts';
import { journalBegin } from '../journal/layout.ts';
import { type Discarded, JournalReader } from '../journal/reader.ts';

/** What became of a generation's readings so far; as old as the position it is saved with. */
export interface Shipped {
  stored: number;
  /** Refused whole by the store. */
  refusedByStore: number;
  /** Refused whole by the check, now in the dead letters. */
  refusedByCheck: number;
  /** The worker's counters as of the last record shipped. */
  counters: Readonly<WorkerCounters>;
}

const none: ReadonlySet<number> = new Set();

export function nothingShipped(): Shipped {
  return { stored: 0, refusedByStore: 0, refusedByCheck: 0, counters: zeroCounters };
}

/** A record that has been read and not yet advanced over. */
export interface PendingRecord {
  readonly record: CommittedRecord;
  readonly feed: Feed;
  /** Indices of its readings that the store refused whole. */
  refusedByStore: ReadonlySet<number>;
  done: boolean;
}

export interface FeedOptions {
  readonly folder: string;
  readonly generation: string;
  readonly files: JournalFiles;
  /** True when the process that writes this generation is known to be gone. */
  readonly dead: () => boolean;
  readonly onDiscarded: (discarded: Discarded) => void;
}

export class Feed {
  readonly name: string;
  readonly shipped: Shipped;
  readonly #generation: Generation;
  readonly #reader: JournalReader;
  readonly #dead: () => boolean;
  readonly #pending: PendingRecord[] = [];
  #position: CommittedRecord['end'] | null = null;
  #unsaved = false;

  private constructor(
    name: string,
    generation: Generation,
    reader: JournalReader,
    dead: () => boolean,
    shipped: Shipped,
  ) {
    this.name = name;
    this.#dead = dead;
    this.#generation = generation;
    this.#reader = reader;
    this.shipped = shipped;
  }

  /** Goes on where the last supervisor's saved position is. */
  static async open(options: FeedOptions): Promise<Feed> {
    const { folder, generation: name, files, dead, onDiscarded } = options;
    const generation = new Generation({ folder, generation: name, files });
    const saved = await generation.savedPosition();
    const from = saved ?? journalBegin;
    const reader = new JournalReader({ folder, generation: name, from, files, dead, onDiscarded });
    const shipped = { ...nothingShipped(), ...(saved?.shipped as Partial<Shipped> | undefined) };
    return new Feed(name, generation, reader, dead, shipped);
  }

  /** The next record, or null when there is none at the moment. */
  async next(): Promise<PendingRecord | null> {
    return this.#pend(await this.#reader.next());
  }

  /** The next record of those in memory; null when the disk is to be asked (`next`). */
  nextRead(): PendingRecord | null {
    return this.#pend(this.#reader.nextRead());
  }

  /** True when the last look at the disk found the end of what there was, and more may come. */
  get caughtUp(): boolean {
    return this.#reader.sawEnd && !this.#dead();
  }

  #pend(record: CommittedRecord | null): PendingRecord | null {
    if (record === null) return null;
    const pending: PendingRecord = { record, feed: this, refusedByStore: none, done: false };
    this.#pending.push(pending);
    return pending;
  }

  /** True when the generation is shipped to its end and its writer is gone. */
  get finished(): boolean {
    return this.#reader.ended() && this.#pending.length === 0;
  }

  /** Counts and passes over the records that are done, up to the first that is not. */
  settle(): void {
    while (this.#pending[0]?.done === true) {
      const { record, refusedByStore } = this.#pending[0];
      this.#pending.shift();
      // After a failed write the same commit may stand twice; its counters tell.
      const repeated =
        record.counters.accepted === this.shipped.counters.accepted &&
        record.counters.refused === this.shipped.counters.refused;
      if (!repeated) {
        const whole = record.refusals.filter(({ scope }) => scope === 'reading').length;
        this.shipped.stored += record.timestampsMs.length - refusedByStore.size;
        this.shipped.refusedByStore += refusedByStore.size;
        this.shipped.refusedByCheck += whole;
      }
      this.shipped.counters = record.counters;
      this.#position = record.end;
      this.#unsaved = true;
    }
  }

  /** Saves the position and unlinks what lies before it. Resolves also when the disk is full. */
  async save(): Promise<void> {
    if (!this.#unsaved || this.#position === null) return;
    const position = this.#position;
    const { saved } = await this.#generation.advance({ ...position, shipped: { ...this.shipped } });
    // Settled further while this was written: then it is to be saved again.
    if (saved && position === this.#position) this.#unsaved = false;
  }

  /** Bytes on disk that are not yet shipped. */
  unshippedBytes(): Promise<number> {
    return this.#generation.unshippedBytes(this.#position ?? this.#reader.position);
  }

  /** Removes a finished generation from the disk. */
  async remove(): Promise<void> {
    await this.#reader.close();
    await this.#generation.remove();
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}
