/** Alarms of a profile: raised by conditions that hold long enough, or at random. */

import { OnrampError } from '../../model/errors.ts';
import type { Alarm, DeviceProfile, StateClass } from '../../model/profile.ts';
import type { RandomStreams } from '../../model/random.ts';
import { compileExpression, type Evaluate } from './expression.ts';
import { type Layout, slots } from './layout.ts';

/** Events kept for a device between two calls of `takeEvents`. */
export const eventsMax = 16;
/** Mean time a random alarm stands that forces no state. */
const standingMeanS = 1800;
const daySeconds = 86_400;
const none = -1;
/** What an alarm's slot holds: 0 idle, below 0 raised, above 0 the seconds `when` has held. */
const raised = -1;

/** An alarm that was raised or cleared. */
export interface AlarmEvent {
  readonly code: string;
  readonly severity: number;
  readonly state: 'raised' | 'cleared';
  readonly timestampMs: number;
}

/** The compiled alarms of a profile. */
export interface Alarms {
  /** Draws when the first random alarm is due. */
  start(row: Float64Array, base: number): void;
  /**
   * Looks at every alarm after a step of `stepS` seconds and appends to `events` what was raised
   * or cleared. While `events` is full no alarm changes, so none is ever lost half. Returns the
   * state the machine is forced into, -1 for none.
   */
  check(
    row: Float64Array,
    base: number,
    ambient: Float64Array,
    stepS: number,
    events: AlarmEvent[],
  ): number;
}

interface Condition {
  readonly alarm: Alarm;
  readonly slot: number;
  readonly when: Evaluate;
  readonly clear: Evaluate;
  readonly onDelayS: number;
  readonly forces: number;
}

interface RandomAlarm {
  readonly alarm: Alarm;
  /** Below 0 raised; above 0 raised and seconds to go. */
  readonly slot: number;
  readonly perDay: number;
  readonly forces: number;
}

/**
 * Compiles the alarms of `profile`.
 * @throws OnrampError `profile.invalid` that names the alarm and the mistake.
 */
export function compileAlarms(
  profile: DeviceProfile,
  layout: Layout,
  random: RandomStreams,
  classes: readonly StateClass[],
): Alarms {
  const alarms = profile.alarms ?? [];
  const conditions = alarms.flatMap((alarm) => compileCondition(alarm, layout));
  const randoms = alarms.flatMap((alarm) => compileRandom(alarm, layout));
  const perDay = randoms.reduce((sum, { perDay }) => sum + perDay, 0);
  const quiet = Uint8Array.from(classes, (c) => (c === 'off' || c === 'alarm' ? 1 : 0));

  const drawHazard = (row: Float64Array, base: number): void => {
    row[base + slots.hazardLeft] = -Math.log(1 - random.next());
  };

  /** Random alarms are one Poisson process; which one it is, is drawn by rate. */
  const strike = (row: Float64Array, base: number, stepS: number, events: AlarmEvent[]) => {
    if (perDay === 0 || quiet[row[base + slots.state]!] === 1) return none;
    const left = row[base + slots.hazardLeft]! - (perDay * stepS) / daySeconds;
    row[base + slots.hazardLeft] = left;
    if (left > 0) return none;
    drawHazard(row, base);
    const struck = pick(randoms, random.next() * perDay);
    if (row[base + struck.slot] !== 0 || events.length >= eventsMax) return none;
    const standingS = -standingMeanS * Math.log(1 - random.next());
    row[base + struck.slot] = struck.forces === none ? standingS : raised;
    events.push(event(struck.alarm, 'raised', row[base + slots.timeMs]!));
    return struck.forces;
  };

  return {
    start: drawHazard,
    check(row, base, ambient, stepS, events) {
      for (const alarm of randoms) clearRandom(alarm, row, base, stepS, events);
      let forced = strike(row, base, stepS, events);
      for (const condition of conditions) {
        const state = checkCondition(condition, row, base, ambient, stepS, events);
        if (state !== none) forced = state;
      }
      return forced;
    },
  };
}

