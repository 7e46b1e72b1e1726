/** A DC charging pile: sessions by hour of day, power that tapers with state of charge. */

import type { DeviceProfile } from '../profile.ts';
import { enumeration, float, int, lag } from './notation.ts';

export const evChargerDc: DeviceProfile = {
  id: 'ev-charger-dc',
  name: { zh: '直流充电桩', en: 'DC EV charging pile' },
  vertical: { zh: '电动汽车充电', en: 'EV charging' },
  production: true,
  standards: ['OCPP 1.6 MeterValues and StatusNotification', 'GB/T 20234.3 connector (OCPP cGBT)'],
  behaviour: {
    mix: 0.08,
    schedule: '24x7',
    reportIntervalMs: { Charging: 15_000, SuspendedEV: 30_000, default: 60_000 },
    parameters: {
      ratedKw: {
        choice: [
          [30, 0.1],
          [60, 0.35],
          [120, 0.4],
          [180, 0.1],
          [240, 0.05],
        ],
      },
      siteBusy: { uniform: [0.5, 1.5] },
    },
    states: {
      initial: 'Available',
      states: {
        Available: {
          class: 'idle',
          next: [
            {
              to: 'Preparing',
              weight: 1,
              dwellS: '4000/(siteBusy*evArrival)',
              distribution: 'exp',
            },
          ],
        },
        Preparing: {
          class: 'setup',
          next: [
            { to: 'Charging', weight: 0.97, dwellS: '45', distribution: 'lognormal' },
            { to: 'Available', weight: 0.03, dwellS: '90', distribution: 'exp' },
          ],
        },
        Charging: {
          class: 'run',
          until: [{ when: 'soc >= socTarget', to: 'Finishing' }],
          next: [
            { to: 'SuspendedEV', weight: 0.06, dwellS: '1500', distribution: 'exp' },
            { to: 'Finishing', weight: 0.94, dwellS: '4200', distribution: 'exp' },
          ],
        },
        SuspendedEV: {
          class: 'idle',
          next: [
            { to: 'Charging', weight: 0.7, dwellS: '120', distribution: 'exp' },
            { to: 'Finishing', weight: 0.3, dwellS: '300', distribution: 'exp' },
          ],
        },
        Finishing: {
          class: 'setup',
          next: [{ to: 'Available', weight: 1, dwellS: '240', distribution: 'exp' }],
        },
        Faulted: {
          class: 'alarm',
          next: [
            { to: 'Available', weight: 0.9, dwellS: '1200', distribution: 'exp' },
            { to: 'Unavailable', weight: 0.1, dwellS: '1800', distribution: 'exp' },
          ],
        },
        Unavailable: {
          class: 'off',
          next: [{ to: 'Available', weight: 1, dwellS: '14400', distribution: 'exp' }],
        },
      },
    },
    kpis: ['utilisation = t(Charging)/t', 'energy per gun per day', 'sessions/day', 'fault rate'],
    powerKw: 'power',
  },
  signals: [
    {
      id: 'status',
      name: { zh: '状态', en: 'Connector status' },
      ...enumeration(
        'Available',
        'Preparing',
        'Charging',
        'SuspendedEVSE',
        'SuspendedEV',
        'Finishing',
        'Reserved',
        'Unavailable',
        'Faulted',
      ),
      key: true,
      standard: 'OCPP ChargePointStatus',
      dynamics: { kind: 'state' },
    },
    {
      id: 'packKwh',
      name: { zh: '车辆电池容量', en: 'EV pack capacity' },
      ...float('kilowattHour', [38, 95], 0),
      hidden: true,
      dynamics: { kind: 'onEnter', states: ['Preparing'], draw: { uniform: [38, 90] } },
    },
    {
      id: 'packV',
      name: { zh: '车辆电池标称电压', en: 'EV pack nominal voltage' },
      ...float('volt', [300, 700], 2),
      hidden: true,
      dynamics: {
        kind: 'onEnter',
        states: ['Preparing'],
        draw: {
          choice: [
            [355, 0.55],
            [400, 0.25],
            [620, 0.2],
          ],
        },
      },
    },
    {
      id: 'socTarget',
      name: { zh: '目标SOC', en: 'Target SoC' },
      ...float('percent', [70, 100], 2),
      hidden: true,
      dynamics: {
        kind: 'onEnter',
        states: ['Preparing'],
        draw: {
          choice: [
            [80, 0.35],
            [90, 0.25],
            [95, 0.2],
            [100, 0.2],
          ],
        },
      },
    },
    {
      id: 'moduleTemp',
      name: { zh: '充电模块温度', en: 'Rectifier temperature' },
      ...float('celsius', [-20, 110], 1),
      dynamics: lag('tamb + 4 + 40*power/ratedKw', 300, { noise: 0.3, start: 'tamb' }),
    },
    {
      id: 'powerOffered',
      name: { zh: '可用功率', en: 'Power offered' },
      ...float('kilowatt', [0, 240], 1),
      standard: 'OCPP Power.Offered',
      dynamics: { kind: 'expr', expr: 'ratedKw*if(moduleTemp > 78, 0.6, 1)' },
    },
    {
      id: 'power',
      name: { zh: '输出功率', en: 'Active power import' },
      ...float('kilowatt', [0, 240], 2),
      key: true,
      standard: 'OCPP Power.Active.Import',
      dynamics: lag(
        'if(state == "Charging", min(powerOffered, packKwh*1.5, ' +
          'packV*0.28)*if(soc > 80, max(0.12, 1 - (soc - 80)/23), 1), 0)',
        8,
        { noise: 0.15 },
      ),
    },
    {
      id: 'soc',
      name: { zh: '荷电状态', en: 'State of charge' },
      ...float('percent', [0, 100], 1),
      key: true,
      standard: 'OCPP SoC',
      dynamics: {
        kind: 'integral',
        rate: 'if(state == "Charging", power*0.94/packKwh/36, 0)',
        clamp: [0, 100],
        resetOnEnter: ['Preparing'],
        resetDraw: { uniform: [12, 55] },
      },
    },
    {
      id: 'voltage',
      name: { zh: '输出电压', en: 'DC output voltage' },
      ...float('volt', [0, 1000], 1),
      standard: 'OCPP Voltage',
      dynamics: {
        kind: 'expr',
        expr: 'if(power > 0.3, packV*(0.94 + 0.14*soc/100), 0)',
        noise: 0.4,
      },
    },
    {
      id: 'current',
      name: { zh: '输出电流', en: 'Current import' },
      ...float('ampere', [0, 650], 1),
      standard: 'OCPP Current.Import',
      dynamics: { kind: 'expr', expr: 'if(voltage > 50, power*1000/voltage, 0)' },
    },
    {
      id: 'energyRegister',
      name: { zh: '累计电量', en: 'Energy register' },
      ...float('kilowattHour', [0, 1e9], 3),
      key: true,
      standard: 'OCPP Energy.Active.Import.Register',
      dynamics: { kind: 'integral', rate: 'power/0.95/3600', start: { uniform: [2000, 200_000] } },
    },
    {
      id: 'sessionEnergy',
      name: { zh: '本次充电电量', en: 'Session energy' },
      ...float('kilowattHour', [0, 120], 3),
      standard: 'OCPP Energy.Active.Import.Interval',
      dynamics: { kind: 'integral', rate: 'power/3600', resetOnEnter: ['Preparing'] },
    },
    {
      id: 'sessionTime',
      name: { zh: '本次充电时长', en: 'Session time' },
      ...int('second', [0, 86_400]),
      dynamics: {
        kind: 'integral',
        rate: 'if(state == "Charging", 1, 0)',
        resetOnEnter: ['Preparing'],
      },
    },
    {
      id: 'gunTemp',
      name: { zh: '枪头温度', en: 'Connector temperature' },
      ...float('celsius', [-20, 120], 1),
      key: true,
      standard: 'OCPP Temperature',
      dynamics: lag('tamb + 34*pow(current/250, 2)', 420, { noise: 0.2, start: 'tamb' }),
    },
    {
      id: 'insulation',
      name: { zh: '绝缘电阻', en: 'Insulation resistance' },
      ...float('kiloohm', [0, 5000], 0),
      dynamics: {
        kind: 'ou',
        mean: '1800 - 6*max(0, rh - 60)',
        tauS: 3600,
        sd: 160,
        clamp: [60, 5000],
      },
    },
    {
      id: 'gridVoltage',
      name: { zh: '输入相电压', en: 'AC input L-N voltage' },
      ...float('volt', [0, 300], 1),
      key: true,
      standard: 'OCPP Voltage phase=L1-N',
      dynamics: { kind: 'expr', expr: 'ugrid' },
    },
  ],
  alarms: [
    {
      code: 'HighTemperature',
      severity: 2,
      name: { zh: '枪头过温', en: 'Connector over-temperature' },
      when: 'gunTemp > 85',
      clearWhen: 'gunTemp < 75',
      standard: 'OCPP HighTemperature',
    },
    {
      code: 'GroundFailure',
      severity: 1,
      name: { zh: '绝缘故障', en: 'Ground failure' },
      when: 'insulation < 150',
      clearWhen: 'insulation > 300',
      standard: 'OCPP GroundFailure',
    },
    {
      code: 'OverVoltage',
      severity: 2,
      name: { zh: '输入过压', en: 'Input over-voltage' },
      when: 'gridVoltage > 253',
      standard: 'OCPP OverVoltage',
    },
    {
      code: 'UnderVoltage',
      severity: 2,
      name: { zh: '输入欠压', en: 'Input under-voltage' },
      when: 'gridVoltage < 198',
      standard: 'OCPP UnderVoltage',
    },
    {
      code: 'EVCommunicationError',
      severity: 3,
      name: { zh: '车桩通信中断', en: 'EV communication error' },
      perDeviceDay: 0.25,
      forcesState: 'Faulted',
      standard: 'OCPP EVCommunicationError',
    },
    {
      code: 'ConnectorLockFailure',
      severity: 2,
      name: { zh: '电子锁故障', en: 'Connector lock failure' },
      perDeviceDay: 0.04,
      forcesState: 'Faulted',
      standard: 'OCPP ConnectorLockFailure',
    },
    {
      code: 'PowerMeterFailure',
      severity: 2,
      name: { zh: '电表通信故障', en: 'Power meter failure' },
      perDeviceDay: 0.01,
      standard: 'OCPP PowerMeterFailure',
    },
  ],
};
