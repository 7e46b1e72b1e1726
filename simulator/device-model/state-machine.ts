/** The state machine of a profile: timed transitions by weight, conditions that win over them. */

import { OnrampError } from '../../model/errors.ts';
import type { DeviceProfile, MachineState, StateClass } from '../../model/profile.ts';
import type { RandomStreams } from '../../model/random.ts';
import type { Action } from './dynamics.ts';
import { compileExpression, type Evaluate } from './expression.ts';
import { namesIn, parseExpression } from './expression-parser.ts';
import { type Layout, slots } from './layout.ts';

/** Relative spread of log-normal dwells. */
const lognormalSigma = 0.4;
const none = -1;

/** A compiled state machine. States are indices; -1 stands for no state. */
export interface StateMachine {
  readonly initial: number;
  readonly classes: readonly StateClass[];
  /** 1 for states whose conditions look at an integral: they need short steps to be met in time. */
  readonly watched: Uint8Array;
  /** Puts the device into `state`: draws its way out and runs what happens on entering. */
  enter(row: Float64Array, base: number, ambient: Float64Array, state: number): void;
  /** Mean dwell of the waiting transition, seconds; Infinity when none waits. */
  meanDwellS(row: Float64Array, base: number, ambient: Float64Array): number;
  /** Where the waiting transition leads. */
  target(row: Float64Array, base: number): number;
  /** The state a condition leads to: off shift first, then `until` in order. */
  condition(row: Float64Array, base: number, ambient: Float64Array): number;
}

interface CompiledState {
  readonly until: readonly { readonly when: Evaluate; readonly to: number }[];
  readonly next: readonly {
    readonly to: number;
    readonly weight: number;
    readonly dwellS: Evaluate;
    /** Draws a dwell in multiples of its mean. */
    readonly multiple: () => number;
  }[];
  readonly onEnter: readonly Action[];
}

/** A single state for ever, for profiles that have none. */
const stateless: StateMachine = {
  initial: 0,
  classes: ['run'],
  watched: new Uint8Array(1),
  enter(row, base) {
    row[base + slots.state] = 0;
    row[base + slots.enteredMs] = row[base + slots.timeMs]!;
    row[base + slots.transition] = none;
  },
  meanDwellS: () => Number.POSITIVE_INFINITY,
  target: () => none,
  condition: () => none,
};

/**
 * Compiles the state machine of `profile`. `entered` has the actions that run on entering each
 * state, in the order of the profile.
 * @throws OnrampError `profile.invalid`: a transition to an unknown state, a bad expression.
 */
export function compileStateMachine(
  profile: DeviceProfile,
  layout: Layout,
  random: RandomStreams,
  entered: readonly (readonly Action[])[],
): StateMachine {
  const machine = profile.behaviour?.states;
  if (!machine) return stateless;
  const indexOf = (name: string): number => {
    const index = layout.stateIndex(name);
    if (index < 0) throw new OnrampError('profile.invalid', `unknown state "${name}"`);
    return index;
  };
  const states = Object.values(machine.states).map((state, index) =>
    compileState(state, layout, random, indexOf, entered[index] ?? []),
  );
  const off = machine.offState === undefined ? none : indexOf(machine.offState);
  const { onShift } = layout;
  const waiting = (row: Float64Array, base: number) =>
    states[row[base + slots.state]!]!.next[row[base + slots.transition]!]!;

  return {
    initial: indexOf(machine.initial),
    classes: Object.values(machine.states).map((state) => state.class),
    watched: watchedStates(profile, Object.values(machine.states)),

    enter(row, base, ambient, index) {
      const state = states[index]!;
      row[base + slots.state] = index;
      row[base + slots.enteredMs] = row[base + slots.timeMs]!;
      row[base + slots.transition] = pick(state.next, random.next());
      row[base + slots.dwellLeft] = state.next.length > 0 ? waiting(row, base).multiple() : 0;
      for (const action of state.onEnter) action(row, base, ambient);
    },

    meanDwellS(row, base, ambient) {
      if (row[base + slots.transition] === none) return Number.POSITIVE_INFINITY;
      return waiting(row, base).dwellS(row, base, ambient);
    },

    target: (row, base) => waiting(row, base).to,

    condition(row, base, ambient) {
      const present = row[base + slots.state]!;
      if (off !== none && onShift(row, base, ambient) === 0) return present === off ? none : off;
      for (const { when, to } of states[present]!.until) {
        if (when(row, base, ambient) !== 0) return to;
      }
      return none;
    },
  };
}

function compileState(
  state: MachineState,
  layout: Layout,
  random: RandomStreams,
  indexOf: (name: string) => number,
  onEnter: readonly Action[],
): CompiledState {
  const exponential = () => -Math.log(1 - random.next());
  const lognormal = () => Math.exp(lognormalSigma * (random.normal() - lognormalSigma / 2));
  const multiples = { exp: exponential, lognormal, fixed: () => 1 };
  const scope = layout.scope();
  return {
    until: (state.until ?? []).map(({ when, to }) => ({
      when: compileExpression(when, scope),
      to: indexOf(to),
    })),
    next: state.next.map(({ to, weight, dwellS, distribution }) => ({
      to: indexOf(to),
      weight,
      dwellS: compileExpression(dwellS, scope),
      multiple: multiples[distribution],
    })),
    onEnter,
  };
}

/** Index of an option drawn by weight, -1 when there is none. */
function pick(options: CompiledState['next'], uniform: number): number {
  const total = options.reduce((sum, { weight }) => sum + weight, 0);
  let left = uniform * total;
  for (const [index, { weight }] of options.entries()) {
    left -= weight;
    if (left < 0) return index;
  }
  return options.length - 1;
}

function watchedStates(profile: DeviceProfile, states: readonly MachineState[]): Uint8Array {
  const integrals = new Set(
    profile.signals.filter((s) => s.dynamics?.kind === 'integral').map((s) => s.id),
  );
  return Uint8Array.from(states, ({ until = [] }) => {
    const names = until.flatMap(({ when }) => [...namesIn(parseExpression(when))]);
    return names.some((name) => integrals.has(name)) ? 1 : 0;
  });
}
