/** An air-jet loom: weaves round the clock, stops for weft and warp breaks. */

import type { DeviceProfile } from '../profile.ts';
import { enumeration, float, int, lag } from './notation.ts';

export const airJetLoom: DeviceProfile = {
  id: 'air-jet-loom',
  name: { zh: '喷气织机', en: 'Air-jet loom' },
  vertical: { zh: '纺织', en: 'Textile' },
  production: true,
  standards: [
    'OPC 40001-1 MachineryItemState',
    'mill practice (picks, weft and warp stops, efficiency)',
  ],
  behaviour: {
    mix: 0.09,
    schedule: 'three',
    reportIntervalMs: { RUN: 10_000, OFF: 60_000, default: 20_000 },
    parameters: {
      rpm: { uniform: [560, 900] },
      density: {
        choice: [
          [22, 0.4],
          [28, 0.4],
          [36, 0.2],
        ],
      },
      stopRate: { uniform: [0.7, 1.6] },
    },
    states: {
      initial: 'OFF',
      offState: 'OFF',
      states: {
        OFF: { class: 'off', until: [{ when: 'onShift', to: 'RUN' }], next: [] },
        RUN: {
          class: 'run',
          next: [
            { to: 'WEFT_STOP', weight: 0.55, dwellS: '1500/stopRate', distribution: 'exp' },
            { to: 'WARP_STOP', weight: 0.33, dwellS: '1500/stopRate', distribution: 'exp' },
            { to: 'OTHER_STOP', weight: 0.1, dwellS: '1500/stopRate', distribution: 'exp' },
            { to: 'STYLE_CHANGE', weight: 0.02, dwellS: '1500/stopRate', distribution: 'exp' },
          ],
        },
        WEFT_STOP: {
          class: 'idle',
          next: [{ to: 'RUN', weight: 1, dwellS: '45', distribution: 'lognormal' }],
        },
        WARP_STOP: {
          class: 'idle',
          next: [{ to: 'RUN', weight: 1, dwellS: '150', distribution: 'lognormal' }],
        },
        OTHER_STOP: {
          class: 'idle',
          next: [{ to: 'RUN', weight: 1, dwellS: '240', distribution: 'lognormal' }],
        },
        STYLE_CHANGE: {
          class: 'setup',
          next: [{ to: 'RUN', weight: 1, dwellS: '5400', distribution: 'lognormal' }],
        },
        FAULT: {
          class: 'alarm',
          next: [{ to: 'RUN', weight: 1, dwellS: '1200', distribution: 'lognormal' }],
        },
      },
    },
    oee: { runStates: ['RUN'], idealCycleS: '60*density*100/rpm' },
    kpis: ['efficiency', 'stops per 1e5 picks', 'm/h', 'air per m'],
    powerKw: 'powerKw',
  },
  signals: [
    {
      id: 'state',
      name: { zh: '状态', en: 'State' },
      ...enumeration('OFF', 'RUN', 'WEFT_STOP', 'WARP_STOP', 'OTHER_STOP', 'STYLE_CHANGE', 'FAULT'),
      key: true,
      dynamics: { kind: 'state' },
    },
    {
      id: 'itemState',
      name: { zh: '设备状态', en: 'Machinery item state' },
      ...enumeration('NotAvailable', 'OutOfService', 'NotExecuting', 'Executing'),
      standard: 'OPC 40001-1 MachineryItemState',
      dynamics: {
        kind: 'map',
        values: {
          OFF: 'NotAvailable',
          RUN: 'Executing',
          FAULT: 'OutOfService',
          default: 'NotExecuting',
        },
      },
    },
    {
      id: 'speed',
      name: { zh: '织机转速', en: 'Loom speed' },
      ...float('revolutionPerMinute', [0, 1200], 0),
      key: true,
      dynamics: lag('if(state == "RUN", rpm, 0)', 1.5, { noise: 1.2 }),
    },
    {
      id: 'picks',
      name: { zh: '打纬数', en: 'Pick counter' },
      ...int('unitless', [0, 1e12]),
      key: true,
      dynamics: { kind: 'integral', rate: 'speed/60', start: { uniform: [1e6, 5_000_000_000] } },
    },
    {
      id: 'fabricLength',
      name: { zh: '坯布长度', en: 'Fabric length' },
      ...float('metre', [0, 1e8], 3),
      dynamics: {
        kind: 'integral',
        rate: 'speed/60/density/100',
        start: { uniform: [0, 800_000] },
      },
    },
    {
      id: 'partCount',
      name: { zh: '产量(米)', en: 'Output (m)' },
      ...float('unitless', [0, 1e8], 1),
      dynamics: { kind: 'expr', expr: 'fabricLength' },
    },
    {
      id: 'badCount',
      name: { zh: '疵布(米)', en: 'Faulty fabric (m)' },
      ...float('unitless', [0, 1e7], 1),
      dynamics: { kind: 'expr', expr: 'fabricLength*0.006' },
    },
    {
      id: 'efficiency',
      name: { zh: '效率(1h)', en: 'Efficiency, 1 h' },
      ...float('percent', [0, 100], 1),
      key: true,
      dynamics: lag('if(state == "RUN", 100, 0)', 3600, { start: '88' }),
    },
    {
      id: 'weftStops',
      name: { zh: '纬停次数', en: 'Weft stops' },
      ...int('unitless', [0, 1e8]),
      dynamics: { kind: 'count', on: 'enter:WEFT_STOP', step: '1' },
    },
    {
      id: 'warpStops',
      name: { zh: '经停次数', en: 'Warp stops' },
      ...int('unitless', [0, 1e8]),
      dynamics: { kind: 'count', on: 'enter:WARP_STOP', step: '1' },
    },
    {
      id: 'otherStops',
      name: { zh: '其他停车', en: 'Other stops' },
      ...int('unitless', [0, 1e8]),
      dynamics: { kind: 'count', on: 'enter:OTHER_STOP', step: '1' },
    },
    {
      id: 'warpTension',
      name: { zh: '经纱张力', en: 'Warp tension' },
      ...float('kilonewton', [0, 6], 2),
      dynamics: lag('if(state == "RUN", 2.1, 1.7)', 4, { noise: 0.03 }),
    },
    {
      id: 'airPressure',
      name: { zh: '主喷气压', en: 'Main-nozzle pressure' },
      ...float('megapascal', [0, 0.8], 3),
      dynamics: lag('if(state == "OFF", 0, 0.36)', 3, { noise: 0.004 }),
    },
    {
      id: 'airFlow',
      name: { zh: '耗气量', en: 'Air consumption' },
      ...float('cubicMetrePerHour', [0, 120], 1),
      dynamics: lag('if(state == "RUN", rpm*0.062, 4)', 4, { noise: 0.4 }),
    },
    {
      id: 'rhLocal',
      name: { zh: '车间湿度', en: 'Shop humidity' },
      ...float('percent', [30, 95], 1),
      dynamics: { kind: 'ou', mean: '70', tauS: 1800, sd: 1.5, clamp: [40, 92] },
    },
    {
      id: 'motorTemp',
      name: { zh: '主电机温度', en: 'Main motor temperature' },
      ...float('celsius', [0, 100], 1),
      key: true,
      dynamics: lag('tind + if(state == "RUN", 34, 6)', 1500, { noise: 0.1, start: 'tind' }),
    },
    {
      id: 'powerKw',
      name: { zh: '功率', en: 'Power' },
      ...float('kilowatt', [0, 12], 2),
      key: true,
      dynamics: lag('if(state == "OFF", 0.03, if(state == "RUN", 1.1 + rpm*0.0032, 0.5))', 2, {
        noise: 0.03,
      }),
    },
    {
      id: 'energyKwh',
      name: { zh: '累计用电', en: 'Energy' },
      ...float('kilowattHour', [0, 1e8], 3),
      dynamics: { kind: 'integral', rate: 'powerKw/3600', start: { uniform: [100, 200_000] } },
    },
  ],
  alarms: [
    {
      code: 'WEFT_STOP_HIGH',
      severity: 3,
      name: { zh: '纬停频繁', en: 'Weft stops high' },
      when: 'efficiency < 75 && state != "OFF"',
    },
    {
      code: 'AIR_LOW',
      severity: 2,
      name: { zh: '气压低', en: 'Air pressure low' },
      when: 'state == "RUN" && airPressure < 0.3',
    },
    {
      code: 'TENSION',
      severity: 3,
      name: { zh: '张力异常', en: 'Tension out of band' },
      when: 'warpTension > 2.8',
    },
    {
      code: 'MOTOR_HOT',
      severity: 2,
      name: { zh: '主电机过热', en: 'Motor hot' },
      when: 'motorTemp > 85',
    },
    {
      code: 'DRIVE',
      severity: 2,
      name: { zh: '变频器故障', en: 'Drive fault' },
      perDeviceDay: 0.03,
      forcesState: 'FAULT',
    },
    {
      code: 'RH',
      severity: 4,
      name: { zh: '湿度异常', en: 'Humidity out of band' },
      when: 'rhLocal < 60 || rhLocal > 82',
    },
  ],
};
