/**
 * Which devices and gateways were shut out of late, so that a CONNECT whose credential was looked
 * up before is closed when it becomes a session.
 */

import type { ErrorCode } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';

/** Longer than a CONNECT takes from the look-up of its credential to the session. */
const memoryMs = 60_000;

interface ShutOut {
  readonly code: ErrorCode;
  readonly atMs: number;
}

/** Times are of the monotonic clock. */
export class ShutOuts {
  readonly #max: number;
  /** The newest last. */
  readonly #byKey = new Map<string, ShutOut>();
  /** Whoever was looked up before this may have been shut out and forgotten. */
  #forgottenUntilMs = Number.NEGATIVE_INFINITY;

  constructor(max: number = limits.shutOutsRememberedMax) {
    this.#max = max;
  }

  note(key: string, code: ErrorCode, nowMs: number): void {
    this.#byKey.delete(key);
    this.#byKey.set(key, { code, atMs: nowMs });
    for (const [oldest, { atMs }] of this.#byKey) {
      const over = this.#byKey.size > this.#max;
      if (!over && nowMs - atMs <= memoryMs) break;
      if (over) this.#forgottenUntilMs = atMs;
      this.#byKey.delete(oldest);
    }
  }

  /**
   * Why a session must not begin whose credential was looked up from `lookedUpAtMs` on, or null.
   */
  since(key: string, lookedUpAtMs: number): ErrorCode | null {
    const found = this.#byKey.get(key);
    if (found !== undefined && found.atMs >= lookedUpAtMs) return found.code;
    return lookedUpAtMs <= this.#forgottenUntilMs ? 'connect.busy' : null;
  }
}
