/** An AGV: drives a loop, carries orders, charges when its battery is low. */

import type { DeviceProfile } from '../profile.ts';
import { bool, enumeration, float, int, lag, text } from './notation.ts';

export const agv: DeviceProfile = {
  id: 'agv',
  name: { zh: 'AGV/移动机器人', en: 'AGV / mobile robot' },
  vertical: { zh: '智能物流', en: 'Intralogistics' },
  production: true,
  standards: ['VDA 5050 v3.0.0 state message'],
  behaviour: {
    mix: 0.03,
    schedule: 'two',
    reportIntervalMs: { DRIVING: 1000, LOADING: 5000, OFF: 60_000, default: 10_000 },
    parameters: {
      loopM: { uniform: [80, 400] },
      vmax: { uniform: [0.8, 1.8] },
      massKg: {
        choice: [
          [300, 0.4],
          [600, 0.4],
          [1500, 0.2],
        ],
      },
    },
    states: {
      initial: 'OFF',
      offState: 'OFF',
      states: {
        OFF: { class: 'off', until: [{ when: 'onShift', to: 'IDLE' }], next: [] },
        IDLE: {
          class: 'idle',
          until: [{ when: 'soc < 28', to: 'CHARGING' }],
          next: [{ to: 'LOADING', weight: 1, dwellS: '150', distribution: 'exp' }],
        },
        LOADING: {
          class: 'setup',
          next: [{ to: 'DRIVING', weight: 1, dwellS: '35', distribution: 'lognormal' }],
        },
        DRIVING: {
          class: 'run',
          next: [
            { to: 'LOADING', weight: 0.55, dwellS: 'loopM/vmax', distribution: 'lognormal' },
            { to: 'IDLE', weight: 0.35, dwellS: 'loopM/vmax', distribution: 'lognormal' },
            { to: 'PAUSED', weight: 0.1, dwellS: '60', distribution: 'exp' },
          ],
        },
        PAUSED: {
          class: 'idle',
          next: [{ to: 'DRIVING', weight: 1, dwellS: '12', distribution: 'exp' }],
        },
        CHARGING: { class: 'idle', until: [{ when: 'soc > 92', to: 'IDLE' }], next: [] },
        ERROR: {
          class: 'alarm',
          next: [{ to: 'IDLE', weight: 1, dwellS: '240', distribution: 'exp' }],
        },
      },
    },
    kpis: ['missions/h', 'charging ratio', 'blocked time'],
  },
  signals: [
    {
      id: 'state',
      name: { zh: '状态', en: 'State' },
      ...enumeration('OFF', 'IDLE', 'LOADING', 'DRIVING', 'PAUSED', 'CHARGING', 'ERROR'),
      key: true,
      dynamics: { kind: 'state' },
    },
    {
      id: 'operatingMode',
      name: { zh: '工作模式', en: 'Operating mode' },
      ...enumeration(
        'STARTUP',
        'AUTOMATIC',
        'SEMIAUTOMATIC',
        'INTERVENED',
        'MANUAL',
        'SERVICE',
        'TEACH_IN',
      ),
      standard: 'VDA 5050 operatingMode',
      dynamics: { kind: 'map', values: { OFF: 'SERVICE', ERROR: 'MANUAL', default: 'AUTOMATIC' } },
    },
    {
      id: 'driving',
      name: { zh: '行驶中', en: 'Driving' },
      ...bool,
      standard: 'VDA 5050 driving',
      dynamics: { kind: 'expr', expr: 'state == "DRIVING"' },
    },
    {
      id: 'paused',
      name: { zh: '暂停', en: 'Paused' },
      ...bool,
      standard: 'VDA 5050 paused',
      dynamics: { kind: 'expr', expr: 'state == "PAUSED"' },
    },
    {
      id: 'charging',
      name: { zh: '充电中', en: 'Charging' },
      ...bool,
      standard: 'VDA 5050 powerSupply.charging',
      dynamics: { kind: 'expr', expr: 'state == "CHARGING"' },
    },
    {
      id: 'fieldViolation',
      name: { zh: '避障触发', en: 'Field violation' },
      ...bool,
      standard: 'VDA 5050 safetyState.fieldViolation',
      dynamics: { kind: 'expr', expr: 'state == "PAUSED"' },
    },
    {
      id: 'vx',
      name: { zh: '线速度', en: 'Velocity vx' },
      ...float('metrePerSecond', [-1, 2.5], 3),
      key: true,
      standard: 'VDA 5050 velocity.vx',
      dynamics: lag('if(state == "DRIVING", vmax, 0)', 1.2, { noise: 0.02 }),
    },
    {
      id: 'odometer',
      name: { zh: '里程', en: 'Odometer' },
      ...float('metre', [0, 1e9], 1),
      dynamics: { kind: 'integral', rate: 'max(0, vx)', start: { uniform: [0, 4_000_000] } },
    },
    {
      id: 'x',
      name: { zh: 'X坐标', en: 'Position x' },
      ...float('metre', [-200, 200], 3),
      key: true,
      standard: 'VDA 5050 mobileRobotPosition.x',
      dynamics: { kind: 'expr', expr: 'loopM/6.2832*cos(6.2832*odometer/loopM)' },
    },
    {
      id: 'y',
      name: { zh: 'Y坐标', en: 'Position y' },
      ...float('metre', [-200, 200], 3),
      key: true,
      standard: 'VDA 5050 mobileRobotPosition.y',
      dynamics: { kind: 'expr', expr: '0.6*loopM/6.2832*sin(6.2832*odometer/loopM)' },
    },
    {
      id: 'theta',
      name: { zh: '航向角', en: 'Heading' },
      ...float('radian', [-3.15, 3.15], 4),
      standard: 'VDA 5050 mobileRobotPosition.theta',
      dynamics: { kind: 'expr', expr: 'wrap(6.2832*odometer/loopM + 1.5708)' },
    },
    {
      id: 'orderId',
      name: { zh: '任务号', en: 'Order id' },
      ...text,
      standard: 'VDA 5050 orderId',
      dynamics: {
        kind: 'onEnter',
        states: ['LOADING'],
        draw: { pattern: 'ORD{int:100000-999999}' },
      },
    },
    {
      id: 'loadKg',
      name: { zh: '载重', en: 'Load' },
      ...float('kilogram', [0, 2000], 0),
      standard: 'VDA 5050 loads[].weight',
      dynamics: {
        kind: 'onEnter',
        states: ['LOADING'],
        draw: {
          choiceExpr: [
            ['0', 0.45],
            ['massKg*0.6', 0.35],
            ['massKg*0.9', 0.2],
          ],
        },
      },
    },
    {
      id: 'soc',
      name: { zh: '电池电量', en: 'State of charge' },
      ...float('percent', [0, 100], 1),
      key: true,
      standard: 'VDA 5050 stateOfCharge',
      dynamics: {
        kind: 'integral',
        rate:
          'if(state == "CHARGING", 100/5400, ' +
          '-if(state == "OFF", 0, (0.6 + 14*vx*(0.5 + loadKg/massKg))/3600))',
        start: { uniform: [40, 95] },
        clamp: [5, 100],
      },
    },
    {
      id: 'batteryVoltage',
      name: { zh: '电池电压', en: 'Battery voltage' },
      ...float('volt', [20, 60], 2),
      standard: 'VDA 5050 batteryVoltage',
      dynamics: {
        kind: 'expr',
        expr: '44.5 + 0.085*soc + if(state == "CHARGING", 1.6, 0) - 0.6*vx',
        noise: 0.05,
      },
    },
    {
      id: 'batteryCurrent',
      name: { zh: '电池电流', en: 'Battery current' },
      ...float('ampere', [-80, 80], 2),
      standard: 'VDA 5050 batteryCurrent',
      dynamics: lag(
        'if(state == "CHARGING", 40, ' +
          '-if(state == "OFF", 0.1, 1.2 + 12*vx*(0.6 + loadKg/massKg)))',
        1.5,
        { noise: 0.1 },
      ),
    },
    {
      id: 'missions',
      name: { zh: '累计任务', en: 'Missions' },
      ...int('unitless', [0, 1e7]),
      key: true,
      dynamics: { kind: 'count', on: 'enter:LOADING', step: '1', start: { uniform: [0, 100_000] } },
    },
    {
      id: 'rssi',
      name: { zh: '无线信号', en: 'Wi-Fi RSSI' },
      ...float('decibelMilliwatt', [-95, -25], 0),
      dynamics: {
        kind: 'ou',
        mean: '-58 - 9*sin(6.2832*odometer/loopM)',
        tauS: 5,
        sd: 2,
        clamp: [-95, -25],
      },
    },
  ],
  alarms: [
    {
      code: 'OBSTACLE',
      severity: 4,
      name: { zh: '障碍停车', en: 'Obstacle stop' },
      when: 'fieldViolation',
      standard: 'VDA 5050 errorLevel WARNING',
    },
    {
      code: 'LOW_BATTERY',
      severity: 3,
      name: { zh: '电量低', en: 'Low battery' },
      when: 'soc < 20',
      clearWhen: 'soc > 30',
    },
    {
      code: 'LOST',
      severity: 2,
      name: { zh: '定位丢失', en: 'Localisation lost' },
      perDeviceDay: 0.1,
      forcesState: 'ERROR',
      standard: 'VDA 5050 errorLevel CRITICAL',
    },
    {
      code: 'ESTOP',
      severity: 1,
      name: { zh: '急停', en: 'Emergency stop' },
      perDeviceDay: 0.05,
      forcesState: 'ERROR',
      standard: 'VDA 5050 FATAL',
    },
    { code: 'WIFI', severity: 4, name: { zh: '信号弱', en: 'Weak Wi-Fi' }, when: 'rssi < -80' },
  ],
};
