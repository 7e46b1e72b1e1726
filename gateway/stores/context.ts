/** What a store is given besides its settings. */

import type { Clock } from '../../model/clock.ts';

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
}
