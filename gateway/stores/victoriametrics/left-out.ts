/** Counts what cannot be kept, and says once of each kind of field that it is left out. */

import { limits } from '../../../model/limits.ts';
import type { StoreLogger } from '../context.ts';

export class LeftOut {
  readonly #logger: StoreLogger;
  readonly #said = new Set<string>();
  #total = 0;

  constructor(logger: StoreLogger) {
    this.#logger = logger;
  }

  get total(): number {
    return this.#total;
  }

  /** `counts` is by `profile.field`. */
  add(counts: ReadonlyMap<string, number>): void {
    for (const [field, count] of counts) {
      this.#total += count;
      if (this.#said.has(field) || this.#said.size >= limits.storeLeftOutKindsMax) continue;
      this.#said.add(field);
      this.#logger.warn(
        `VictoriaMetrics keeps numbers only: the texts of ${field} are left out, their rows stored without them.`,
      );
    }
  }
}
