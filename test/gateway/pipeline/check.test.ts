import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CheckContext, checkReading } from '../../../gateway/pipeline/check.ts';
import { checkEvent } from '../../../gateway/pipeline/check-event.ts';
import { KnownDevice } from '../../../gateway/pipeline/known-device.ts';
import { compileRules } from '../../../gateway/pipeline/signal-check.ts';
import { parseLines } from '../../../model/line-protocol.ts';
import type { DeviceProfile } from '../../../model/profile.ts';
import type { RawReading } from '../../../model/reading.ts';

const nowMs = 1_767_225_600_000;
const context: CheckContext = { nowMs, strict: false, ageMsMax: 86_400_000, aheadMsMax: 300_000 };

const press: DeviceProfile = {
  id: 'acme.press',
  name: { zh: '冲压机', en: 'Press' },
  production: true,
  signals: [
    {
      id: 'power',
      name: { zh: '功率', en: 'Power' },
      unit: 'kW',
      ucum: 'kW',
      type: 'float',
      range: [0, 240],
    },
    {
      id: 'strokes',
      name: { zh: '行程', en: 'Strokes' },
      unit: '1',
      ucum: '1',
      type: 'int',
      range: [0, 1e9],
    },
    { id: 'running', name: { zh: '运行', en: 'Running' }, unit: '1', ucum: '1', type: 'bool' },
    {
      id: 'state',
      name: { zh: '状态', en: 'State' },
      unit: '1',
      ucum: '1',
      type: 'enum',
      values: ['RUN', 'IDLE'],
    },
    { id: 'program', name: { zh: '程序', en: 'Program' }, unit: '1', ucum: '1', type: 'string' },
    {
      id: 'model',
      name: { zh: '内部', en: 'Hidden' },
      unit: '1',
      ucum: '1',
      type: 'float',
      hidden: true,
    },
  ],
};
const rules = compileRules(press);

function known(profile = press.id): KnownDevice {
  return new KnownDevice({
    enterprise: 'acme',
    device: 'press-1',
    profile,
    district: 'wujin',
    industry: '34',
  });
}

function check(raw: Partial<RawReading>, over: Partial<CheckContext> = {}, profile = press.id) {
  const whole = { seq: undefined, ts: undefined, values: {}, ...raw };
  return checkReading(whole, known(profile), profile === 'generic' ? null : rules, {
    ...context,
    ...over,
  });
}

function parsed(lines: string) {
  const found: {
    measurement: string;
    tags: unknown;
    fields: Record<string, unknown>;
    timestampMs: number;
  }[] = [];
  parseLines(Buffer.from(lines), {
    line: (line) => {
      found.push({ ...line, fields: Object.fromEntries(line.fields) });
    },
    bad: (reason, index) => {
      throw new Error(`line ${index}: ${reason}`);
    },
  });
  return found;
}

