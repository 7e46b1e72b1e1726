/** What a store is given besides its settings. */

import type { Clock } from '../../model/clock.ts';
import type { DeviceProfile } from '../../model/profile.ts';

/** Where a store reports what an operator should know; a pino logger is one. */
export interface StoreLogger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface StoreContext {
  readonly clock: Clock;
  readonly logger: StoreLogger;
  /** The gateway's data folder; it exists. */
  readonly dataFolder: string;
  /**
   * A profile, null when unknown: for a store that has to know what a text stands for. Absent: the
   * built-in ones.
   */
  readonly profile?: (id: string) => Promise<DeviceProfile | null>;
}
