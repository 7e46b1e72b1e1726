/** The devices of one profile, played: a struct of arrays, one row of numbers per device. */

import type { DeviceProfile, StateClass } from '../../model/profile.ts';
import { hash32, seededStreams, seedOf } from '../../model/random.ts';
import type { SignalValue } from '../../model/reading.ts';
import type { AlarmEvent } from './alarms.ts';
import { compileProfile, type ReportKind } from './compile.ts';
import type { Environment } from './environment.ts';
import { slots } from './layout.ts';
import type { PublishedSignal } from './published-values.ts';
import { createStepper } from './stepper.ts';

/** All simulated devices of one profile in this process. */
export interface DeviceModel {
  readonly profile: DeviceProfile;
  readonly capacity: number;
  /** Adds a device; returns its index. Same seed, same district, same behaviour everywhere. */
  add(options: { readonly seed: number; readonly district: string }): number;
  /**
   * Moves device `index` to `nowMs` (never backwards). The first call brings it near its steady
   * state and costs as much as some fifty others: make it before the load begins.
   */
  advance(index: number, nowMs: number): void;
  /**
   * The published values as they are now; `key`: only key signals. Asking does not change the
   * device: the same moment gives the same values. Advance it first.
   * @throws RangeError for `full` of a model that was made for `key` reports.
   */
  values(index: number, report: ReportKind): Record<string, SignalValue>;
  /** Current state name, '' if the profile has no states. */
  state(index: number): string;
  /** Class of the current state; `run` if the profile has no states. */
  stateClass(index: number): StateClass;
  /** Nominal interval to the next report in its present state. */
  intervalMs(index: number): number;
  /** Alarms raised or cleared since the last call, oldest first, at most 16. */
  takeEvents(index: number): AlarmEvent[];
}

/**
 * Compiles `profile` and makes room for `capacity` devices. One that is made for `key` reports
 * plays only what they need, in half the time; its devices draw other numbers than those of a
 * `full` one.
 * @throws OnrampError `profile.invalid` when its behaviour cannot be compiled.
 */
export function createDeviceModel(
  profile: DeviceProfile,
  environment: Environment,
  capacity: number,
  report: ReportKind = 'full',
): DeviceModel {
  const random = seededStreams(capacity);
  const compiled = compileProfile(profile, random, report);
  const stepper = createStepper(compiled, environment);
  const { width, states, machine, published, intervalsMs } = compiled;
  const rows = new Float64Array(capacity * width);
  const began = new Uint8Array(capacity);
  const queues: AlarmEvent[][] = [];
  const reports = {
    key: createReport(published.filter(({ key }) => key)),
    full: report === 'full' ? createReport(published) : null,
  };
  const profileSeed = seedOf(profile.id);

  const stateOf = (index: number): number => rows[index * width + slots.state]!;

  return {
    profile,
    capacity,
    add({ seed, district }) {
      const index = queues.length;
      if (index >= capacity) throw new RangeError(`the model has room for ${capacity} devices`);
      const deviceSeed = hash32(seed, profileSeed);
      random.seed(index, deviceSeed);
      rows[index * width + slots.seed] = deviceSeed;
      rows[index * width + slots.district] = environment.district(district);
      rows[index * width + slots.state] = machine.initial;
      queues.push([]);
      return index;
    },
    advance(index, nowMs) {
      random.select(index);
      if (began[index] === 1) {
        stepper.advance(rows, index * width, nowMs, queues[index]!);
        return;
      }
      stepper.begin(rows, index * width, nowMs);
      began[index] = 1;
    },
    values(index, kind) {
      const report = reports[kind];
      if (report === null) throw new RangeError('the model was made for key reports');
      return readValues(report, rows, index * width);
    },
    state: (index) => states[stateOf(index)]!,
    stateClass: (index) => machine.classes[stateOf(index)]!,
    intervalMs: (index) => intervalsMs[stateOf(index)]!,
    takeEvents(index) {
      const events = queues[index]!;
      if (events.length > 0) queues[index] = [];
      return events;
    },
  };
}

interface Report {
  readonly signals: readonly PublishedSignal[];
  /** Has every property already: filling a copy is several times faster than adding them. */
  readonly blank: Readonly<Record<string, SignalValue>>;
}

function createReport(signals: readonly PublishedSignal[]): Report {
  const blank = JSON.stringify(Object.fromEntries(signals.map(({ id }) => [id, null])));
  // Parsed, for the engine lays out parsed objects compactly however many properties they have.
  return { signals, blank: JSON.parse(blank) };
}

function readValues(report: Report, row: Float64Array, base: number): Record<string, SignalValue> {
  const stamp = hash32(row[base + slots.seed]!, row[base + slots.timeMs]!);
  const values: Record<string, SignalValue> = { ...report.blank };
  const { signals } = report;
  for (let i = 0; i < signals.length; i++) {
    const { id, read } = signals[i]!;
    values[id] = read(row, base, stamp);
  }
  return values;
}
