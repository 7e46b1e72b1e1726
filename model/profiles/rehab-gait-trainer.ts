/** A gait trainer: anonymous training sessions in office hours. No patient identity on the wire. */

import type { DeviceProfile } from '../profile.ts';
import { enumeration, float, int, lag, text } from './notation.ts';

export const rehabGaitTrainer: DeviceProfile = {
  id: 'rehab-gait-trainer',
  name: { zh: '步态康复训练机器人/跑台', en: 'Rehabilitation gait trainer / treadmill' },
  vertical: { zh: '康复器械', en: 'Rehabilitation devices' },
  production: true,
  standards: ['Bluetooth Fitness Machine Service, Treadmill Data (0x2ACD)'],
  behaviour: {
    mix: 0.02,
    schedule: 'office',
    reportIntervalMs: { TRAINING: 1000, OFF: 60_000, default: 30_000 },
    parameters: {
      maxSpeed: { uniform: [1.6, 3.6] },
    },
    states: {
      initial: 'OFF',
      offState: 'OFF',
      states: {
        OFF: { class: 'off', until: [{ when: 'onShift', to: 'IDLE' }], next: [] },
        IDLE: {
          class: 'idle',
          next: [{ to: 'PREPARE', weight: 1, dwellS: '900', distribution: 'exp' }],
        },
        PREPARE: {
          class: 'setup',
          next: [{ to: 'TRAINING', weight: 1, dwellS: '240', distribution: 'lognormal' }],
        },
        TRAINING: {
          class: 'run',
          next: [
            { to: 'IDLE', weight: 0.85, dwellS: '1500', distribution: 'lognormal' },
            { to: 'PAUSED', weight: 0.15, dwellS: '700', distribution: 'exp' },
          ],
        },
        PAUSED: {
          class: 'idle',
          next: [
            { to: 'TRAINING', weight: 0.8, dwellS: '60', distribution: 'exp' },
            { to: 'IDLE', weight: 0.2, dwellS: '120', distribution: 'exp' },
          ],
        },
        ALARM: {
          class: 'alarm',
          next: [{ to: 'IDLE', weight: 1, dwellS: '300', distribution: 'exp' }],
        },
      },
    },
    kpis: ['sessions/day', 'utilisation', 'mean distance'],
    powerKw: 'powerKw',
  },
  signals: [
    {
      id: 'state',
      name: { zh: '状态', en: 'State' },
      ...enumeration('OFF', 'IDLE', 'PREPARE', 'TRAINING', 'PAUSED', 'ALARM'),
      key: true,
      dynamics: { kind: 'state' },
    },
    {
      id: 'mode',
      name: { zh: '训练模式', en: 'Training mode' },
      ...enumeration('PASSIVE', 'ASSIST', 'ACTIVE'),
      dynamics: {
        kind: 'onEnter',
        states: ['PREPARE'],
        draw: {
          choice: [
            ['PASSIVE', 0.35],
            ['ASSIST', 0.4],
            ['ACTIVE', 0.25],
          ],
        },
      },
    },
    {
      id: 'sessionId',
      name: { zh: '训练编号(匿名)', en: 'Anonymous session id' },
      ...text,
      dynamics: { kind: 'onEnter', states: ['PREPARE'], draw: { pattern: 'S{int:100000-999999}' } },
    },
    {
      id: 'speed',
      name: { zh: '跑台速度', en: 'Instantaneous speed' },
      ...float('kilometrePerHour', [0, 6], 2),
      key: true,
      standard: 'FTMS Instantaneous Speed',
      dynamics: lag('if(state == "TRAINING", maxSpeed*(0.75 + 0.25*sin(tin/180)), 0)', 6, {
        noise: 0.01,
      }),
    },
    {
      id: 'inclination',
      name: { zh: '坡度', en: 'Inclination' },
      ...float('percent', [-3, 15], 1),
      standard: 'FTMS Inclination',
      dynamics: {
        kind: 'onEnter',
        states: ['PREPARE'],
        draw: {
          choice: [
            [0, 0.7],
            [2, 0.2],
            [4, 0.1],
          ],
        },
      },
    },
    {
      id: 'distance',
      name: { zh: '训练距离', en: 'Total distance' },
      ...float('metre', [0, 5000], 0),
      key: true,
      standard: 'FTMS Total Distance',
      dynamics: { kind: 'integral', rate: 'speed/3.6', resetOnEnter: ['PREPARE'] },
    },
    {
      id: 'cadence',
      name: { zh: '步频', en: 'Step cadence' },
      ...float('stepPerMinute', [0, 140], 0),
      standard: 'FTMS step/min',
      dynamics: { kind: 'expr', expr: 'speed*27', noise: 0.6 },
    },
    {
      id: 'bws',
      name: { zh: '减重比', en: 'Body-weight support' },
      ...float('percent', [0, 80], 0),
      dynamics: { kind: 'onEnter', states: ['PREPARE'], draw: { uniform: [10, 45] } },
    },
    {
      id: 'forceL',
      name: { zh: '左下肢受力', en: 'Left leg force' },
      ...float('newton', [0, 900], 0),
      dynamics: {
        kind: 'osc',
        amplitude: 210,
        offset: 240,
        periodS: '60/max(20, cadence)*2',
        inStates: ['TRAINING'],
        rest: 0,
        noise: 8,
      },
    },
    {
      id: 'forceR',
      name: { zh: '右下肢受力', en: 'Right leg force' },
      ...float('newton', [0, 900], 0),
      dynamics: {
        kind: 'osc',
        amplitude: 200,
        offset: 235,
        phase: Math.PI,
        periodS: '60/max(20, cadence)*2',
        inStates: ['TRAINING'],
        rest: 0,
        noise: 8,
      },
    },
    {
      id: 'kneeL',
      name: { zh: '左膝关节角', en: 'Left knee angle' },
      ...float('degree', [-5, 75], 1),
      dynamics: {
        kind: 'osc',
        amplitude: 27,
        offset: 30,
        periodS: '60/max(20, cadence)*2',
        inStates: ['TRAINING'],
        rest: 5,
      },
    },
    {
      id: 'heartRate',
      name: { zh: '心率', en: 'Heart rate' },
      ...int('perMinute', [0, 190]),
      standard: 'FTMS Heart Rate',
      dynamics: lag('if(state == "TRAINING", 92 + 9*speed, 0)', 45, { noise: 0.6 }),
    },
    {
      id: 'spasm',
      name: { zh: '痉挛次数', en: 'Spasm count' },
      ...int('unitless', [0, 50]),
      dynamics: {
        kind: 'count',
        on: 'poisson',
        step: '1',
        resetOnEnter: ['PREPARE'],
        perHour: 1.2,
        inStates: ['TRAINING'],
      },
    },
    {
      id: 'sessionTime',
      name: { zh: '训练时长', en: 'Elapsed time' },
      ...int('second', [0, 7200]),
      standard: 'FTMS Elapsed Time',
      dynamics: {
        kind: 'integral',
        rate: 'if(state == "TRAINING", 1, 0)',
        resetOnEnter: ['PREPARE'],
      },
    },
    {
      id: 'sessions',
      name: { zh: '累计训练人次', en: 'Sessions' },
      ...int('unitless', [0, 1e6]),
      key: true,
      dynamics: { kind: 'count', on: 'enter:TRAINING', step: '1', start: { uniform: [100, 9000] } },
    },
    {
      id: 'motorTemp',
      name: { zh: '电机温度', en: 'Motor temperature' },
      ...float('celsius', [5, 90], 1),
      key: true,
      dynamics: lag('tind + if(state == "TRAINING", 22, 2)', 900, { noise: 0.1, start: 'tind' }),
    },
    {
      id: 'powerKw',
      name: { zh: '功率', en: 'Power' },
      ...float('kilowatt', [0, 4], 3),
      key: true,
      dynamics: lag('if(state == "OFF", 0.01, if(state == "TRAINING", 0.9 + 0.2*speed, 0.12))', 4, {
        noise: 0.01,
      }),
    },
    {
      id: 'energyKwh',
      name: { zh: '累计用电', en: 'Energy' },
      ...float('kilowattHour', [0, 1e6], 3),
      dynamics: { kind: 'integral', rate: 'powerKw/3600', start: { uniform: [10, 8000] } },
    },
  ],
  alarms: [
    {
      code: 'SPASM_STOP',
      severity: 1,
      name: { zh: '痉挛保护停机', en: 'Spasm protective stop' },
      perDeviceDay: 0.3,
      forcesState: 'ALARM',
    },
    {
      code: 'HR_HIGH',
      severity: 2,
      name: { zh: '心率过高', en: 'Heart rate high' },
      when: 'heartRate > 135',
    },
    {
      code: 'MOTOR_HOT',
      severity: 3,
      name: { zh: '电机过热', en: 'Motor hot' },
      when: 'motorTemp > 70',
    },
    {
      code: 'BELT_DEV',
      severity: 4,
      name: { zh: '跑带跑偏', en: 'Belt deviation' },
      perDeviceDay: 0.02,
    },
  ],
};
