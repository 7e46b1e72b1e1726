/** A workshop environment sensor. A sensor is not production equipment. */

import type { DeviceProfile } from '../profile.ts';
import { float, lag } from './notation.ts';

export const envSensor: DeviceProfile = {
  id: 'env-sensor',
  name: { zh: '车间环境监测仪', en: 'Workshop environment sensor' },
  vertical: { zh: '热能与环保', en: 'Heat & environment' },
  production: false,
  standards: ['HJ 212-2017 pollutant codes'],
  behaviour: {
    mix: 0.07,
    schedule: '24x7',
    reportIntervalMs: { default: 60_000 },
    parameters: {
      dust: { uniform: [18, 80] },
      noiseBase: { uniform: [58, 82] },
      shiftKind: {
        choice: [
          ['one', 0.45],
          ['two', 0.3],
          ['three', 0.25],
        ],
      },
    },
    states: {
      initial: 'ONLINE',
      states: {
        ONLINE: { class: 'run', next: [] },
      },
    },
    kpis: ['hours within limits'],
  },
  signals: [
    {
      id: 'temp',
      name: { zh: '温度', en: 'Temperature' },
      ...float('celsius', [-10, 60], 1),
      key: true,
      standard: 'HJ 212 a01001',
      dynamics: lag('tind + 3*shift', 1800, { noise: 0.1, start: 'tind' }),
    },
    {
      id: 'rh',
      name: { zh: '相对湿度', en: 'Relative humidity' },
      ...float('percent', [10, 100], 1),
      key: true,
      standard: 'HJ 212 a01002',
      dynamics: { kind: 'ou', mean: 'rh - 6', tauS: 1800, sd: 1.2, clamp: [10, 100] },
    },
    {
      id: 'pm25',
      name: { zh: 'PM2.5', en: 'PM2.5' },
      ...float('microgramPerCubicMetre', [0, 500], 0),
      key: true,
      standard: 'HJ 212 a34004',
      dynamics: { kind: 'ou', mean: 'dust*(0.4 + 0.8*shift)', tauS: 900, sd: 5, clamp: [0, 500] },
    },
    {
      id: 'pm10',
      name: { zh: 'PM10', en: 'PM10' },
      ...float('microgramPerCubicMetre', [0, 900], 0),
      standard: 'HJ 212 a34002',
      dynamics: { kind: 'expr', expr: 'pm25*1.55', noise: 1 },
    },
    {
      id: 'co2',
      name: { zh: '二氧化碳', en: 'CO2' },
      ...float('partPerMillion', [350, 3000], 0),
      dynamics: lag('430 + 520*shift', 1500, { noise: 6, start: '430' }),
    },
    {
      id: 'tvoc',
      name: { zh: 'TVOC', en: 'TVOC' },
      ...float('partPerBillion', [0, 3000], 0),
      dynamics: { kind: 'ou', mean: '60 + 220*shift', tauS: 900, sd: 18, clamp: [0, 3000] },
    },
    {
      id: 'noise',
      name: { zh: '噪声', en: 'Noise' },
      ...float('decibel', [30, 120], 1),
      key: true,
      standard: 'HJ 212 LA',
      dynamics: {
        kind: 'ou',
        mean: 'if(shift > 0.3, noiseBase, 44)',
        tauS: 120,
        sd: 1.8,
        clamp: [30, 120],
      },
    },
    {
      id: 'lux',
      name: { zh: '照度', en: 'Illuminance' },
      ...float('lux', [0, 5000], 0),
      dynamics: lag('40 + 360*shift + irr*0.12', 300, { noise: 4 }),
    },
    {
      id: 'battery',
      name: { zh: '电池电压', en: 'Battery' },
      ...float('volt', [2.6, 3.7], 3),
      key: true,
      dynamics: { kind: 'integral', rate: '-0.45/(3600*24*540)', start: { uniform: [3.1, 3.6] } },
    },
    {
      id: 'rssi',
      name: { zh: '信号强度', en: 'RSSI' },
      ...float('decibelMilliwatt', [-120, -40], 0),
      dynamics: { kind: 'ou', mean: '-84', tauS: 1200, sd: 3, clamp: [-120, -40] },
    },
  ],
  alarms: [
    {
      code: 'NOISE',
      severity: 3,
      name: { zh: '噪声超标(85dB)', en: 'Noise > 85 dB(A)' },
      when: 'noise > 85',
      clearWhen: 'noise < 83',
    },
    { code: 'PM25', severity: 3, name: { zh: '粉尘超标', en: 'Dust high' }, when: 'pm25 > 150' },
    {
      code: 'CO2',
      severity: 4,
      name: { zh: '通风不足', en: 'Ventilation poor' },
      when: 'co2 > 1500',
    },
    { code: 'BAT', severity: 4, name: { zh: '电池低', en: 'Battery low' }, when: 'battery < 2.8' },
    { code: 'TEMP', severity: 3, name: { zh: '温度过高', en: 'Hot' }, when: 'temp > 38' },
  ],
};
