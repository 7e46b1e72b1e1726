/** A 10 kV dry-type transformer: winding temperatures lag the load, the fan has hysteresis. */

import type { DeviceProfile } from '../profile.ts';
import { bool, enumeration, float, lag } from './notation.ts';

export const transformer10kv: DeviceProfile = {
  id: 'transformer-10kv',
  name: { zh: '10kV干式配电变压器', en: '10 kV dry-type distribution transformer' },
  vertical: { zh: '配电与用能', en: 'Power distribution' },
  production: true,
  standards: ['Modbus and IEC 60870-5-104 field practice'],
  behaviour: {
    mix: 0.03,
    schedule: '24x7',
    reportIntervalMs: { default: 30_000 },
    parameters: {
      kva: {
        choice: [
          [400, 0.15],
          [630, 0.25],
          [800, 0.2],
          [1000, 0.2],
          [1250, 0.1],
          [1600, 0.1],
        ],
      },
      loadBase: { uniform: [0.25, 0.7] },
      shiftKind: {
        choice: [
          ['one', 0.35],
          ['two', 0.35],
          ['three', 0.3],
        ],
      },
    },
    states: {
      initial: 'IN_SERVICE',
      states: {
        IN_SERVICE: { class: 'run', next: [] },
        TRIPPED: {
          class: 'alarm',
          next: [{ to: 'IN_SERVICE', weight: 1, dwellS: '3600', distribution: 'exp' }],
        },
      },
    },
    kpis: ['load rate heat-map', 'losses', 'over-temperature hours'],
    powerKw: 'p',
  },
  signals: [
    {
      id: 'state',
      name: { zh: '运行状态', en: 'State' },
      ...enumeration('IN_SERVICE', 'TRIPPED'),
      key: true,
      dynamics: { kind: 'state' },
    },
    {
      id: 'loadRate',
      name: { zh: '负载率', en: 'Load rate' },
      ...float('percent', [0, 130], 1),
      key: true,
      dynamics: {
        kind: 'ou',
        mean: 'if(state == "TRIPPED", 0, 100*loadBase*(0.3 + 0.8*shift))',
        tauS: 300,
        sd: 2.2,
        clamp: [0, 130],
      },
    },
    {
      id: 's',
      name: { zh: '视在功率', en: 'Apparent power' },
      ...float('kilovoltAmpere', [0, 2100], 1),
      dynamics: { kind: 'expr', expr: 'kva*loadRate/100' },
    },
    {
      id: 'p',
      name: { zh: '有功功率', en: 'Active power' },
      ...float('kilowatt', [0, 2100], 1),
      key: true,
      dynamics: { kind: 'expr', expr: 's*0.93' },
    },
    {
      id: 'ua',
      name: { zh: '低压侧A相电压', en: 'LV phase A voltage' },
      ...float('volt', [0, 265], 1),
      key: true,
      dynamics: {
        kind: 'expr',
        expr: 'if(state == "TRIPPED", 0, ugrid + 3 - 5*loadRate/100)',
        noise: 0.15,
      },
    },
    {
      id: 'ia',
      name: { zh: '低压侧A相电流', en: 'LV phase A current' },
      ...float('ampere', [0, 3200], 1),
      dynamics: { kind: 'expr', expr: 'if(ua > 50, s*1000/3/ua, 0)' },
    },
    {
      id: 'tempA',
      name: { zh: 'A相绕组温度', en: 'Winding temp A' },
      ...float('celsius', [-10, 170], 1),
      dynamics: lag('tind + 6 + 70*pow(loadRate/100, 1.6) - if(fan, 14, 0)', 5400, {
        noise: 0.15,
        start: 'tind + 20',
      }),
    },
    {
      id: 'tempB',
      name: { zh: 'B相绕组温度', en: 'Winding temp B' },
      ...float('celsius', [-10, 170], 1),
      key: true,
      dynamics: lag('tind + 9 + 73*pow(loadRate/100, 1.6) - if(fan, 14, 0)', 5400, {
        noise: 0.15,
        start: 'tind + 22',
      }),
    },
    {
      id: 'tempC',
      name: { zh: 'C相绕组温度', en: 'Winding temp C' },
      ...float('celsius', [-10, 170], 1),
      dynamics: lag('tind + 6 + 71*pow(loadRate/100, 1.6) - if(fan, 14, 0)', 5400, {
        noise: 0.15,
        start: 'tind + 20',
      }),
    },
    {
      id: 'tempCore',
      name: { zh: '铁芯温度', en: 'Core temperature' },
      ...float('celsius', [-10, 140], 1),
      dynamics: lag('tind + 28', 7200, { noise: 0.1, start: 'tind + 25' }),
    },
    {
      id: 'fan',
      name: { zh: '冷却风机', en: 'Cooling fan' },
      ...bool,
      dynamics: { kind: 'hysteresis', input: 'tempB', on: 85, off: 72 },
    },
    {
      id: 'door',
      name: { zh: '柜门', en: 'Cabinet door open' },
      ...bool,
      dynamics: { kind: 'pulse', perDay: 0.3, durationS: 600 },
    },
    {
      id: 'rh',
      name: { zh: '柜内湿度', en: 'Cabinet humidity' },
      ...float('percent', [10, 100], 1),
      dynamics: { kind: 'ou', mean: 'rh - 12', tauS: 3600, sd: 2, clamp: [10, 100] },
    },
    {
      id: 'noise',
      name: { zh: '本体噪声', en: 'Noise' },
      ...float('decibel', [35, 85], 1),
      dynamics: { kind: 'ou', mean: '52 + 6*loadRate/100', tauS: 600, sd: 0.8, clamp: [35, 85] },
    },
    {
      id: 'energy',
      name: { zh: '累计电量', en: 'Energy' },
      ...float('kilowattHour', [0, 1e10], 1),
      key: true,
      dynamics: { kind: 'integral', rate: 'p/3600', start: { uniform: [100_000, 50_000_000] } },
    },
    {
      id: 'lossKw',
      name: { zh: '变压器损耗', en: 'Transformer losses' },
      ...float('kilowatt', [0, 30], 2),
      dynamics: { kind: 'expr', expr: 'kva*(0.0016 + 0.009*pow(loadRate/100, 2))' },
    },
  ],
  alarms: [
    {
      code: 'TEMP_HIGH',
      severity: 2,
      name: { zh: '绕组温度高', en: 'Winding over-temperature' },
      when: 'tempB > 130',
      clearWhen: 'tempB < 120',
    },
    {
      code: 'TEMP_TRIP',
      severity: 1,
      name: { zh: '超温跳闸', en: 'Over-temperature trip' },
      when: 'tempB > 155',
      forcesState: 'TRIPPED',
    },
    {
      code: 'OVERLOAD',
      severity: 2,
      name: { zh: '过载', en: 'Overload' },
      when: 'loadRate > 100',
      clearWhen: 'loadRate < 95',
    },
    { code: 'DOOR_OPEN', severity: 4, name: { zh: '柜门未关', en: 'Door open' }, when: 'door' },
    {
      code: 'FAN_FAULT',
      severity: 3,
      name: { zh: '风机故障', en: 'Fan fault' },
      perDeviceDay: 0.003,
    },
    {
      code: 'HUMID',
      severity: 4,
      name: { zh: '湿度过高', en: 'High humidity' },
      when: 'rh > 85',
      clearWhen: 'rh < 78',
      onDelayS: 300,
    },
  ],
};
