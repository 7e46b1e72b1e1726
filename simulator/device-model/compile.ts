/** Compiles a profile, once, to closures over rows of a `Float64Array`. */

import { OnrampError } from '../../model/errors.ts';
import type { DeviceProfile } from '../../model/profile.ts';
import type { RandomStreams } from '../../model/random.ts';
import { type Alarms, compileAlarms } from './alarms.ts';
import { compileDraw } from './draw.ts';
import { type Action, type Compiled, fixed, type Step } from './dynamics.ts';
import { compileExpression } from './expression.ts';
import { Layout, slots } from './layout.ts';
import { compilePublished, type PublishedSignal } from './published-values.ts';
import { schedules } from './schedule.ts';
import { compileSignal } from './signal.ts';
import { compileStateMachine, type StateMachine } from './state-machine.ts';

/** Machine cycles of one device in one step; what is beyond is dropped. */
const cyclesPerStepMax = 500;
/** No cycle is shorter than this share of its nominal period. */
const cycleShareMin = 0.2;
const intervalMsDefault = 10_000;

/** A profile ready to run. */
export interface CompiledProfile {
  /** Numbers of a row. */
  readonly width: number;
  readonly states: readonly string[];
  readonly machine: StateMachine;
  readonly alarms: Alarms;
  /** Run once for a new device, in order: constants of the device, then its signals. */
  readonly starts: readonly Action[];
  /** Run at each step, in the order of the profile. */
  readonly steps: readonly Step[];
  /** Runs the machine cycles of a step, where the profile has cycles. */
  readonly cycle: Step | null;
  readonly published: readonly PublishedSignal[];
  /** Nominal reporting interval by state. */
  readonly intervalsMs: readonly number[];
}

/** Which signals a device reports: the profile's key signals, or all. */
export type ReportKind = 'key' | 'full';

/**
 * Compiles `profile`; its devices draw from `random`, whose stream the caller selects. For a
 * `key` report the signals that neither are reported nor bear on one that is, nor on states and
 * alarms, are left out: half of most profiles.
 * @throws OnrampError `profile.invalid`, with what and where.
 */
export function compileProfile(
  profile: DeviceProfile,
  random: RandomStreams,
  report: ReportKind = 'full',
): CompiledProfile {
  const whole = new Layout(profile, random);
  const compiled = compileLaidOut(profile, whole, random);
  if (report === 'full') return compiled;
  const keys = profile.signals.filter(({ key }) => key === true).map(({ id }) => id);
  const needed = whole.neededSignals(keys);
  const signals = profile.signals.filter(({ id }) => needed.has(id));
  const smaller = { ...profile, signals };
  return compileLaidOut(smaller, new Layout(smaller, random), random);
}

function compileLaidOut(
  profile: DeviceProfile,
  layout: Layout,
  random: RandomStreams,
): CompiledProfile {
  const signals = profile.signals.map((signal) => compileSignal(signal, layout, random));
  const machine = compileStateMachine(profile, layout, random, entryActions(signals, layout));
  const alarms = compileAlarms(profile, layout, random, machine.classes);
  const intervals = profile.behaviour?.reportIntervalMs ?? {};
  return {
    states: layout.states,
    machine,
    alarms,
    starts: [
      fixed(slots.phase, () => random.next() * 2 * Math.PI),
      ...parameterDraws(profile, layout),
      ...signals.map((signal) => signal.start),
    ],
    steps: signals.flatMap((signal) => signal.step ?? []),
    cycle: compileCycle(profile, layout, random, signals),
    published: compilePublished(profile, layout),
    intervalsMs: layout.states.map((state) => {
      return intervals[state] ?? intervals.default ?? intervalMsDefault;
    }),
    width: layout.width,
  };
}

function parameterDraws(profile: DeviceProfile, layout: Layout): Action[] {
  const scope = layout.scope();
  return Object.entries(profile.behaviour?.parameters ?? {}).map(([name, draw]) =>
    fixed(layout.parameterSlot(name), compileDraw(draw, { scope, choices: schedules })),
  );
}

/** What runs on entering each state. */
function entryActions(signals: readonly Compiled[], layout: Layout): Action[][] {
  const actions: Action[][] = layout.states.map(() => []);
  for (const { states, act } of signals.flatMap((signal) => signal.onEnter ?? [])) {
    for (const name of states) {
      const index = layout.stateIndex(name);
      if (index < 0) throw new OnrampError('profile.invalid', `unknown state "${name}"`);
      actions[index]!.push(act);
    }
  }
  return actions;
}

/** Machine cycles advance only in some states; each lasts its period, give or take the jitter. */
function compileCycle(
  profile: DeviceProfile,
  layout: Layout,
  random: RandomStreams,
  signals: readonly Compiled[],
): Step | null {
  const cycle = profile.behaviour?.cycle;
  if (!cycle) return null;
  const period = compileExpression(cycle.periodS, layout.scope());
  const cycling = layout.stateMask(cycle.inStates);
  const each = signals.flatMap((signal) => signal.onCycle ?? []);
  const after = signals.flatMap((signal) => signal.afterCycles ?? []);
  return (row, base, ambient, stepS) => {
    if (cycling[row[base + slots.state]!] === 0) return;
    let left = row[base + slots.cycleLeftS]! - stepS;
    let ended = 0;
    for (; left <= 0 && ended < cyclesPerStepMax; ended++) {
      const share = Math.max(cycleShareMin, 1 + cycle.jitter * random.normal());
      left += Math.max(0.01, period(row, base, ambient)) * share;
      for (const act of each) act(row, base, ambient);
    }
    row[base + slots.cycleLeftS] = Math.max(0, left);
    if (ended > 0) for (const act of after) act(row, base, ambient);
  };
}
