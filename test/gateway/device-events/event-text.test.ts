import { describe, expect, test } from 'vitest';
import type { DeviceEventKind } from '../../../gateway/device-events/device-event.ts';
import { durationText, phraseOf } from '../../../gateway/device-events/event-phrases.ts';
import { eventText } from '../../../gateway/device-events/event-text.ts';
import { type Checked, checkReading } from '../../../gateway/pipeline/check.ts';
import { KnownDevice } from '../../../gateway/pipeline/known-device.ts';
import { compileRules } from '../../../gateway/pipeline/signal-check.ts';
import { deviceStates } from '../../../model/device.ts';
import { deviceErrors } from '../../../model/errors/device.ts';
import { onboardingErrors } from '../../../model/errors/onboarding.ts';
import { type ErrorCode, errorTable } from '../../../model/errors.ts';
import type { Signal } from '../../../model/profile.ts';

const nowMs = 1_767_225_600_000;
const dayMs = 86_400_000;

const signal = (id: string, type: Signal['type'], more: Partial<Signal> = {}): Signal => ({
  id,
  name: { zh: id, en: id },
  unit: '1',
  ucum: '1',
  type,
  ...more,
});
const rules = compileRules({
  id: 'oven',
  name: { zh: '炉', en: 'Oven' },
  production: true,
  signals: [
    signal('temperature', 'float', { unit: '°C', ucum: 'Cel', range: [-20, 120] }),
    signal('count', 'int'),
    signal('stage', 'float', { unit: '', range: [3, 3] }),
    signal('factor', 'float', { range: [0, 1] }),
    signal('on', 'bool'),
    signal('status', 'enum', { values: ['Running', 'Idle'] }),
    signal('note', 'string'),
  ],
});
const oven = new KnownDevice({
  enterprise: 'acme',
  device: 'o1',
  profile: 'oven',
  district: 'wujin',
  industry: '34',
});

function check(values: Record<string, unknown>, ts?: unknown, strict = false): Checked {
  const context = { nowMs, strict, ageMsMax: 30 * dayMs, aheadMsMax: 300_000 };
  return checkReading({ seq: undefined, ts, values }, oven, rules, context);
}

/** What a person is told of a value that the check refused. */
function fieldText(values: Record<string, unknown>) {
  const checked = check(values);
  if (checked.ok) throw new Error('nothing was refused');
  const [first] = checked.refused;
  return eventText({ kind: 'field-refused', code: first!.code, detail: first!.detail });
}

/** What a person is told of a reading that was refused whole. */
function readingText(values: Record<string, unknown>, ts?: unknown, strict = false) {
  const checked = check(values, ts, strict);
  if (checked.ok) throw new Error('nothing was refused');
  return eventText({ kind: 'reading-refused', code: checked.code, detail: checked.detail });
}

