/** Every generation in the journal folder, those of workers that no longer exist included. */

import type { JournalFiles } from '../journal/files.ts';
import { listGenerations } from '../journal/layout.ts';
import type { Discarded } from '../journal/reader.ts';
import { Feed, type PendingRecord, type Shipped } from './feed.ts';
import { addShipped, Totals } from './totals.ts';

export interface FeedsOptions {
  readonly folder: string;
  readonly totalsPath: string;
  readonly files: JournalFiles;
  /** Generations whose writer lives. All others are dead. */
  readonly liveGenerations: () => ReadonlySet<string>;
  readonly onDiscarded: (generation: string, discarded: Discarded) => void;
}

export class Feeds {
  readonly #options: FeedsOptions;
  readonly #totals: Totals;
  readonly #feeds = new Map<string, Feed>();

  constructor(options: FeedsOptions) {
    this.#options = options;
    this.#totals = new Totals(options.totalsPath);
  }

  /** Takes up new generations, removes finished ones. */
  async refresh(): Promise<void> {
    const { files, folder } = this.#options;
    for (const name of await listGenerations(files, folder)) {
      if (this.#feeds.has(name)) continue;
      const feed = await this.#open(name);
      if (this.#totals.has(name)) await this.#remove(feed);
      else this.#feeds.set(name, feed);
    }
    for (const feed of [...this.#feeds.values()]) {
      if (!feed.finished) continue;
      this.#totals.fold(feed.name, feed.shipped);
      this.#feeds.delete(feed.name);
      await this.#remove(feed);
    }
  }

  #open(generation: string): Promise<Feed> {
    const { files, folder, liveGenerations, onDiscarded } = this.#options;
    const dead = (): boolean => !liveGenerations().has(generation);
    return Feed.open({
      folder,
      generation,
      files,
      dead,
      onDiscarded: (discarded) => onDiscarded(generation, discarded),
    });
  }

  /** Removes a generation that is counted in the totals. */
  async #remove(feed: Feed): Promise<void> {
    await feed.remove();
    this.#totals.forget(feed.name);
  }

  /**
   * Records of all generations in turn, until there are none at the moment. A generation that
   * caught up with its writer is not asked again: what came since is for the next time.
   */
  async *records(): AsyncGenerator<PendingRecord> {
    let feeds = [...this.#feeds.values()];
    const caughtUp = new Set<Feed>();
    while (feeds.length > 0) {
      const more: Feed[] = [];
      for (const feed of feeds) {
        let pending = feed.nextRead();
        if (pending === null && !caughtUp.has(feed)) {
          pending = await feed.next();
          if (feed.caughtUp) caughtUp.add(feed);
        }
        if (pending === null) continue;
        more.push(feed);
        yield pending;
      }
      feeds = more;
    }
  }

  /** Saves the positions of all generations. */
  async save(): Promise<void> {
    for (const feed of this.#feeds.values()) await feed.save();
  }

  /** What was shipped since the data folder was made. */
  shipped(): Shipped {
    let sum: Shipped = this.#totals.shipped;
    for (const feed of this.#feeds.values()) sum = addShipped(sum, feed.shipped);
    return sum;
  }

  /** What was shipped of one generation; undefined when it is finished and gone. */
  shippedOf(generation: string): Shipped | undefined {
    return this.#feeds.get(generation)?.shipped;
  }

  async unshippedBytes(): Promise<number> {
    let sum = 0;
    for (const feed of this.#feeds.values()) sum += await feed.unshippedBytes();
    return sum;
  }

  async close(): Promise<void> {
    for (const feed of this.#feeds.values()) await feed.close();
  }
}
