/** Where everything of a device lies in its row, and what the names in expressions stand for. */

import type { DeviceProfile, Signal } from '../../model/profile.ts';
import type { RandomStreams } from '../../model/random.ts';
import { ambientSlots, onShiftSlot, shiftSlot } from './environment.ts';
import type { Evaluate, Reference, Scope } from './expression.ts';
import { namesIn, parseExpression } from './expression-parser.ts';
import { schedules } from './schedule.ts';

/** The slots every row has. */
export const slots = {
  /** Seed of the device's measurement noise. */
  seed: 0,
  /** Index of its district in the environment. */
  district: 1,
  /** The moment the row is valid for, and when the present state was entered, ms. */
  timeMs: 2,
  enteredMs: 3,
  /** Index of the present state. */
  state: 4,
  /** Index of the timed transition that is waiting, -1 when there is none. */
  transition: 5,
  /** What is left of its dwell, in multiples of the mean dwell. */
  dwellLeft: 6,
  /** Seconds left of the machine cycle. */
  cycleLeftS: 7,
  /** What is left until a random alarm, in multiples of the mean time between them. */
  hazardLeft: 8,
  /** A fixed angle that keeps the oscillations of two devices apart. */
  phase: 9,
} as const;
const fixedSlots = 10;

/** The states of a profile by index; one nameless state when it has none. */
export function stateNames(profile: DeviceProfile): readonly string[] {
  const machine = profile.behaviour?.states;
  return machine ? Object.keys(machine.states) : [''];
}

/** The parameter that says which shift is behind a device that itself never stops. */
const shiftParameter = 'shiftKind';

/** How the value of a signal is meant: as it is now, or its mean over the step just taken. */
export type Moment = 'now' | 'mean';

/** The plan of a row. Signals get their slots in the order of the profile. */
export class Layout {
  readonly states: readonly string[];
  private readonly profile: DeviceProfile;
  private readonly random: RandomStreams;
  private readonly parameters = new Map<string, number>();
  private readonly signals = new Map<string, { signal: Signal; slot: number }>();
  private readonly means = new Map<string, number>();
  /** The signals that each signal's definition names; under '' those that all else names. */
  private readonly named = new Map<string, Set<string>>();
  private allocated = fixedSlots;

  constructor(profile: DeviceProfile, random: RandomStreams) {
    this.profile = profile;
    this.random = random;
    this.states = stateNames(profile);
    for (const name of Object.keys(profile.behaviour?.parameters ?? {})) {
      this.parameters.set(name, this.allocate());
    }
    for (const signal of profile.signals) {
      this.signals.set(signal.id, { signal, slot: this.allocate() });
    }
    for (const id of integratedSignals(profile)) this.means.set(id, this.allocate());
  }

  /** Slots of a row so far. */
  get width(): number {
    return this.allocated;
  }

  /** One more slot of the row. */
  allocate(): number {
    return this.allocated++;
  }

  signalSlot(id: string): number {
    return this.signals.get(id)!.slot;
  }

  parameterSlot(name: string): number {
    return this.parameters.get(name)!;
  }

  /** Where the mean of a signal over the last step is kept; undefined when nobody integrates it. */
  meanSlot(id: string): number | undefined {
    return this.means.get(id);
  }

  /** Index of a state, -1 when there is none of that name. */
  stateIndex(name: string): number {
    return this.states.indexOf(name);
  }

  /** A table over the states: 1 for those listed. */
  stateMask(names: readonly string[]): Uint8Array {
    return Uint8Array.from(this.states, (state) => (names.includes(state) ? 1 : 0));
  }

  /**
   * The signals that something other than a signal names, those of `ids`, and all that their
   * definitions name in turn. Complete when everything is compiled.
   */
  neededSignals(ids: readonly string[]): ReadonlySet<string> {
    const needed = new Set([...ids, ...(this.named.get('') ?? [])]);
    for (const id of needed) for (const other of this.named.get(id) ?? []) needed.add(other);
    return needed;
  }

  /** Whether the device's schedule is on shift. */
  get onShift(): Evaluate {
    return this.scheduled(onShiftSlot);
  }

  /**
   * The names an expression may use. In the definition of signal `self`, its own name means the
   * ambient quantity of that name where there is one: a cabinet's `rh` follows the outdoor `rh`.
   */
  scope(self?: string, moment: Moment = 'now'): Scope {
    return {
      resolve: (name) => this.resolve(name, self, moment),
      uniform: () => this.random.next(),
    };
  }

  private resolve(name: string, self: string | undefined, moment: Moment): Reference | undefined {
    if (name === 'state') return { slot: slots.state, choices: this.states };
    if (name === 't') return { read: (row, base) => row[base + slots.timeMs]! / 1000 };
    if (name === 'tin') return { read: secondsInState };
    if (name === 'onShift') return { read: this.onShift };
    if (name === 'shift') return { read: this.scheduled(shiftSlot) };
    const isAmbient = Object.hasOwn(ambientSlots, name);
    if (this.signals.has(name) && !(name === self && isAmbient)) {
      this.note(name, self ?? '');
      return this.signal(name, moment);
    }
    const parameter = this.parameters.get(name);
    if (parameter !== undefined) return { slot: parameter };
    if (!isAmbient) return undefined;
    return { ambientSlot: ambientSlots[name as keyof typeof ambientSlots] };
  }

  private note(name: string, namer: string): void {
    const names = this.named.get(namer);
    if (names === undefined) this.named.set(namer, new Set([name]));
    else names.add(name);
  }

  private signal(id: string, moment: Moment): Reference | undefined {
    const { signal, slot } = this.signals.get(id)!;
    const mean = moment === 'mean' ? this.means.get(id) : undefined;
    const { dynamics, type, values } = signal;
    if (type === 'string') return undefined;
    if (dynamics?.kind === 'state') return { slot: slots.state, choices: this.states };
    return { slot: mean ?? slot, ...(type === 'enum' && values ? { choices: values } : {}) };
  }

  /** A quantity that the environment keeps for each schedule. */
  private scheduled(firstSlot: number): Evaluate {
    const parameter = this.parameters.get(shiftParameter);
    if (parameter !== undefined) {
      return (row, base, ambient) => ambient[firstSlot + row[base + parameter]!]!;
    }
    const slot = firstSlot + schedules.indexOf(this.profile.behaviour?.schedule ?? '24x7');
    return (_row, _base, ambient) => ambient[slot]!;
  }
}

const secondsInState: Evaluate = (row, base) =>
  (row[base + slots.timeMs]! - row[base + slots.enteredMs]!) / 1000;

/** The continuous signals that appear in the rate of an integral. */
function integratedSignals(profile: DeviceProfile): readonly string[] {
  const names = new Set<string>();
  for (const { dynamics } of profile.signals) {
    if (dynamics?.kind !== 'integral') continue;
    for (const name of namesIn(parseExpression(dynamics.rate))) names.add(name);
  }
  const continuous = profile.signals.filter(({ id, dynamics }) => {
    return names.has(id) && dynamics && ['lag', 'ou', 'expr'].includes(dynamics.kind);
  });
  return continuous.map(({ id }) => id);
}