describe('a reading of a known profile', () => {
  test('becomes one line with its tags, seq, quality and timestamp', () => {
    const checked = check({
      seq: 42,
      ts: nowMs - 1000,
      values: { power: 12.5, strokes: 7, running: true, state: 'RUN', program: 'O 1,"2"' },
    });
    expect(checked).toMatchObject({ ok: true, lineCount: 1, refusedFields: null });
    const [line] = parsed(checked.ok ? checked.lines : '');
    expect(line).toMatchObject({
      measurement: 'acme.press',
      timestampMs: nowMs - 1000,
      fields: {
        power: 12.5,
        strokes: 7,
        running: true,
        state: 'RUN',
        program: 'O 1,"2"',
        seq: 42,
        quality: 192,
      },
    });
  });

  test.each([
    ['signal.unknown', { bogus: 1 }],
    ['signal.unknown', { model: 1 }],
    ['signal.wrong-type', { power: '12' }],
    ['signal.wrong-type', { power: { toString: 1 } }],
    ['signal.wrong-type', { running: 1 }],
    ['signal.wrong-type', { strokes: 1.5 }],
    ['signal.wrong-type', { state: 3 }],
    ['signal.out-of-range', { power: 240.1 }],
    ['signal.out-of-range', { power: -1 }],
    ['signal.not-finite', { power: null }],
    ['signal.not-finite', { power: 'NaN' }],
    ['signal.not-finite', { power: Number.POSITIVE_INFINITY }],
    ['signal.not-in-enumeration', { state: 'FLYING' }],
    ['signal.too-long', { program: 'x'.repeat(257) }],
  ])('%s: the bad field is refused, the good one is stored', (code, bad) => {
    const checked = check({ seq: 1, values: { ...bad, strokes: 7, ...bad } });
    const alone = check({ seq: 1, values: bad });
    expect(alone).toMatchObject({ ok: false, code: 'reading.all-refused', refused: [{ code }] });
    if ('strokes' in bad) return;
    expect(checked).toMatchObject({
      ok: true,
      refusedFields: { refused: [{ code }], values: bad },
    });
    expect(check({ values: { ...bad, strokes: 7 } }, { strict: true })).toMatchObject({
      ok: false,
      code: 'reading.strict',
      refused: [{ code }],
    });
  });

  test.each([
    ['reading.timestamp-invalid', { ts: 1.5 }],
    ['reading.timestamp-invalid', { ts: '2026-01-01' }],
    ['reading.timestamp-invalid', { ts: { toString: 1 } }],
    ['reading.timestamp-too-old', { ts: 1_543_543_200 }],
    ['reading.timestamp-ahead', { ts: nowMs + 300_001 }],
    ['reading.empty', { values: {} }],
    [
      'signal.too-many',
      { values: Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`s${i}`, i])) },
    ],
  ])('%s refuses the whole reading', (code, raw) => {
    expect(check({ values: { power: 1 }, ...raw })).toMatchObject({ ok: false, code });
  });

  test.each([-1, 1.5, '7', Number.MAX_SAFE_INTEGER + 1])(
    'a bad seq (%s) is refused like a field',
    (seq) => {
      const checked = check({ seq, values: { power: 1 } });
      expect(checked).toMatchObject({
        ok: true,
        refusedFields: { refused: [{ code: 'reading.seq-invalid' }] },
      });
      expect(checked.ok && checked.lines).not.toContain('seq=');
    },
  );

  test('readings without a timestamp are stamped, strictly increasing', () => {
    const device = known();
    const stamps = Array.from({ length: 5 }, () => {
      const checked = checkReading(
        { seq: 1, ts: undefined, values: { power: 1 } },
        device,
        rules,
        context,
      );
      return checked.ok ? checked.timestampMs : 0;
    });
    expect(stamps).toEqual([nowMs, nowMs + 1, nowMs + 2, nowMs + 3, nowMs + 4]);
  });
});

describe('a reading of a generic machine', () => {
  test('becomes one line for each signal: num or text', () => {
    const checked = check(
      { seq: 3, ts: nowMs, values: { temp: 4.5, mode: 'auto', on: true } },
      {},
      'generic',
    );
    expect(checked).toMatchObject({ ok: true, lineCount: 3 });
    const lines = parsed(checked.ok ? checked.lines : '');
    expect(lines.map(({ fields }) => fields)).toEqual([
      { num: 4.5, seq: 3, quality: 192 },
      { text: 'auto', seq: 3, quality: 192 },
      { num: 1, seq: 3, quality: 192 },
    ]);
  });

  test.each(['seq', 'time', 'device', '__proto__', '1st', 'a b', 'é'])(
    'refuses the name %s',
    (name) => {
      const values = Object.fromEntries([['temp', 1]]);
      Object.defineProperty(values, name, { value: 1, enumerable: true });
      const checked = check({ values }, {}, 'generic');
      expect(checked).toMatchObject({
        ok: true,
        lineCount: 1,
        refusedFields: { refused: [{ code: 'signal.name-invalid' }] },
      });
    },
  );
});

describe('an event', () => {
  test('becomes a line of the measurement event, its code a tag', () => {
    const raw = { code: 'OVER_TEMP', severity: 2, state: 'raised', ts: nowMs, seq: undefined };
    const checked = checkEvent(raw, known(), context);
    const [line] = parsed(checked.ok ? checked.lines : '');
    expect(line).toMatchObject({ measurement: 'event', fields: { severity: 2 } });
    expect(JSON.stringify(line?.tags)).toContain('OVER_TEMP');
    expect(JSON.stringify(line?.tags)).toContain('raised');
  });

  test.each([{ code: 'a b' }, { severity: 5 }, { state: 'on' }, { code: undefined }])(
    'with %j is refused whole',
    (over) => {
      const raw = {
        code: 'A',
        severity: 1,
        state: 'raised',
        ts: undefined,
        seq: undefined,
        ...over,
      };
      expect(checkEvent(raw, known(), context)).toMatchObject({
        ok: false,
        code: 'payload.not-an-event',
      });
    },
  );
});

test('whatever a payload holds, the check answers, and what it accepts is line protocol', () => {
  fc.assert(
    fc.property(
      fc.record({
        seq: fc.jsonValue(),
        ts: fc.jsonValue(),
        values: fc.dictionary(fc.string(), fc.jsonValue()),
      }),
      fc.constantFrom('generic', press.id),
      (raw, profile) => {
        const checked = check(raw, {}, profile);
        if (checked.ok) expect(parsed(checked.lines)).toHaveLength(checked.lineCount);
      },
    ),
    { numRuns: 500 },
  );
});
