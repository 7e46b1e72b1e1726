/** Compiles one signal of a profile: how it starts, and what moves it. */

import { OnrampError } from '../../model/errors.ts';
import type { Dynamics, Signal } from '../../model/profile.ts';
import type { RandomStreams } from '../../model/random.ts';
import { continuousBuilders } from './continuous.ts';
import { discreteBuilders } from './discrete.ts';
import { compileDraw } from './draw.ts';
import type { Builders, Compiled, SignalContext } from './dynamics.ts';
import { compileExpression } from './expression.ts';
import type { Layout } from './layout.ts';

const builders: Builders = { ...continuousBuilders, ...discreteBuilders };

/**
 * Compiles `signal`.
 * @throws OnrampError `profile.invalid` that names the signal and the mistake.
 */
export function compileSignal(signal: Signal, layout: Layout, random: RandomStreams): Compiled {
  const dynamics = signal.dynamics ?? plainDynamics(signal, layout.states);
  const scope = layout.scope(signal.id);
  const context: SignalContext = {
    id: signal.id,
    slot: layout.signalSlot(signal.id),
    meanSlot: layout.meanSlot(signal.id),
    choices: signal.values,
    random,
    layoutStates: layout.states,
    number: (source, moment) => compileExpression(source, layout.scope(signal.id, moment)),
    draw: (draw) => compileDraw(draw, { scope, choices: signal.values }),
    allocate: () => layout.allocate(),
    stateMask: (names) => layout.stateMask(names),
  };
  // The table has a function for each kind that takes exactly that kind.
  const build = builders[dynamics.kind] as (d: Dynamics, context: SignalContext) => Compiled;
  try {
    return build(dynamics, context);
  } catch (error) {
    if (!(error instanceof OnrampError)) throw error;
    throw new OnrampError(
      error.code,
      error.details.map((detail) => `signal "${signal.id}": ${detail}`),
    );
  }
}

/** How a signal moves that says nothing about it, as in profiles added at run time. */
export function plainDynamics(signal: Signal, states: readonly string[]): Dynamics {
  const [low, high] = signal.range ?? [0, 100];
  const choice = (signal.values ?? []).map((value) => [value, 1] as const);
  const sd = (high - low) / 20;
  switch (signal.type) {
    case 'float':
    case 'int':
      return { kind: 'ou', mean: String((low + high) / 2), tauS: 600, sd, clamp: [low, high] };
    case 'bool':
      return { kind: 'pulse', perDay: 12, durationS: 1800 };
    case 'enum':
      return { kind: 'step', periodS: '900', draw: { choice }, inStates: states };
    case 'string':
      return { kind: 'onEnter', states: [], draw: { pattern: `${signal.id}-{int:1-999}` } };
  }
}
