/** What VictoriaMetrics gets of our lines: every good one with its numbers, and nothing it misreads. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { translateLines } from '../../../gateway/stores/victoriametrics/lines.ts';
import {
  type FieldKinds,
  ProfileBook,
} from '../../../gateway/stores/victoriametrics/profile-book.ts';
import {
  encodeField,
  encodeLine,
  parseLine,
  seriesPrefix,
  splitLines,
} from '../../../model/line-protocol.ts';
import type { DeviceProfile, Signal } from '../../../model/profile.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

const nowMs = 1_795_516_600_000;

function profile(id: string, ...signals: Pick<Signal, 'id' | 'type' | 'values'>[]): DeviceProfile {
  const name = { zh: id, en: id };
  const whole = signals.map((signal) => ({ ...signal, name, unit: '1', ucum: '1' }));
  return { id, name, production: true, signals: whole };
}

const press = profile(
  'press',
  { id: 'power', type: 'float' },
  { id: 'on', type: 'bool' },
  { id: 'state', type: 'enum', values: ['off', '运行, fast', 'say "stop"'] },
  { id: 'note', type: 'string' },
);

const book = new ProfileBook(async (id) => (id === 'press' ? press : null), new VirtualClock());
await book.refresh(['press', 'unknown']);

function translate(text: string, kinds?: FieldKinds) {
  return translateLines(Buffer.from(text), {
    kindsOf: (id) => kinds ?? book.kindsOf(id),
    oldestMs: nowMs - 1000,
    newestMs: nowMs + 1000,
    lineBytesMax: 4096,
  });
}

const press1 = 'press,device=d1,enterprise=e1';

describe('a line', () => {
  test.each([
    ['power=1.5,seq=7,quality=192', 'power=1.5,seq=7,quality=192'],
    ['on=true,quality=192', 'on=1,quality=192'],
    ['on=false', 'on=0'],
    ['state="off",seq=1', 'state=0,seq=1'],
    ['seq=1,state="运行, fast"', 'seq=1,state=1'],
    ['state="say \\"stop\\""', 'state=2'],
    ['note="free, text",power=2', 'power=2'],
    ['power=2,state="never heard of"', 'power=2'],
    ['power=1e+21,x=5i,y=+1.,z=-0.5', 'power=1e+21,x=5,y=1,z=-0.5'],
  ])('%s becomes %s', (fields, kept) => {
    const { body, rejected } = translate(`${press1} ${fields} ${nowMs}\n`);
    expect(rejected).toEqual([]);
    const tags = 'profile=press,device=d1,enterprise=e1';
    expect(body.toString()).toBe(`onramp,${tags} ${kept} ${nowMs}\n`);
  });

  test.each([
    ['garbage', 'no fields'],
    [`${press1} power= ${nowMs}`, 'field power'],
    [`${press1} power="much" ${nowMs}`, 'field power is a text'],
    [`${press1} power=true ${nowMs}`, 'field power is a boolean'],
    [`${press1} on="yes" ${nowMs}`, 'field on is a text'],
    [`${press1} power=1`, 'no timestamp'],
    [`${press1} power=1 ${nowMs - 1001}`, 'older than'],
    [`${press1} power=1 ${nowMs + 1001}`, 'further ahead'],
    [`${press1} a"b=1 ${nowMs}`, 'quote'],
    [`${press1} power=1,${'x'.repeat(4096)}=1 ${nowMs}`, 'longer'],
  ])('%s is refused', (line, reason) => {
    const { body, rejected } = translate(`${line}\n${press1} power=3 ${nowMs}\n`);
    expect(rejected).toEqual([{ index: 0, reason: expect.stringContaining(reason) }]);
    expect(splitLines(body)).toHaveLength(1);
  });

  test('of nothing but a text is not written, and is no poison', () => {
    const { body, leftOut, rejected } = translate(`${press1} note="x" ${nowMs}\n`);
    expect([body.length, rejected, [...leftOut]]).toEqual([0, [], [['press.note', 1]]]);
  });
});

test('what is left out is counted by field; what was looked for in vain is wanted', () => {
  const lines = [
    `${press1} note="a",power=1 ${nowMs}`,
    `${press1} note="b",state="new" ${nowMs}`,
    `unknown,device=d text="x",on=true ${nowMs}`,
  ];
  const { leftOut, wanted } = translate(lines.join('\n'));
  expect(Object.fromEntries(leftOut)).toEqual({
    'press.note': 2,
    'press.state': 1,
    'unknown.text': 1,
  });
  expect([...wanted]).toEqual(['press']);
  expect([...translate('other,device=d t="x" 1795516600000').wanted]).toEqual(['other']);
});

const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

/** What is written of a line, and how many are refused. */
function expected(before: ReturnType<typeof parseLine>): [unknown[], number] {
  if (typeof before === 'string') return [[], 1];
  if (before.fields.some(([key]) => key.includes('"'))) return [[], 1];
  const fields = before.fields
    .filter(([, each]) => typeof each !== 'string')
    .map(([key, each]) => [key, Number(each)]);
  if (fields.length === 0) return [[], 0];
  const tags = [['profile', before.measurement], ...before.tags];
  return [[{ measurement: 'onramp', tags, fields, timestampMs: before.timestampMs }], 0];
}

test('every line we can encode is written with its numbers, or not at all', () => {
  const rows = fc.record({
    measurement: name.filter((text) => !text.startsWith('#') && text.replaceAll('\\', '') !== ''),
    device: name,
    fields: fc.dictionary(name, value, { minKeys: 1, maxKeys: 6 }),
    ms: fc.integer({ min: nowMs - 1000, max: nowMs + 1000 }),
  });
  fc.assert(
    fc.property(rows, ({ device, fields, measurement, ms }) => {
      const encoded = Object.entries(fields).map(([key, each]) => encodeField(key, each));
      const line = encodeLine(seriesPrefix(measurement, { device }), encoded.join(','), ms);
      const before = parseLine(line.slice(0, -1));
      const { body, rejected } = translate(line, new Map());
      const written = splitLines(body).map((each) => parseLine(each.toString().slice(0, -1)));
      expect([written, rejected.length]).toEqual(expected(before));
    }),
  );
});

test('whatever is in a buffer, only lines come out that can be read, and all others are named', () => {
  const piece = fc.oneof(
    fc.constantFrom(...[' ', ',', '=', '"', '\\', '\n', '\r', '#', '1', 'e', 'true', press1]),
    fc.constant(` ${nowMs}\n`),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      const { body, rejected } = translate(text);
      for (const line of splitLines(body)) {
        expect(parseLine(line.toString().slice(0, -1))).toMatchObject({ measurement: 'onramp' });
      }
      const given = splitLines(Buffer.from(text));
      for (const { index } of rejected) expect(given[index]).toBeDefined();
      expect(splitLines(body).length + rejected.length).toBeLessThanOrEqual(given.length);
    }),
  );
});
