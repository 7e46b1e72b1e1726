/** Moves a device through time: steps its signals, and handles what happens on the way. */

import type { AlarmEvent } from './alarms.ts';
import type { CompiledProfile } from './compile.ts';
import type { Environment } from './environment.ts';
import { slots } from './layout.ts';

/** How finely a device is stepped. */
interface Pace {
  /** Longest step, ms; and in states whose conditions watch an integral. */
  readonly stepMs: number;
  readonly watchedStepMs: number;
  /** Steps of one advance; a longer way is gone in longer steps. */
  readonly stepsMax: number;
  /** Transitions within a step change the state only; the signals follow at its end. */
  readonly coarse: boolean;
}

const livePace: Pace = { stepMs: 60_000, watchedStepMs: 10_000, stepsMax: 256, coarse: false };
const warmUpPace: Pace = {
  stepMs: 1_800_000,
  watchedStepMs: 60_000,
  stepsMax: 1024,
  coarse: true,
};
/** A device begins this long before its first moment, so that it is in the middle of its day. */
const warmUpMs = 4 * 3_600_000;
/** The last part of the warm-up is gone at the live pace. */
const settlingMs = 300_000;
const none = -1;

/** Moves devices of one profile. `events` is null while nobody listens. */
export interface Stepper {
  /** Brings a new row to its first moment, near its steady state. */
  begin(row: Float64Array, base: number, nowMs: number): void;
  /** Brings a row to `nowMs`, in bounded work however long the way is. */
  advance(row: Float64Array, base: number, nowMs: number, events: AlarmEvent[]): void;
}

/**
 * Where a step from `atMs` ends: at `nowMs` when that is near, else on a grid of `limitMs`, so
 * that the devices of a district share the moments they stop at. With few steps `left` they grow.
 */
function nextStop(atMs: number, nowMs: number, limitMs: number, left: number): number {
  const wayMs = nowMs - atMs;
  if (wayMs <= limitMs || left <= 1) return nowMs;
  const stretchedMs = wayMs / left;
  if (stretchedMs > limitMs) return atMs + stretchedMs;
  return (Math.floor(atMs / limitMs) + 1) * limitMs;
}

export function createStepper(compiled: CompiledProfile, environment: Environment): Stepper {
  const { machine, alarms, steps, cycle } = compiled;

  const stepSignals = (row: Float64Array, base: number, ambient: Float64Array, stepS: number) => {
    cycle?.(row, base, ambient, stepS);
    for (let i = 0; i < steps.length; i++) steps[i]!(row, base, ambient, stepS);
  };

  const enter = (row: Float64Array, base: number, ambient: Float64Array, state: number) => {
    machine.enter(row, base, ambient, state);
    for (let i = 0; i < steps.length; i++) steps[i]!(row, base, ambient, 0);
  };

  const run = (
    row: Float64Array,
    base: number,
    nowMs: number,
    pace: Pace,
    events: AlarmEvent[] | null,
  ): void => {
    const district = row[base + slots.district]!;
    let signalsMs = row[base + slots.timeMs]!;
    for (let left = pace.stepsMax; row[base + slots.timeMs]! < nowMs; left--) {
      const atMs = row[base + slots.timeMs]!;
      const watched = machine.watched[row[base + slots.state]!] === 1;
      const limitMs = watched ? pace.watchedStepMs : pace.stepMs;
      const endMs = nextStop(atMs, nowMs, limitMs, left);
      let ambient = environment.sample(district, endMs);
      // When the steps are used up, transitions wait for the next advance.
      const due = wait(row, base, ambient, endMs, left > 0);
      if (due && pace.coarse) {
        machine.enter(row, base, ambient, machine.target(row, base));
        continue;
      }
      const toMs = row[base + slots.timeMs]!;
      if (due) ambient = environment.sample(district, toMs);
      const stepS = (toMs - signalsMs) / 1000;
      signalsMs = toMs;
      stepSignals(row, base, ambient, stepS);
      const condition = machine.condition(row, base, ambient);
      const next = condition === none && due ? machine.target(row, base) : condition;
      if (next !== none) enter(row, base, ambient, next);
      if (events === null) continue;
      const forced = alarms.check(row, base, ambient, stepS, events);
      if (forced !== none) enter(row, base, ambient, forced);
    }
  };

  /** Lets the waiting transition wait until `endMs`, or until it is due, and says whether it is. */
  const wait = (
    row: Float64Array,
    base: number,
    ambient: Float64Array,
    endMs: number,
    mayFire: boolean,
  ): boolean => {
    const atMs = row[base + slots.timeMs]!;
    const meanMs = machine.meanDwellS(row, base, ambient) * 1000;
    const left = row[base + slots.dwellLeft]!;
    const dueMs = atMs + left * meanMs;
    if (dueMs <= endMs && mayFire) {
      row[base + slots.timeMs] = dueMs;
      return true;
    }
    row[base + slots.dwellLeft] = Math.max(0, left - (endMs - atMs) / meanMs);
    row[base + slots.timeMs] = endMs;
    return false;
  };

  return {
    begin(row, base, nowMs) {
      const fromMs = nowMs - warmUpMs;
      row[base + slots.timeMs] = fromMs;
      const ambient = environment.sample(row[base + slots.district]!, fromMs);
      for (const start of compiled.starts) start(row, base, ambient);
      alarms.start(row, base);
      enter(row, base, ambient, machine.initial);
      run(row, base, nowMs - settlingMs, warmUpPace, null);
      run(row, base, nowMs, livePace, null);
    },
    advance: (row, base, nowMs, events) => run(row, base, nowMs, livePace, events),
  };
}
