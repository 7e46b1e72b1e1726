/** Signals that jump: states, counters, draws on entering a state or finishing a cycle, pulses. */

import { OnrampError } from '../../model/errors.ts';
import {
  type Action,
  type Builders,
  type Compiled,
  fixed,
  type SignalContext,
} from './dynamics.ts';
import { slots } from './layout.ts';

/** Events of one counter in one step; what is beyond is dropped. */
const eventsPerStepMax = 1000;

export const discreteBuilders = {
  /** The name of the state: read from the row, nothing to do. */
  state(): Compiled {
    return { start: () => {} };
  },

  /** A text for each state; `default` stands for those not listed. */
  map({ values }, context): Compiled {
    const { slot } = context;
    const table = context.layoutStates.map((state) => {
      const text = values[state] ?? values.default;
      const index = context.choices?.indexOf(text ?? '') ?? -1;
      if (index >= 0) return index;
      throw new OnrampError('profile.invalid', `no value of "${context.id}" for state "${state}"`);
    });
    const set = fixed(slot, (row, base) => table[row[base + slots.state]!]!);
    return { start: set, step: set };
  },

  /** Drawn anew when one of some states is entered. */
  onEnter({ states, draw }, context): Compiled {
    const act = fixed(context.slot, context.draw(draw));
    return { start: act, onEnter: { states, act } };
  },

  /** A new value each machine cycle; only that of the last one in a step is ever seen. */
  onCycle({ expr, noise = 0 }, context): Compiled {
    const { random } = context;
    const value = context.number(expr);
    const act = fixed(
      context.slot,
      (row, base, ambient) => value(row, base, ambient) + noise * random.normal(),
    );
    return { start: act, afterCycles: act };
  },

  /** Counts cycles, entries into a state, or events at random. */
  count({ on, step, start, resetOnEnter, perHour = 0, inStates }, context): Compiled {
    const { slot } = context;
    const size = context.number(step);
    const first = start ? context.draw(start) : () => 0;
    const add: Action = (row, base, ambient) => {
      row[base + slot] = row[base + slot]! + size(row, base, ambient);
    };
    const compiled: Compiled = {
      start: fixed(slot, (row, base, ambient) => Math.floor(first(row, base, ambient))),
    };
    const entries = [];
    if (resetOnEnter) entries.push({ states: resetOnEnter, act: fixed(slot, () => 0) });
    if (on.startsWith('enter:')) entries.push({ states: [on.slice('enter:'.length)], act: add });
    else if (on === 'cycle') compiled.onCycle = add;
    else if (on === 'poisson') compiled.step = poisson(add, perHour, inStates, context);
    else throw new OnrampError('profile.invalid', `"${context.id}" counts on unknown "${on}"`);
    if (entries.length > 0) compiled.onEnter = entries;
    return compiled;
  },

  /** On above one threshold of another signal, off below the other. */
  hysteresis({ input, on, off }, context): Compiled {
    const { slot } = context;
    const level = context.number(input);
    return {
      start: fixed(slot, () => 0),
      step(row, base, ambient) {
        const value = level(row, base, ambient);
        if (value > on) row[base + slot] = 1;
        else if (value < off) row[base + slot] = 0;
      },
    };
  },

  /** On now and then, at random moments, for a fixed time. */
  pulse({ perDay, durationS }, context): Compiled {
    const { slot, random } = context;
    const leftSlot = context.allocate();
    return {
      start: fixed(slot, () => 0),
      step(row, base, _ambient, stepS) {
        if (row[base + slot] !== 0) {
          row[base + leftSlot] = row[base + leftSlot]! - stepS;
          if (row[base + leftSlot]! <= 0) row[base + slot] = 0;
        } else if (stepS > 0 && random.next() < 1 - Math.exp((-perDay * stepS) / 86_400)) {
          row[base + slot] = 1;
          row[base + leftSlot] = durationS;
        }
      },
    };
  },

  /** Drawn anew every period while in some states. */
  step({ periodS, draw, inStates }, context): Compiled {
    const { slot } = context;
    const leftSlot = context.allocate();
    const redraw = fixed(slot, context.draw(draw));
    const period = context.number(periodS);
    const moving = context.stateMask(inStates);
    return {
      start: redraw,
      step(row, base, ambient, stepS) {
        if (moving[row[base + slots.state]!] === 0) return;
        const left = row[base + leftSlot]! - stepS;
        row[base + leftSlot] = left;
        if (left > 0) return;
        redraw(row, base, ambient);
        const periodNow = Math.max(0.01, period(row, base, ambient));
        row[base + leftSlot] = periodNow - (-left % periodNow);
      },
    };
  },
} satisfies Partial<Builders>;

/** As many events as a Poisson process of `perHour` has in the step (Knuth's method). */
function poisson(
  add: Action,
  perHour: number,
  inStates: readonly string[] | undefined,
  context: SignalContext,
): NonNullable<Compiled['step']> {
  const { random } = context;
  const counting = context.stateMask(inStates ?? context.layoutStates);
  return (row, base, ambient, stepS) => {
    if (stepS === 0 || counting[row[base + slots.state]!] === 0) return;
    let product = random.next();
    const threshold = Math.exp((-perHour * stepS) / 3600);
    for (let events = 0; product > threshold && events < eventsPerStepMax; events++) {
      add(row, base, ambient);
      product *= random.next();
    }
  };
}