function compileCondition(alarm: Alarm, layout: Layout): Condition[] {
  if (alarm.when === undefined) return [];
  const when = compile(alarm, alarm.when, layout);
  const clear =
    alarm.clearWhen === undefined
      ? (row: Float64Array, base: number, ambient: Float64Array) =>
          when(row, base, ambient) === 0 ? 1 : 0
      : compile(alarm, alarm.clearWhen, layout);
  const slot = layout.allocate();
  const forces = forcedState(alarm, layout);
  return [{ alarm, slot, when, clear, onDelayS: alarm.onDelayS ?? 0, forces }];
}

function compileRandom(alarm: Alarm, layout: Layout): RandomAlarm[] {
  const perDay = alarm.perDeviceDay ?? 0;
  if (perDay <= 0) return [];
  return [{ alarm, slot: layout.allocate(), perDay, forces: forcedState(alarm, layout) }];
}

function compile(alarm: Alarm, source: string, layout: Layout): Evaluate {
  try {
    return compileExpression(source, layout.scope());
  } catch (error) {
    if (!(error instanceof OnrampError)) throw error;
    throw new OnrampError(
      error.code,
      error.details.map((detail) => `alarm "${alarm.code}": ${detail}`),
    );
  }
}

function forcedState(alarm: Alarm, layout: Layout): number {
  if (alarm.forcesState === undefined) return none;
  const state = layout.stateIndex(alarm.forcesState);
  if (state >= 0) return state;
  throw new OnrampError(
    'profile.invalid',
    `alarm "${alarm.code}" forces unknown state "${alarm.forcesState}"`,
  );
}

function event(alarm: Alarm, state: AlarmEvent['state'], timeMs: number): AlarmEvent {
  const { code, severity } = alarm;
  return { code, severity, state, timestampMs: Math.floor(timeMs) };
}

function pick(randoms: readonly RandomAlarm[], at: number): RandomAlarm {
  let left = at;
  for (const candidate of randoms) {
    left -= candidate.perDay;
    if (left < 0) return candidate;
  }
  return randoms[randoms.length - 1]!;
}

/** Ends a random alarm when the machine has left the state it forced, or its time is over. */
function clearRandom(
  { alarm, slot, forces }: RandomAlarm,
  row: Float64Array,
  base: number,
  stepS: number,
  events: AlarmEvent[],
): void {
  const value = row[base + slot]!;
  if (value === 0) return;
  // Kept above 0 while it waits for room in `events`: 0 would mean that it never was raised.
  if (value > 0) row[base + slot] = Math.max(Number.MIN_VALUE, value - stepS);
  const over = value > 0 ? value <= stepS : row[base + slots.state] !== forces;
  if (!over || events.length >= eventsMax) return;
  row[base + slot] = 0;
  events.push(event(alarm, 'cleared', row[base + slots.timeMs]!));
}

function checkCondition(
  condition: Condition,
  row: Float64Array,
  base: number,
  ambient: Float64Array,
  stepS: number,
  events: AlarmEvent[],
): number {
  const { alarm, slot, when, clear, onDelayS, forces } = condition;
  const value = row[base + slot]!;
  if (value < 0) {
    if (events.length >= eventsMax || clear(row, base, ambient) === 0) return none;
    row[base + slot] = 0;
    events.push(event(alarm, 'cleared', row[base + slots.timeMs]!));
    return none;
  }
  if (when(row, base, ambient) === 0) {
    row[base + slot] = 0;
    return none;
  }
  const heldS = value + stepS;
  row[base + slot] = heldS;
  if (heldS < onDelayS || events.length >= eventsMax) return none;
  row[base + slot] = raised;
  events.push(event(alarm, 'raised', row[base + slots.timeMs]!));
  return forces;
}
