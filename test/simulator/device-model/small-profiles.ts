/** Small profiles whose right answer is known. */

import type {
  Alarm,
  DeviceProfile,
  Dynamics,
  MachineState,
  Signal,
  StateMachine,
} from '../../../model/profile.ts';
import type { ReportKind } from '../../../simulator/device-model/compile.ts';
import { createEnvironment } from '../../../simulator/device-model/environment.ts';
import { createDeviceModel, type DeviceModel } from '../../../simulator/device-model/model.ts';

/** A Friday noon in Changzhou. */
export const fromMs = Date.parse('2018-11-30T12:00:00+08:00');

/** A signal with a wide range, unless `options` say otherwise. */
export function signal(id: string, dynamics: Dynamics, options: Partial<Signal> = {}): Signal {
  const name = { zh: id, en: id };
  const range = [-1e12, 1e12] as const;
  return {
    id,
    name,
    unit: '1',
    ucum: '1',
    type: 'float',
    range,
    precision: 6,
    dynamics,
    ...options,
  };
}

/** A state that is left for `to` after exactly `dwellS`. */
export const moves = (to: string, dwellS: string, until?: MachineState['until']): MachineState => ({
  class: 'run',
  next: [{ to, weight: 1, dwellS, distribution: 'fixed' }],
  ...(until ? { until } : {}),
});

/** A machine that runs and does nothing else. */
export const resting: StateMachine = {
  initial: 'Run',
  states: { Run: { class: 'run', next: [] } },
};

/** A machine that runs for 37 s and waits for 53 s, for ever. */
export const twoStates: StateMachine = {
  initial: 'Run',
  states: { Run: moves('Wait', '37'), Wait: { ...moves('Run', '53'), class: 'idle' } },
};

/** What a test says about its profile. */
export interface Parts {
  signals: readonly Signal[];
  states?: StateMachine;
  alarms?: readonly Alarm[];
  cycle?: NonNullable<DeviceProfile['behaviour']>['cycle'];
}

function profileOf({ signals, states = twoStates, alarms = [], cycle }: Parts): DeviceProfile {
  return {
    id: 'test.machine',
    name: { zh: '测试', en: 'Test' },
    production: true,
    signals,
    alarms,
    behaviour: {
      mix: 0,
      schedule: '24x7',
      reportIntervalMs: { default: 1000 },
      parameters: {},
      states,
      kpis: [],
      ...(cycle ? { cycle } : {}),
    },
  };
}

/** One device of a small profile, brought to `fromMs`. */
export function play(parts: Parts, seed = 1, report: ReportKind = 'full'): DeviceModel {
  const model = createDeviceModel(profileOf(parts), createEnvironment({ seed: 1 }), 1, report);
  model.add({ seed, district: 'wujin' });
  model.advance(0, fromMs);
  return model;
}

/** All values of the device, which are numbers. */
export const numbers = (model: DeviceModel): Record<string, number> =>
  model.values(0, 'full') as Record<string, number>;
