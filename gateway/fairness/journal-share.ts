/**
 * What each enterprise may add to the journal while the store takes less than arrives: without it
 * the noisiest one would use up what all of them need until the store is back.
 */

import type { JournalBacklog } from '../processes/messages.ts';

/** Those that come later are not counted: bounded memory before exact limits. */
const enterprisesMax = 100_000;

/** Counts bytes for each enterprise from the beginning of a backlog to its end. */
export class JournalShare {
  readonly #bytes = new Map<string, number>();
  #backlog: JournalBacklog | null = null;

  /** The supervisor's word: what each may add, or null when the backlog is gone. */
  set(backlog: JournalBacklog | null): void {
    this.#backlog = backlog;
    if (backlog === null) this.#bytes.clear();
  }

  /** `bytes` of `enterprise` go into the journal. */
  spend(enterprise: string, bytes: number): void {
    if (this.#backlog === null) return;
    const spent = this.#bytes.get(enterprise);
    if (spent === undefined && this.#bytes.size >= enterprisesMax) return;
    this.#bytes.set(enterprise, (spent ?? 0) + bytes);
  }

  /**
   * True when `enterprise` may add no more. Never while it is the only one that has written since
   * the backlog began, in this worker and in the others: then it takes nothing from anybody.
   */
  exceededBy(enterprise: string): boolean {
    if (this.#backlog === null) return false;
    const spent = this.#bytes.get(enterprise);
    if (spent === undefined || spent < this.#backlog.shareBytes) return false;
    return this.#backlog.contended || this.#bytes.size > 1;
  }

  /** Enterprises that have written since the backlog began: two at most, which is contention. */
  get writers(): readonly string[] {
    const first: string[] = [];
    for (const enterprise of this.#bytes.keys()) {
      if (first.length === 2) break;
      first.push(enterprise);
    }
    return first;
  }
}
