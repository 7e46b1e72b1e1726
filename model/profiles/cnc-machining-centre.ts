/** A machining centre: program cycles, tool changes, spindle load and temperature. */

import type { DeviceProfile } from '../profile.ts';
import { enumeration, float, int, lag, text } from './notation.ts';

export const cncMachiningCentre: DeviceProfile = {
  id: 'cnc-machining-centre',
  name: { zh: '数控加工中心', en: 'CNC machining centre' },
  vertical: { zh: '机械加工', en: 'Machining' },
  production: true,
  standards: [
    'MTConnect 2 DataItem types',
    'OPC 40501-1 Monitoring, Production and Equipment',
    'OPC 40502 CNC',
  ],
  behaviour: {
    mix: 0.12,
    schedule: 'two',
    reportIntervalMs: { ACTIVE: 2000, STOPPED: 10_000, OFF: 60_000, default: 10_000 },
    parameters: {
      cycleS: { uniform: [90, 620] },
      maxRpm: {
        choice: [
          [8000, 0.4],
          [12_000, 0.4],
          [18_000, 0.2],
        ],
      },
      spindleKw: {
        choice: [
          [7.5, 0.3],
          [11, 0.4],
          [18.5, 0.3],
        ],
      },
      scrap: { uniform: [0.003, 0.02] },
    },
    states: {
      initial: 'OFF',
      offState: 'OFF',
      states: {
        OFF: { class: 'off', until: [{ when: 'onShift', to: 'READY' }], next: [] },
        READY: {
          class: 'idle',
          next: [
            { to: 'ACTIVE', weight: 0.88, dwellS: '300', distribution: 'lognormal' },
            { to: 'SETUP', weight: 0.12, dwellS: '600', distribution: 'exp' },
          ],
        },
        SETUP: {
          class: 'setup',
          next: [{ to: 'ACTIVE', weight: 1, dwellS: '1500', distribution: 'lognormal' }],
        },
        ACTIVE: {
          class: 'run',
          next: [
            { to: 'PROGRAM_COMPLETED', weight: 0.93, dwellS: 'cycleS', distribution: 'lognormal' },
            { to: 'FEED_HOLD', weight: 0.07, dwellS: 'cycleS*0.5', distribution: 'exp' },
          ],
        },
        FEED_HOLD: {
          class: 'idle',
          next: [{ to: 'ACTIVE', weight: 1, dwellS: '90', distribution: 'exp' }],
        },
        PROGRAM_COMPLETED: {
          class: 'idle',
          next: [
            { to: 'ACTIVE', weight: 0.9, dwellS: '40', distribution: 'lognormal' },
            { to: 'READY', weight: 0.1, dwellS: '120', distribution: 'exp' },
          ],
        },
        STOPPED: {
          class: 'alarm',
          next: [{ to: 'READY', weight: 1, dwellS: '1100', distribution: 'lognormal' }],
        },
      },
    },
    oee: { runStates: ['ACTIVE'], idealCycleS: 'cycleS' },
    kpis: ['OEE', 'spindle utilisation', 'cycle-time drift', 'tool life'],
    powerKw: 'powerKw',
  },
  signals: [
    {
      id: 'execution',
      name: { zh: '执行状态', en: 'Execution' },
      ...enumeration(
        'READY',
        'ACTIVE',
        'INTERRUPTED',
        'FEED_HOLD',
        'STOPPED',
        'OPTIONAL_STOP',
        'PROGRAM_STOPPED',
        'PROGRAM_COMPLETED',
        'WAIT',
        'UNAVAILABLE',
      ),
      standard: 'MTConnect EXECUTION',
      dynamics: {
        kind: 'map',
        values: {
          OFF: 'UNAVAILABLE',
          READY: 'READY',
          SETUP: 'READY',
          ACTIVE: 'ACTIVE',
          FEED_HOLD: 'FEED_HOLD',
          PROGRAM_COMPLETED: 'PROGRAM_COMPLETED',
          STOPPED: 'STOPPED',
        },
      },
    },
    {
      id: 'state',
      name: { zh: '状态', en: 'State' },
      ...enumeration(
        'OFF',
        'READY',
        'SETUP',
        'ACTIVE',
        'FEED_HOLD',
        'PROGRAM_COMPLETED',
        'STOPPED',
      ),
      key: true,
      dynamics: { kind: 'state' },
    },
    {
      id: 'mode',
      name: { zh: '控制器模式', en: 'Controller mode' },
      ...enumeration(
        'AUTOMATIC',
        'MANUAL',
        'MANUAL_DATA_INPUT',
        'SEMI_AUTOMATIC',
        'EDIT',
        'FEED_HOLD',
        'UNAVAILABLE',
      ),
      standard: 'MTConnect CONTROLLER_MODE',
      dynamics: {
        kind: 'map',
        values: {
          OFF: 'UNAVAILABLE',
          SETUP: 'MANUAL',
          FEED_HOLD: 'FEED_HOLD',
          default: 'AUTOMATIC',
        },
      },
    },
    {
      id: 'estop',
      name: { zh: '急停', en: 'Emergency stop' },
      ...enumeration('ARMED', 'TRIGGERED', 'UNAVAILABLE'),
      standard: 'MTConnect EMERGENCY_STOP',
      dynamics: { kind: 'map', values: { OFF: 'UNAVAILABLE', default: 'ARMED' } },
    },
    {
      id: 'program',
      name: { zh: '程序号', en: 'Program' },
      ...text,
      standard: 'MTConnect PROGRAM',
      dynamics: {
        kind: 'onEnter',
        states: ['SETUP', 'READY'],
        draw: { pattern: 'O{int:1000-9999}' },
      },
    },
    {
      id: 'tool',
      name: { zh: '刀具号', en: 'Tool number' },
      ...int('unitless', [0, 99]),
      standard: 'MTConnect TOOL_NUMBER',
      dynamics: {
        kind: 'step',
        periodS: 'cycleS/6',
        draw: { intUniform: [1, 24] },
        inStates: ['ACTIVE'],
      },
    },
    {
      id: 'spindleSpeed',
      name: { zh: '主轴转速', en: 'Spindle speed' },
      ...float('revolutionPerMinute', [0, 20_000], 0),
      key: true,
      standard: 'MTConnect ROTARY_VELOCITY',
      dynamics: lag('if(state == "ACTIVE", maxRpm*(0.35 + 0.022*tool), 0)', 1.5, { noise: 6 }),
    },
    {
      id: 'spindleLoad',
      name: { zh: '主轴负载', en: 'Spindle load' },
      ...float('percent', [0, 150], 1),
      key: true,
      standard: 'MTConnect LOAD',
      dynamics: lag('if(state == "ACTIVE", 28 + 1.6*tool + if(rand() < 0.02, 35, 0), 0)', 2, {
        noise: 2,
      }),
    },
    {
      id: 'spindleTemp',
      name: { zh: '主轴温度', en: 'Spindle temperature' },
      ...float('celsius', [0, 90], 1),
      key: true,
      standard: 'MTConnect TEMPERATURE',
      dynamics: lag('tind + 1 + 0.34*spindleLoad + spindleSpeed/1600', 900, {
        noise: 0.1,
        start: 'tind',
      }),
    },
    {
      id: 'pathFeedrate',
      name: { zh: '进给速度', en: 'Path feed rate' },
      ...float('millimetrePerSecond', [0, 600], 2),
      standard: 'MTConnect PATH_FEEDRATE',
      dynamics: lag('if(state == "ACTIVE", if(rand() < 0.12, 300, 14 + 1.2*tool), 0)', 1, {
        noise: 1,
      }),
    },
    {
      id: 'feedOverride',
      name: { zh: '进给倍率', en: 'Feed override' },
      ...float('percent', [0, 150], 0),
      standard: 'MTConnect PATH_FEEDRATE_OVERRIDE',
      dynamics: {
        kind: 'onEnter',
        states: ['ACTIVE'],
        draw: {
          choice: [
            [100, 0.75],
            [90, 0.1],
            [110, 0.1],
            [80, 0.05],
          ],
        },
      },
    },
    {
      id: 'xPos',
      name: { zh: 'X轴位置', en: 'X position' },
      ...float('millimetre', [-600, 600], 3),
      standard: 'MTConnect POSITION ACTUAL',
      dynamics: { kind: 'osc', amplitude: 420, periodS: 'cycleS/9', inStates: ['ACTIVE'], rest: 0 },
    },
    {
      id: 'yPos',
      name: { zh: 'Y轴位置', en: 'Y position' },
      ...float('millimetre', [-400, 400], 3),
      standard: 'MTConnect POSITION ACTUAL',
      dynamics: { kind: 'osc', amplitude: 260, periodS: 'cycleS/7', inStates: ['ACTIVE'], rest: 0 },
    },
    {
      id: 'zPos',
      name: { zh: 'Z轴位置', en: 'Z position' },
      ...float('millimetre', [-500, 500], 3),
      standard: 'MTConnect POSITION ACTUAL',
      dynamics: {
        kind: 'osc',
        amplitude: 180,
        periodS: 'cycleS/23',
        inStates: ['ACTIVE'],
        rest: 200,
      },
    },
    {
      id: 'xLoad',
      name: { zh: 'X轴负载', en: 'X load' },
      ...float('percent', [0, 150], 1),
      standard: 'MTConnect LOAD',
      dynamics: lag('if(state == "ACTIVE", 18 + pathFeedrate/14, 3)', 2, { noise: 1 }),
    },
    {
      id: 'zLoad',
      name: { zh: 'Z轴负载', en: 'Z load' },
      ...float('percent', [0, 150], 1),
      standard: 'MTConnect LOAD',
      dynamics: lag('if(state == "ACTIVE", 26 + pathFeedrate/18, 8)', 2, { noise: 1 }),
    },
    {
      id: 'vibration',
      name: { zh: '主轴振动', en: 'Spindle vibration RMS' },
      ...float('millimetrePerSecond', [0, 20], 2),
      dynamics: lag('if(state == "ACTIVE", 0.8 + 0.018*spindleLoad + 1.5*toolWear, 0.05)', 3, {
        noise: 0.06,
      }),
    },
    {
      id: 'toolWear',
      name: { zh: '刀具磨损', en: 'Tool wear' },
      ...float('unitless', [0, 1.2], 3),
      standard: 'OPC 40501-1 ToolLife',
      dynamics: {
        kind: 'integral',
        rate: 'if(state == "ACTIVE", 1/(3600*9), 0)',
        start: { uniform: [0, 0.8] },
        resetOnEnter: ['SETUP'],
        resetWhen: 'toolWear >= 1',
      },
    },
    {
      id: 'coolantTemp',
      name: { zh: '冷却液温度', en: 'Coolant temperature' },
      ...float('celsius', [5, 50], 1),
      dynamics: lag('tind + 2 + if(state == "ACTIVE", 4, 0)', 1800, { noise: 0.1, start: 'tind' }),
    },
    {
      id: 'partCount',
      name: { zh: '加工件数', en: 'Part count' },
      ...int('unitless', [0, 1e9]),
      key: true,
      standard: 'MTConnect PART_COUNT',
      dynamics: {
        kind: 'count',
        on: 'enter:PROGRAM_COMPLETED',
        step: '1',
        start: { uniform: [0, 80_000] },
      },
    },
    {
      id: 'badCount',
      name: { zh: '不良数', en: 'Bad parts' },
      ...int('unitless', [0, 1e8]),
      dynamics: {
        kind: 'count',
        on: 'enter:PROGRAM_COMPLETED',
        step: 'bern(scrap)',
        start: { uniform: [0, 500] },
      },
    },
    {
      id: 'cutTime',
      name: { zh: '切削时间', en: 'Cutting time' },
      ...float('hour', [0, 100_000], 4),
      standard: 'MTConnect ACCUMULATED_TIME',
      dynamics: {
        kind: 'integral',
        rate: 'if(state == "ACTIVE", 0.78/3600, 0)',
        start: { uniform: [0, 12_000] },
      },
    },
    {
      id: 'powerKw',
      name: { zh: '整机功率', en: 'Power' },
      ...float('kilowatt', [0, 60], 2),
      key: true,
      dynamics: lag('if(state == "OFF", 0.05, 1.6 + spindleKw*spindleLoad/100*0.9)', 2, {
        noise: 0.05,
      }),
    },
    {
      id: 'energyKwh',
      name: { zh: '累计用电', en: 'Energy' },
      ...float('kilowattHour', [0, 1e8], 3),
      dynamics: { kind: 'integral', rate: 'powerKw/3600', start: { uniform: [0, 200_000] } },
    },
  ],
  alarms: [
    {
      code: 'SPINDLE_OVERLOAD',
      severity: 2,
      name: { zh: '主轴过载', en: 'Spindle overload' },
      when: 'spindleLoad > 110',
    },
    {
      code: 'SPINDLE_HOT',
      severity: 2,
      name: { zh: '主轴温升过高', en: 'Spindle hot' },
      when: 'spindleTemp > 65',
      clearWhen: 'spindleTemp < 58',
    },
    {
      code: 'TOOL_WEAR',
      severity: 3,
      name: { zh: '刀具寿命到期', en: 'Tool life reached' },
      when: 'toolWear > 0.95',
      standard: 'OPC 40501-1 ToolLife',
    },
    {
      code: 'VIBRATION',
      severity: 3,
      name: { zh: '振动超限', en: 'Vibration high' },
      when: 'vibration > 4.5',
      standard: 'ISO 20816',
    },
    {
      code: 'SERVO_ALM',
      severity: 2,
      name: { zh: '伺服报警', en: 'Servo alarm' },
      perDeviceDay: 0.1,
      forcesState: 'STOPPED',
    },
    {
      code: 'LUBE_LOW',
      severity: 4,
      name: { zh: '润滑油不足', en: 'Lube low' },
      perDeviceDay: 0.05,
    },
  ],
};
