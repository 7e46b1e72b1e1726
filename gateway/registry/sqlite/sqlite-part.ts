/** What the parts of the registry's implementation share: one connection, one way to write. */

import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../../model/clock.ts';

export interface RegistryConnection {
  readonly db: DatabaseSync;
  readonly clock: Clock;
  /** Runs `body` in a transaction, when no import is merging. */
  write<T>(body: () => T): Promise<T>;
  /** Runs `body`, whose errors become `database.*`. */
  read<T>(body: () => T): T;
}
