/** Where every reading went that any worker has received, living or dead. */

import type { WorkerCounters } from '../journal/commit.ts';
import { zeroCounters } from '../journal/commit.ts';
import type { WorkerStats } from '../processes/messages.ts';
import type { WorkerPool } from '../processes/worker-pool.ts';
import type { Shipped } from '../shipping/feed.ts';
import type { Feeds } from '../shipping/feeds.ts';
import { addCounters } from '../shipping/totals.ts';
import type { ReadingCounts } from './status.ts';

export interface ReadingTallyOptions {
  readonly pool: Pick<WorkerPool, 'stats' | 'liveGenerations'>;
  readonly feeds: Pick<Feeds, 'shipped' | 'shippedOf'>;
}

/** A generation that lost its writer and is not yet shipped to its end. */
interface DeadGeneration {
  /** The worker's last report. */
  readonly reported: Readonly<WorkerCounters>;
  /** The feed's account, which the feed itself brings up to date; null until there is a feed. */
  account: Readonly<Shipped> | null;
}

/**
 * Living workers count as they report, or as their journal says when that is ahead. What a dead
 * worker had reported beyond its last commit stays counted. It waits until the journal has been
 * read to its end, for until then it may be in there; what is not was never acknowledged, so its
 * death, which closed the sessions, withheld it.
 *
 * No sum but `waiting` ever falls while the supervisor lives, and they add up as `ReadingCounts`
 * says at any time.
 */
export class ReadingTally {
  readonly #options: ReadingTallyOptions;
  readonly #dead = new Map<string, DeadGeneration>();
  /** What dead workers had reported and no journal holds. */
  #uncommitted: WorkerCounters = zeroCounters;

  constructor(options: ReadingTallyOptions) {
    this.#options = options;
  }

  /** Keeps a dead worker's last report; call it when its generation ceases to be live. */
  keep({ generation, counters }: WorkerStats): void {
    if (counters.received === 0) return;
    this.#dead.set(generation, { reported: counters, account: null });
  }

  /**
   * Generations whose writer lives, for the feeds: since they ask before they take a generation for
   * finished, its account is known here before it goes.
   */
  liveGenerations(): ReadonlySet<string> {
    this.#findAccounts();
    return this.#options.pool.liveGenerations();
  }

  counts(): ReadingCounts {
    const { feeds, pool } = this.#options;
    this.#findAccounts();
    this.#settleFinished();
    const shipped = feeds.shipped();
    let counters = addCounters(shipped.counters, this.#uncommitted);
    for (const { generation, counters: reported } of pool.stats()) {
      counters = addCounters(counters, beyond(reported, feeds.shippedOf(generation)));
    }
    for (const { account, reported } of this.#dead.values()) {
      counters = addCounters(counters, beyond(reported, account));
    }
    const deadLettered = shipped.refusedByCheck + shipped.refusedByStore;
    return {
      received: counters.received,
      stored: shipped.stored,
      deadLettered,
      waiting: counters.accepted + counters.refused - shipped.stored - deadLettered,
      withheld: counters.withheld,
      dropped: counters.dropped,
      refusedFields: counters.refusedFields,
    };
  }

  #findAccounts(): void {
    for (const [generation, dead] of this.#dead) {
      dead.account ??= this.#options.feeds.shippedOf(generation) ?? null;
    }
  }

  #settleFinished(): void {
    for (const [generation, { account, reported }] of this.#dead) {
      if (account === null || this.#options.feeds.shippedOf(generation) !== undefined) continue;
      const lost = beyond(reported, account);
      const withheld = lost.withheld + lost.accepted + lost.refused;
      this.#uncommitted = addCounters(this.#uncommitted, {
        ...lost,
        accepted: 0,
        refused: 0,
        withheld,
      });
      this.#dead.delete(generation);
    }
  }
}

/** What was reported and is not shipped; nothing when the journal is ahead of the last report. */
function beyond(
  reported: WorkerCounters,
  account: Readonly<Shipped> | null | undefined,
): WorkerCounters {
  const read = account?.counters ?? zeroCounters;
  if (reported.received <= read.received) return zeroCounters;
  return {
    received: reported.received - read.received,
    accepted: reported.accepted - read.accepted,
    refused: reported.refused - read.refused,
    withheld: reported.withheld - read.withheld,
    dropped: reported.dropped - read.dropped,
    refusedFields: reported.refusedFields - read.refusedFields,
  };
}
