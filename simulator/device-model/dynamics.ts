/** What a compiled signal is, and what each kind of dynamics gets to compile itself. */

import type { Draw, Dynamics } from '../../model/profile.ts';
import type { RandomStreams } from '../../model/random.ts';
import type { Evaluate } from './expression.ts';
import type { Moment } from './layout.ts';

/** Changes a row. */
export type Action = (row: Float64Array, base: number, ambient: Float64Array) => void;

/** Moves a signal over a step of `stepS` seconds that ends at the row's time; 0 only settles it. */
export type Step = (row: Float64Array, base: number, ambient: Float64Array, stepS: number) => void;

export interface Entry {
  readonly states: readonly string[];
  readonly act: Action;
}

/**
 * A compiled signal. `onEnter` runs after the state has changed, `onCycle` for each machine cycle
 * that ends, `afterCycles` once when any ended in a step.
 */
export interface Compiled {
  start: Action;
  step?: Step;
  onEnter?: Entry | readonly Entry[];
  onCycle?: Action;
  afterCycles?: Action;
}

/** What a kind of dynamics needs to compile itself. */
export interface SignalContext {
  readonly id: string;
  /** Where the value lies in the row. */
  readonly slot: number;
  /** Where to leave its mean over the step, if somebody integrates it. */
  readonly meanSlot: number | undefined;
  readonly choices: readonly string[] | undefined;
  readonly random: RandomStreams;
  readonly layoutStates: readonly string[];
  /** Compiles an expression in the signal's own scope. */
  number(source: string, moment?: Moment): Evaluate;
  draw(draw: Draw): Evaluate;
  allocate(): number;
  stateMask(names: readonly string[]): Uint8Array;
}

/** One function for each kind of dynamics. */
export type Builders = {
  [Kind in Dynamics['kind']]: (
    dynamics: Extract<Dynamics, { kind: Kind }>,
    context: SignalContext,
  ) => Compiled;
};

/** An action that sets `slot` to what `value` gives. */
export function fixed(slot: number, value: Evaluate): Action {
  return (row, base, ambient) => {
    row[base + slot] = value(row, base, ambient);
  };
}