describe('what the check refuses, in plain words', () => {
  test.each<[Record<string, unknown>, string, string]>([
    [
      { temperature: 365 },
      'temperature: 365 is not in -20 to 120 °C — check the unit.',
      'temperature:365 不在 -20 至 120 °C 的量程内——请检查单位。',
    ],
    [
      { stage: 99 },
      'stage: 99 is not in 3 to 3 — check the value.',
      'stage:99 不在 3 至 3 的量程内——请检查数值。',
    ],
    [
      { factor: 2 },
      'factor: 2 is not in 0 to 1 — check the value.',
      'factor:2 不在 0 至 1 的量程内——请检查数值。',
    ],
    [
      { temperature: '21.5' },
      'temperature: "21.5" is not a number — send numbers without quotes.',
      'temperature:"21.5" 不是数字——数字不要加引号。',
    ],
    [
      { count: 1.5 },
      'count: 1.5 is not a whole number — send it without a fraction or quotes.',
      'count:1.5 不是整数——不要带小数或引号。',
    ],
    [
      { on: 'true' },
      'on: "true" is not true or false — send it without quotes.',
      'on:"true" 不是布尔值(true 或 false)——不要加引号。',
    ],
    [
      { temperature: null },
      'temperature: null is not a number — leave it out when there is no value.',
      'temperature:null 不是数字——没有数值时请省略。',
    ],
    [
      { status: 'running' },
      'status: "running" is not one of Running, Idle — check spelling and case.',
      'status:"running" 不在枚举值 Running, Idle 之中——请检查拼写与大小写。',
    ],
    [
      { note: 'x'.repeat(300) },
      'note: 300 characters are more than 256 — send a shorter text.',
      'note:300 个字符,超过 256 个——请缩短文本。',
    ],
    [
      { temprature: 21 },
      '"temprature" is no signal of its profile — check the spelling, or add it to the profile.',
      '"temprature" 不是设备模型中的信号——请检查拼写,或在设备模型中添加。',
    ],
  ])('%j', (values, en, zh) => {
    expect(fieldText(values)).toEqual({ en, zh });
  });

  test.each<[number, string, string]>([
    [
      nowMs - 37 * dayMs,
      'Its clock is 37 days behind ("ts" is 1764028800000) — set its clock, or leave "ts" out.',
      '设备时钟慢了 37 天("ts" 为 1764028800000)——请校准时钟,或省略 "ts"。',
    ],
    [
      nowMs + 3 * 3_600_000,
      'Its clock is 3 hours ahead ("ts" is 1767236400000) — set its clock, or leave "ts" out.',
      '设备时钟快了 3 小时("ts" 为 1767236400000)——请校准时钟,或省略 "ts"。',
    ],
    [
      nowMs / 1000,
      '"ts" 1767225600 looks like seconds — send milliseconds since 1970.',
      '"ts" 1767225600 像是以秒为单位——请发送自 1970 年起的毫秒数。',
    ],
    [
      nowMs * 1000,
      '"ts" 1767225600000000 looks like microseconds — send milliseconds since 1970.',
      '"ts" 1767225600000000 像是以微秒为单位——请发送自 1970 年起的毫秒数。',
    ],
  ])('a clock at %i', (ts, en, zh) => {
    expect(readingText({ temperature: 20 }, ts)).toEqual({ en, zh });
  });

  test('a reading refused for its values names them, also ones that hold a semicolon', () => {
    const text = readingText({ status: 'a; b', temprature: 3, temperature: 365 });
    expect(text.en).toBe(
      'No value of the reading could be used: status: "a; b" is not one of Running, Idle; "temprature" is no signal of its profile; temperature: 365 is not in -20 to 120 °C — check spelling and case.',
    );
    expect(text.zh).toContain('读数中没有可用的数值:status:"a; b" 不在枚举值 Running, Idle 之中;');
    expect(readingText({ temperature: 365, count: 1 }, undefined, true).en).toBe(
      'Strict mode refused the whole reading: temperature: 365 is not in -20 to 120 °C — check the unit.',
    );
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`x${i}`, 1]));
    expect(readingText(many).en).toContain('"x7" is no signal of its profile; and 4 more —');
    expect(readingText(many).zh).toContain(';另有 4 项——');
  });

  test.each([
    [1, '1 second', '1 秒'],
    [119, '119 seconds', '119 秒'],
    [150, '3 minutes', '3 分钟'],
    [7300, '2 hours', '2 小时'],
    [37 * 86_400, '37 days', '37 天'],
    [56 * 365 * 86_400, '56 years', '56 年'],
  ])('%i seconds', (seconds, en, zh) => {
    expect(durationText(seconds)).toEqual({ en, zh });
  });
});

const kinds: readonly DeviceEventKind[] = [
  'connected',
  'disconnected',
  'refused',
  'accepted',
  'reading-refused',
  'field-refused',
  'first-row',
  'state',
];
const codes = [
  ...Object.keys(deviceErrors),
  ...Object.keys(onboardingErrors),
  'store.refused-line',
  'store.refused-group',
] as ErrorCode[];

describe('every event', () => {
  test.each(kinds)('of kind %s is told in both languages, with its detail', (kind) => {
    const { en, zh } = eventText({ kind, code: null, detail: 'the detail' });
    expect(en).toMatch(/^[A-Z][^.]+\.$/);
    expect(zh).toMatch(/^[^。]+。$/);
    expect(zh).toMatch(/[\u4e00-\u9fff]/);
    if (kind !== 'accepted') {
      expect(en).toContain('(the detail)');
      expect(zh).toContain('(the detail)');
    }
  });

  test.each(codes)('with the code %s is told in both languages, with its detail', (code) => {
    for (const kind of ['refused', 'reading-refused', 'field-refused', 'disconnected'] as const) {
      const { en, zh } = eventText({ kind, code, detail: 'p7-the_detail' });
      expect(en).toContain('p7-the_detail');
      expect(zh).toContain('p7-the_detail');
      expect(en).toMatch(/[.)]$/);
      expect(zh).toMatch(/[。)]$/);
      const bare = eventText({ kind: 'refused', code, detail: '' });
      if (phraseOf(code, '') === null) {
        expect(bare).toEqual({ en: errorTable[code].en, zh: errorTable[code].zh });
      }
    }
  });

  test('the detail stands where it was said what happened, before what to do', () => {
    const told = { kind: 'refused', detail: 'onramp/v1/x/y' } as const;
    expect(eventText({ ...told, code: 'topic.retained' })).toEqual({
      en: 'Telemetry must not be retained (onramp/v1/x/y). Clear the retain flag.',
      zh: '遥测消息不得保留,请清除 retain 标志(onramp/v1/x/y)。',
    });
    expect(eventText({ ...told, code: 'connect.protocol-version' }).en).toBe(
      'Onramp speaks MQTT 3.1.1 (onramp/v1/x/y). Set the client to protocol version 4 (MQTT 3.1.1).',
    );
  });

  test.each(deviceStates)('state %s has a sentence of its own', (state) => {
    const { en, zh } = eventText({ kind: 'state', code: null, detail: state });
    expect(en).not.toContain('(');
    expect(en).toMatch(/\.$/);
    expect(zh).toMatch(/。$/);
  });
});
