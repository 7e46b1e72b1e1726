/** A gas steam boiler with its flue-gas monitoring. */

import type { DeviceProfile } from '../profile.ts';
import { enumeration, float, lag } from './notation.ts';

export const boilerCems: DeviceProfile = {
  id: 'boiler-cems',
  name: { zh: '燃气蒸汽锅炉及烟气在线监测', en: 'Gas steam boiler with CEMS' },
  vertical: { zh: '热能与环保', en: 'Heat & environment' },
  production: true,
  standards: ['HJ 212-2017 pollutant codes'],
  behaviour: {
    mix: 0.01,
    schedule: 'three',
    reportIntervalMs: { OFF: 60_000, default: 10_000 },
    parameters: {
      tph: {
        choice: [
          [2, 0.3],
          [4, 0.35],
          [6, 0.15],
          [10, 0.15],
          [20, 0.05],
        ],
      },
      noxBase: { uniform: [26, 44] },
      demand: { uniform: [0.5, 0.85] },
    },
    states: {
      initial: 'OFF',
      offState: 'OFF',
      states: {
        OFF: { class: 'off', until: [{ when: 'onShift', to: 'PURGE' }], next: [] },
        PURGE: {
          class: 'setup',
          next: [{ to: 'FIRING', weight: 1, dwellS: '240', distribution: 'fixed' }],
        },
        FIRING: {
          class: 'run',
          next: [{ to: 'HOT_STANDBY', weight: 1, dwellS: '14400', distribution: 'exp' }],
        },
        HOT_STANDBY: {
          class: 'idle',
          next: [{ to: 'FIRING', weight: 1, dwellS: '1200', distribution: 'exp' }],
        },
        LOCKOUT: {
          class: 'alarm',
          next: [{ to: 'PURGE', weight: 1, dwellS: '900', distribution: 'exp' }],
        },
      },
    },
    kpis: ['gas per t steam', 'share of hours within the emission limit', 'efficiency'],
    powerKw: 'powerKw',
  },
  signals: [
    {
      id: 'state',
      name: { zh: '燃烧状态', en: 'Burner state' },
      ...enumeration('OFF', 'PURGE', 'FIRING', 'HOT_STANDBY', 'LOCKOUT'),
      key: true,
      dynamics: { kind: 'state' },
    },
    {
      id: 'loadPct',
      name: { zh: '负荷率', en: 'Firing rate' },
      ...float('percent', [0, 110], 1),
      dynamics: {
        kind: 'ou',
        mean: 'if(state == "FIRING", 100*demand*(0.5 + 0.6*shift), 0)',
        tauS: 240,
        sd: 2.5,
        clamp: [0, 105],
      },
    },
    {
      id: 'steamFlow',
      name: { zh: '蒸汽流量', en: 'Steam flow' },
      ...float('tonnePerHour', [0, 22], 2),
      key: true,
      dynamics: lag('tph*loadPct/100', 90, { noise: 0.01 }),
    },
    {
      id: 'steamPressure',
      name: { zh: '蒸汽压力', en: 'Steam pressure' },
      ...float('megapascal', [0, 1.6], 3),
      key: true,
      dynamics: lag('if(state == "FIRING", 0.8, if(state == "HOT_STANDBY", 0.62, 0.02))', 900, {
        noise: 0.003,
      }),
    },
    {
      id: 'drumLevel',
      name: { zh: '锅筒水位', en: 'Drum level' },
      ...float('millimetre', [-150, 150], 0),
      dynamics: { kind: 'ou', mean: '0', tauS: 60, sd: 9, clamp: [-140, 140] },
    },
    {
      id: 'feedTemp',
      name: { zh: '给水温度', en: 'Feed-water temperature' },
      ...float('celsius', [5, 120], 1),
      dynamics: lag('if(state == "OFF", tind, 92)', 1500, { noise: 0.2, start: 'tind' }),
    },
    {
      id: 'gasFlow',
      name: { zh: '燃气流量', en: 'Gas flow' },
      ...float('cubicMetrePerHour', [0, 1700], 1),
      dynamics: { kind: 'expr', expr: 'max(0, steamFlow*76)', noise: 0.3 },
    },
    {
      id: 'gasTotal',
      name: { zh: '累计用气', en: 'Gas total' },
      ...float('cubicMetre', [0, 1e9], 2),
      dynamics: {
        kind: 'integral',
        rate: 'max(0, gasFlow)/3600',
        start: { uniform: [10_000, 5_000_000] },
      },
    },
    {
      id: 'furnaceP',
      name: { zh: '炉膛压力', en: 'Furnace pressure' },
      ...float('pascal', [-300, 900], 0),
      dynamics: lag('if(state == "FIRING", 40 + 5*loadPct, 0)', 5, { noise: 4 }),
    },
    {
      id: 'flueTemp',
      name: { zh: '烟气温度', en: 'Flue-gas temperature' },
      ...float('celsius', [0, 260], 1),
      key: true,
      dynamics: lag('if(state == "FIRING", 70 + 0.75*loadPct, tind + 20)', 600, {
        noise: 0.3,
        start: 'tind',
      }),
    },
    {
      id: 'o2',
      name: { zh: '氧含量', en: 'Oxygen' },
      ...float('percent', [0, 21], 2),
      dynamics: lag('if(state == "FIRING", 6.2 - 0.022*loadPct, 20.9)', 20, { noise: 0.06 }),
    },
    {
      id: 'nox',
      name: { zh: '氮氧化物折算浓度', en: 'NOx (converted)' },
      ...float('milligramPerCubicMetre', [0, 250], 1),
      key: true,
      dynamics: lag('if(state == "FIRING", noxBase + 0.08*loadPct, 0)', 40, { noise: 0.8 }),
    },
    {
      id: 'noxHour',
      name: { zh: 'NOx小时均值', en: 'NOx 1-h mean' },
      ...float('milligramPerCubicMetre', [0, 250], 1),
      dynamics: lag('nox', 3600),
    },
    {
      id: 'so2',
      name: { zh: '二氧化硫折算浓度', en: 'SO2 (converted)' },
      ...float('milligramPerCubicMetre', [0, 120], 1),
      standard: 'HJ 212 a21026',
      dynamics: lag('if(state == "FIRING", 4, 0)', 60, { noise: 0.3 }),
    },
    {
      id: 'pm',
      name: { zh: '颗粒物折算浓度', en: 'Particulate (converted)' },
      ...float('milligramPerCubicMetre', [0, 60], 2),
      dynamics: lag('if(state == "FIRING", 2.2, 0)', 60, { noise: 0.12 }),
    },
    {
      id: 'flueVel',
      name: { zh: '烟气流速', en: 'Flue velocity' },
      ...float('metrePerSecond', [0, 25], 2),
      dynamics: lag('if(state == "FIRING", 2 + 0.09*loadPct, 0)', 10, { noise: 0.1 }),
    },
    {
      id: 'eff',
      name: { zh: '热效率', en: 'Thermal efficiency' },
      ...float('percent', [0, 100], 1),
      dynamics: {
        kind: 'expr',
        expr: 'if(state == "FIRING", 97.5 - 0.045*(flueTemp - 60) - 0.18*o2, 0)',
      },
    },
    {
      id: 'powerKw',
      name: { zh: '辅机功率', en: 'Auxiliary power' },
      ...float('kilowatt', [0, 90], 2),
      key: true,
      dynamics: lag('if(state == "FIRING", 1.5 + tph*1.3, if(state == "OFF", 0.1, 1.2))', 5, {
        noise: 0.05,
      }),
    },
    {
      id: 'energyKwh',
      name: { zh: '累计用电', en: 'Energy' },
      ...float('kilowattHour', [0, 1e8], 2),
      dynamics: { kind: 'integral', rate: 'powerKw/3600', start: { uniform: [1000, 900_000] } },
    },
  ],
  alarms: [
    {
      code: 'NOX_HIGH',
      severity: 2,
      name: { zh: 'NOx小时均值超标(50)', en: 'NOx 1-h mean > 50 mg/m3' },
      when: 'noxHour > 50',
      clearWhen: 'noxHour < 48',
    },
    {
      code: 'LEVEL_LOW',
      severity: 1,
      name: { zh: '低水位', en: 'Low water level' },
      when: 'drumLevel < -75',
    },
    {
      code: 'LEVEL_HIGH',
      severity: 2,
      name: { zh: '高水位', en: 'High water level' },
      when: 'drumLevel > 75',
    },
    {
      code: 'P_HIGH',
      severity: 1,
      name: { zh: '超压', en: 'Over-pressure' },
      when: 'steamPressure > 1.05',
    },
    {
      code: 'FLAME',
      severity: 1,
      name: { zh: '熄火保护', en: 'Flame failure' },
      perDeviceDay: 0.03,
      forcesState: 'LOCKOUT',
    },
    {
      code: 'GAS_LEAK',
      severity: 1,
      name: { zh: '燃气泄漏', en: 'Gas leak' },
      perDeviceDay: 0.002,
      forcesState: 'LOCKOUT',
    },
  ],
};
