/** What a source with sessions tells the rest of its worker, and is asked of it. */

import type { ErrorCode } from '../../model/errors.ts';
import type { CommandOutcome, OutgoingCommand } from '../device-commands/device-command.ts';

/** Told of every session that opens and ends, in their order. */
export interface SessionReports {
  /** `atMs` by a monotonic clock that all workers share. */
  opened(number: number, clientId: string, atMs: number): void;
  closed(number: number): void;
  commandOutcome(outcome: CommandOutcome): void;
  /** False while it is behind: then no session is to be let in. */
  readonly accepting: boolean;
  /**
   * Why a device or gateway (its key) that has just been let in must go at once: it was shut out at
   * or after `lookedUpAtMs` (monotonic), when the look-up of its credential began. Null when all is
   * well.
   */
  shutOut(key: string, lookedUpAtMs: number): ErrorCode | null;
}

/** A source whose devices can be sent commands. */
export interface TakesCommands {
  /** Sends it to its session; what becomes of it is told in its own time. */
  command(command: OutgoingCommand): void;
}

/** Sessions that can be ended from outside. */
export interface EndsSessions {
  /** Ends the session of that number, if it is still there. */
  endSession(number: number, code: ErrorCode): void;
  /** Ends every session of a device or gateway and forgets what is known of it. */
  shutOut(key: string, code: ErrorCode): void;
}
