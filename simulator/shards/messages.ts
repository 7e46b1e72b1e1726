/** What a simulation and the processes that play its parts tell each other. */

import type { SentError } from '../../model/sent-error.ts';
import type { LedgerColumns } from '../ledger.ts';
import type { FoundRow } from '../onboarding/row-watch.ts';
import type { SimulationOptions } from '../options.ts';
import type { SimulationPart } from '../part.ts';
import type { FleetState } from '../simulation.ts';

/**
 * Steps of `Simulation`. The argument of `drain`, `awaitFirstRows` and `leave` is the longest time
 * in milliseconds; of the others the moment, in epoch milliseconds, at which all take the step.
 */
export type ShardStep =
  | 'prepare'
  | 'connect'
  | 'release'
  | 'beginWindow'
  | 'endWindow'
  | 'drop'
  | 'drain'
  | 'awaitFirstRows'
  | 'leave'
  | 'result';

export type ToShard =
  /** The first message; `options` are those of the part. */
  | { readonly type: 'start'; readonly options: SimulationOptions }
  | {
      readonly type: 'step';
      readonly id: number;
      readonly step: ShardStep;
      readonly argument: number;
    }
  /** First rows that the platform has told of; devices are numbered as in the part. */
  | { readonly type: 'rows'; readonly rows: readonly FoundRow[] }
  /** The platform will not tell of first rows. */
  | { readonly type: 'rows-refused' }
  /** Wants to know the state. */
  | { readonly type: 'tell' }
  | { readonly type: 'stop' };

/** A state counts latencies since the one before; `rowsMissing` are first rows to be asked for. */
export type FromShard =
  | {
      readonly type: 'done';
      readonly id: number;
      readonly state: FleetState;
      readonly rowsMissing: number;
      /** After the step `result`. */
      readonly found: ShardFound | null;
    }
  | { readonly type: 'failed'; readonly id: number; readonly error: SentError }
  | { readonly type: 'state'; readonly state: FleetState; readonly rowsMissing: number }
  /** The last message; `error` when a file could not be written. */
  | { readonly type: 'stopped'; readonly error: SentError | null };

export interface ShardFound {
  readonly part: SimulationPart;
  readonly ledger: LedgerColumns;
}
