/** How many sessions each enterprise may have, at hand without waiting. */

import type { RegistryReader } from '../registry/registry.ts';

export interface SessionLimitsOptions {
  readonly registry: Pick<RegistryReader, 'enterpriseLimits'>;
  /** For enterprises that have no limit of their own, and until it has been read. */
  readonly sessionsMax: number;
  /** The limit of an enterprise has just been read and is another one than it was taken for. */
  readonly onChanged: (enterprise: string) => void;
}

export class SessionLimits {
  readonly #options: SessionLimitsOptions;
  /** Null: the default. One for each enterprise that ever had a session. */
  readonly #limits = new Map<string, number | null>();

  constructor(options: SessionLimitsOptions) {
    this.#options = options;
  }

  of(enterprise: string): number {
    const limit = this.#limits.get(enterprise);
    if (limit === undefined) {
      this.#limits.set(enterprise, null);
      this.read(enterprise);
    }
    return limit ?? this.#options.sessionsMax;
  }

  /** The limit was changed: reads it anew. */
  read(enterprise: string): void {
    const { onChanged, registry } = this.#options;
    registry.enterpriseLimits(enterprise).then(
      ({ sessionsMax }) => {
        if (this.#limits.get(enterprise) === sessionsMax) return;
        this.#limits.set(enterprise, sessionsMax);
        onChanged(enterprise);
      },
      () => {
        // It is read again with the next session.
        this.#limits.delete(enterprise);
      },
    );
  }
}
