/** What finished generations have shipped, all together, in one small file. */

import { existsSync, readFileSync } from 'node:fs';
import { writeOwnerFile } from '../data-folder/owner-file.ts';
import type { WorkerCounters } from '../journal/commit.ts';
import { nothingShipped, type Shipped } from './feed.ts';

interface TotalsFile extends Shipped {
  /** Generations already counted whose folder may still be there. */
  folded: string[];
}

/**
 * Sums over generations that no longer exist. A generation is folded in before its folder goes; a
 * crash in between leaves a folder that is known to be counted.
 */
export class Totals {
  readonly #path: string;
  #state: TotalsFile;

  constructor(path: string) {
    this.#path = path;
    this.#state = read(path) ?? { ...nothingShipped(), folded: [] };
  }

  get shipped(): Readonly<Shipped> {
    return this.#state;
  }

  has(generation: string): boolean {
    return this.#state.folded.includes(generation);
  }

  /** Adds a generation's counts, durably, before its folder is removed. */
  fold(generation: string, shipped: Shipped): void {
    if (this.has(generation)) return;
    const sum = addShipped(this.#state, shipped);
    const state = { ...sum, folded: [...this.#state.folded, generation] };
    // On disk first: what memory says is folded may be removed.
    writeOwnerFile(this.#path, JSON.stringify(state));
    this.#state = state;
  }

  /** The folder is gone; its name need not be remembered. */
  forget(generation: string): void {
    this.#state.folded = this.#state.folded.filter((name) => name !== generation);
  }
}

export function addShipped(a: Shipped, b: Shipped): Shipped {
  return {
    stored: a.stored + b.stored,
    refusedByStore: a.refusedByStore + b.refusedByStore,
    refusedByCheck: a.refusedByCheck + b.refusedByCheck,
    counters: addCounters(a.counters, b.counters),
  };
}

export function addCounters(a: WorkerCounters, b: WorkerCounters): WorkerCounters {
  return {
    received: a.received + b.received,
    accepted: a.accepted + b.accepted,
    refused: a.refused + b.refused,
    withheld: a.withheld + b.withheld,
    dropped: a.dropped + b.dropped,
    refusedFields: a.refusedFields + b.refusedFields,
  };
}

/** Null when there is no file, or none that can be read: then counting begins anew. */
function read(path: string): TotalsFile | null {
  if (!existsSync(path)) return null;
  try {
    const state = JSON.parse(readFileSync(path, 'utf8')) as TotalsFile;
    return Array.isArray(state.folded) ? state : null;
  } catch {
    return null;
  }
}
