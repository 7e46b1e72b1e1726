/** A fibre laser cutter: nests of sheets, beam on by cycles, a lens that ages. */

import type { DeviceProfile } from '../profile.ts';
import { enumeration, float, int, lag, text } from './notation.ts';

export const laserCutter: DeviceProfile = {
  id: 'laser-cutter',
  name: { zh: '光纤激光切割机', en: 'Fibre laser cutter (sheet metal)' },
  vertical: { zh: '钣金加工', en: 'Sheet metal' },
  production: true,
  standards: [
    'OPC 40501-1 LaserMonitoringType',
    'OPC 40530 LaserSystemState',
    'OPC 40001-1 MachineryItemState',
  ],
  behaviour: {
    mix: 0.06,
    schedule: 'two',
    reportIntervalMs: { LaserOn: 5000, SetUp: 10_000, Off: 60_000, default: 15_000 },
    parameters: {
      laserKw: {
        choice: [
          [3, 0.35],
          [6, 0.3],
          [12, 0.25],
          [20, 0.1],
        ],
      },
      cycleS: { uniform: [9, 55] },
      partsPerSheet: { uniform: [12, 48] },
      scrap: { uniform: [0.004, 0.02] },
    },
    states: {
      initial: 'Off',
      offState: 'Off',
      states: {
        Off: { class: 'off', until: [{ when: 'onShift', to: 'Idle' }], next: [] },
        Idle: {
          class: 'idle',
          next: [
            { to: 'SetUp', weight: 0.9, dwellS: '420', distribution: 'lognormal' },
            { to: 'Maintenance', weight: 0.1, dwellS: '1200', distribution: 'exp' },
          ],
        },
        SetUp: {
          class: 'setup',
          next: [{ to: 'LaserOn', weight: 1, dwellS: '110', distribution: 'lognormal' }],
        },
        LaserOn: {
          class: 'run',
          next: [
            {
              to: 'SetUp',
              weight: 0.86,
              dwellS: 'cycleS*partsPerSheet',
              distribution: 'lognormal',
            },
            { to: 'Idle', weight: 0.14, dwellS: 'cycleS*partsPerSheet', distribution: 'lognormal' },
          ],
        },
        Error: {
          class: 'alarm',
          next: [{ to: 'Idle', weight: 1, dwellS: '700', distribution: 'lognormal' }],
        },
        Maintenance: {
          class: 'setup',
          next: [{ to: 'Idle', weight: 1, dwellS: '1500', distribution: 'lognormal' }],
        },
      },
    },
    cycle: { inStates: ['LaserOn'], periodS: 'cycleS', jitter: 0.08 },
    oee: { runStates: ['LaserOn'], idealCycleS: 'cycleS' },
    kpis: ['OEE', 'beam-on ratio', 'm cut/kWh', 'gas per sheet'],
    powerKw: 'powerKw',
  },
  signals: [
    {
      id: 'state',
      name: { zh: '激光系统状态', en: 'Laser system state' },
      ...enumeration(
        'Off',
        'Idle',
        'SetUp',
        'LaserReady',
        'LaserOn',
        'Error',
        'Maintenance',
        'EnergySaving',
      ),
      key: true,
      standard: 'OPC 40530 LaserSystemState',
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
          Off: 'NotAvailable',
          Idle: 'NotExecuting',
          SetUp: 'NotExecuting',
          LaserOn: 'Executing',
          Error: 'OutOfService',
          Maintenance: 'OutOfService',
        },
      },
    },
    {
      id: 'laserState',
      name: { zh: '激光器状态', en: 'Laser state' },
      ...enumeration('Undefined', 'Ready', 'Active', 'Error'),
      standard: 'OPC 40501-1 LaserState',
      dynamics: {
        kind: 'map',
        values: {
          Off: 'Undefined',
          Idle: 'Ready',
          SetUp: 'Ready',
          LaserOn: 'Active',
          Error: 'Error',
          Maintenance: 'Undefined',
        },
      },
    },
    {
      id: 'thickness',
      name: { zh: '板厚', en: 'Sheet thickness' },
      ...float('millimetre', [0.8, 30], 1),
      dynamics: {
        kind: 'onEnter',
        states: ['SetUp'],
        draw: {
          choice: [
            [1, 0.2],
            [1.5, 0.2],
            [2, 0.2],
            [3, 0.15],
            [6, 0.12],
            [10, 0.08],
            [16, 0.05],
          ],
        },
      },
    },
    {
      id: 'gas',
      name: { zh: '切割气体', en: 'Assist gas' },
      ...enumeration('N2', 'O2', 'Air'),
      dynamics: {
        kind: 'onEnter',
        states: ['SetUp'],
        draw: {
          choice: [
            ['N2', 0.6],
            ['O2', 0.25],
            ['Air', 0.15],
          ],
        },
      },
    },
    {
      id: 'laserPower',
      name: { zh: '激光功率', en: 'Laser power' },
      ...float('watt', [0, 30_000], 0),
      key: true,
      standard: 'OPC 40530 ActivityData',
      dynamics: lag('if(state == "LaserOn", 1000*laserKw*min(1, 0.55 + 0.05*thickness), 0)', 0.8, {
        noise: 25,
      }),
    },
    {
      id: 'feedrate',
      name: { zh: '切割速度', en: 'Cutting feed rate' },
      ...float('millimetrePerMinute', [0, 60_000], 0),
      dynamics: lag(
        'if(state == "LaserOn", min(40000, laserKw*7200/max(0.8, thickness)), 0)',
        1.5,
        { noise: 80 },
      ),
    },
    {
      id: 'feedOverride',
      name: { zh: '进给倍率', en: 'Feed override' },
      ...float('percent', [0, 120], 0),
      standard: 'OPC 40501-1 FeedOverride',
      dynamics: {
        kind: 'onEnter',
        states: ['SetUp'],
        draw: {
          choice: [
            [100, 0.8],
            [90, 0.12],
            [80, 0.08],
          ],
        },
      },
    },
    {
      id: 'gasPressure',
      name: { zh: '辅助气压', en: 'Assist gas pressure' },
      ...float('bar', [0, 25], 2),
      dynamics: lag('if(state == "LaserOn", if(gas == "O2", 0.8, if(gas == "N2", 14, 10)), 0)', 1, {
        noise: 0.05,
      }),
    },
    {
      id: 'headHeight',
      name: { zh: '切割头高度', en: 'Nozzle stand-off' },
      ...float('millimetre', [0, 60], 2),
      dynamics: lag('if(state == "LaserOn", 0.8, 40)', 0.5, { noise: 0.03 }),
    },
    {
      id: 'lensTemp',
      name: { zh: '保护镜温度', en: 'Protective-lens temperature' },
      ...float('celsius', [5, 90], 1),
      key: true,
      standard: 'OPC 40530 ConditionData',
      dynamics: lag('tind + 2 + 0.9*laserPower/1000 + 18*lensWear', 240, {
        noise: 0.15,
        start: 'tind',
      }),
    },
    {
      id: 'lensWear',
      name: { zh: '保护镜污染度', en: 'Lens contamination' },
      ...float('unitless', [0, 1], 4),
      dynamics: {
        kind: 'integral',
        rate: 'if(state == "LaserOn", 1/(3600*70), 0)',
        start: { uniform: [0, 0.6] },
        clamp: [0, 1],
        resetOnEnter: ['Maintenance'],
      },
    },
    {
      id: 'chillerTemp',
      name: { zh: '冷水机水温', en: 'Chiller water temperature' },
      ...float('celsius', [10, 40], 1),
      standard: 'OPC 40530 ConditionData',
      dynamics: {
        kind: 'ou',
        mean: '22 + laserPower/1000*0.06',
        tauS: 120,
        sd: 0.15,
        clamp: [10, 40],
      },
    },
    {
      id: 'program',
      name: { zh: '当前程序', en: 'Active program' },
      ...text,
      standard: 'OPC 40501-1 ActiveProgram/Name',
      dynamics: { kind: 'onEnter', states: ['SetUp'], draw: { pattern: 'NEST-{int:1000-9999}' } },
    },
    {
      id: 'partCount',
      name: { zh: '产量', en: 'Parts produced' },
      ...int('unitless', [0, 1e9]),
      key: true,
      standard: 'OPC 40501-1 PartsProducedInLifetime',
      dynamics: { kind: 'count', on: 'cycle', step: '1', start: { uniform: [0, 200_000] } },
    },
    {
      id: 'badCount',
      name: { zh: '废品数', en: 'Scrap parts' },
      ...int('unitless', [0, 1e8]),
      dynamics: { kind: 'count', on: 'cycle', step: 'bern(scrap)', start: { uniform: [0, 2000] } },
    },
    {
      id: 'sheetCount',
      name: { zh: '板材数', en: 'Sheets' },
      ...int('unitless', [0, 1e7]),
      dynamics: { kind: 'count', on: 'enter:SetUp', step: '1' },
    },
    {
      id: 'gasUsed',
      name: { zh: '气体消耗', en: 'Gas consumption' },
      ...float('cubicMetre', [0, 1e7], 3),
      standard: 'OPC 40530 ConsumptionData',
      dynamics: {
        kind: 'integral',
        rate: 'if(state == "LaserOn", if(gas == "O2", 1.2, if(gas == "N2", 24, 18))/3600, 0)',
      },
    },
    {
      id: 'beamOnTime',
      name: { zh: '出光时间', en: 'Beam-on time' },
      ...float('hour', [0, 100_000], 4),
      standard: 'OPC 40501-1 OperationDuration',
      dynamics: {
        kind: 'integral',
        rate: 'if(state == "LaserOn", 1/3600, 0)',
        start: { uniform: [0, 9000] },
      },
    },
    {
      id: 'powerKw',
      name: { zh: '整机功率', en: 'Electrical power' },
      ...float('kilowatt', [0, 120], 2),
      key: true,
      dynamics: lag(
        'if(state == "Off", 0.1, if(state == "LaserOn", laserPower/1000/0.35 + 9, 4.5))',
        3,
        { noise: 0.1 },
      ),
    },
    {
      id: 'energyKwh',
      name: { zh: '累计用电', en: 'Energy' },
      ...float('kilowattHour', [0, 1e8], 3),
      key: true,
      dynamics: { kind: 'integral', rate: 'powerKw/3600', start: { uniform: [0, 600_000] } },
    },
  ],
  alarms: [
    {
      code: 'LENS_HOT',
      severity: 2,
      name: { zh: '保护镜温度高', en: 'Protective lens hot' },
      when: 'lensTemp > 55',
      clearWhen: 'lensTemp < 48',
    },
    {
      code: 'CHILLER',
      severity: 2,
      name: { zh: '冷水机温度异常', en: 'Chiller temperature' },
      when: 'chillerTemp > 26 || chillerTemp < 19',
    },
    {
      code: 'COLLISION',
      severity: 1,
      name: { zh: '切割头碰撞', en: 'Head collision' },
      perDeviceDay: 0.12,
      forcesState: 'Error',
    },
    {
      code: 'GAS_LOW',
      severity: 3,
      name: { zh: '气压不足', en: 'Gas pressure low' },
      perDeviceDay: 0.08,
      forcesState: 'Error',
    },
    {
      code: 'FOLLOW_ERR',
      severity: 3,
      name: { zh: '随动误差', en: 'Height-follow error' },
      perDeviceDay: 0.25,
      forcesState: 'Error',
    },
    {
      code: 'LENS_MAINT',
      severity: 4,
      name: { zh: '更换保护镜', en: 'Replace lens' },
      when: 'lensWear > 0.9',
    },
  ],
};
