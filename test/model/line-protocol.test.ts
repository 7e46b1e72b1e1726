import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeField,
  encodeFieldValue,
  encodeLine,
  escapeMeasurement,
  escapeTag,
  measurementOf,
  type ParsedLine,
  parseLine,
  parseLines,
  seriesPrefix,
  splitLines,
} from '../../model/line-protocol.ts';
import type { SignalValue } from '../../model/reading.ts';

interface Visited {
  readonly lines: Map<number, ParsedLine>;
  readonly bad: Map<number, string>;
}

function visit(text: string): Visited {
  const visited: Visited = { lines: new Map(), bad: new Map() };
  parseLines(Buffer.from(text), {
    line: (line, index) => visited.lines.set(index, line),
    bad: (reason, index) => visited.bad.set(index, reason),
  });
  return visited;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const flat = (text: string) => text.replace(/[\u0000-\u001f]/g, ' ');
const asName = (text: string) => flat(text).replace(/\\+$/, '');

const text = fc.string({ unit: 'binary', maxLength: 24 });
/** Dense in what needs escaping. */
const nasty = fc.string({ unit: fc.constantFrom(...',= "\\\n\r\t#a值😀i1.'), maxLength: 12 });
const anyText = fc.oneof(text, nasty);
const name = anyText.filter((key) => asName(key) !== '' && key !== '__proto__');
const measurement = name.filter((key) => !key.startsWith('#'));
const value: fc.Arbitrary<SignalValue> = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.boolean(),
  anyText,
);
const timestamp = fc.integer({ min: 0, max: 8_640_000_000_000_000 });

describe('encoding', () => {
  test('a reading is the line of the reference', () => {
    const prefix = seriesPrefix('ev-charger-dc', {
      industry: '34',
      enterprise: 'e1',
      device: 'd1',
      district: 'wujin',
    });
    const fields = [
      encodeField('power', 12),
      encodeField('soc', 55.5),
      encodeField('plugged', true),
      encodeField('status', 'Charging "fast" \\ now'),
    ].join(',');
    expect(encodeLine(prefix, fields, 1543543200000)).toBe(
      'ev-charger-dc,device=d1,district=wujin,enterprise=e1,industry=34 ' +
        'power=12,soc=55.5,plugged=true,status="Charging \\"fast\\" \\\\ now" 1543543200000\n',
    );
  });

  test('a number never has a type suffix, and must be finite', () => {
    expect(encodeFieldValue(12)).toBe('12');
    expect(encodeFieldValue(1e21)).toBe('1e+21');
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => encodeFieldValue(bad)).toThrow('finite');
    }
  });

  test('control characters become spaces, so a line stays one line', () => {
    expect(encodeFieldValue('a\nb\r\u0000c')).toBe('"a b  c"');
    expect(escapeTag('a\nb')).toBe('a\\ b');
    expect(escapeMeasurement('a\nb=c')).toBe('a\\ b=c');
  });

  test('a name drops the backslashes at its end, which would escape the delimiter', () => {
    expect(escapeTag('a\\b\\\\')).toBe('a\\b');
    expect(escapeMeasurement('m\\')).toBe('m');
  });

  test('an empty tag is left out', () => {
    expect(seriesPrefix('m', { b: '', a: '1' })).toBe('m,a=1');
  });

  test('a measurement that would be a comment or empty is refused', () => {
    expect(() => seriesPrefix('#m', {})).toThrow();
    expect(() => seriesPrefix('', {})).toThrow();
  });
});

describe('parse ∘ encode is the identity', () => {
  test('for any names, values and timestamps', () => {
    fc.assert(
      fc.property(
        measurement,
        fc.dictionary(name, anyText, { maxKeys: 4, noNullPrototype: true }),
        fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 6 }),
        timestamp,
        (measurementName, tags, fields, timestampMs) => {
          const keys = new Set(Object.keys(tags).map(asName));
          fc.pre(keys.size === Object.keys(tags).length);
          const line = encodeLine(
            seriesPrefix(measurementName, tags),
            fields.map(([key, fieldValue]) => encodeField(key, fieldValue)).join(','),
            timestampMs,
          );
          const buffer = Buffer.from(line);
          const visited = visit(line);
          expect(visited.bad.size).toBe(0);
          expect(visited.lines.get(0)).toEqual({
            measurement: asName(measurementName),
            tags: Object.keys(tags)
              .sort()
              .map((key) => [asName(key), asName(tags[key] ?? '')])
              .filter(([, tagValue]) => tagValue !== ''),
            fields: fields.map(([key, fieldValue]) => [
              asName(key),
              typeof fieldValue === 'string'
                ? flat(fieldValue)
                : typeof fieldValue === 'number'
                  ? fieldValue + 0
                  : fieldValue,
            ]),
            timestampMs,
          });
          expect(measurementOf(buffer)).toBe(asName(measurementName));
          expect(splitLines(buffer)).toHaveLength(1);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('the parser never throws, and every line is visited at most once', () => {
    fc.assert(
      fc.property(fc.oneof(nasty, fc.string({ unit: 'binary' })), (garbage) => {
        const visited = visit(garbage);
        for (const index of visited.bad.keys()) expect(visited.lines.has(index)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

describe('reading foreign lines', () => {
  test('every spelling of the reference is understood', () => {
    const parsed = parseLine('m,t=a\\ b i=12i,u=3u,a=t,b=F,c=TRUE,n=-1.5E-3,s="x,y=z 1"  99');
    expect(parsed).toEqual({
      measurement: 'm',
      tags: [['t', 'a b']],
      fields: [
        ['i', 12],
        ['u', 3],
        ['a', true],
        ['b', false],
        ['c', true],
        ['n', -0.0015],
        ['s', 'x,y=z 1'],
      ],
      timestampMs: 99,
    });
  });

  test.each([
    ['m', 'no fields'],
    [',t=1 a=1 1', 'no measurement'],
    ['m,t a=1 1', 'tag'],
    ['m,t= a=1 1', 'tag'],
    ['m,t=1,t=2 a=1 1', 'twice'],
    ['m a 1', 'no value'],
    ['m =1 1', 'no name'],
    ['m a= 1', 'field a'],
    ['m a=x 1', 'field a'],
    ['m a=0x10 1', 'field a'],
    ['m a=NaN 1', 'field a'],
    ['m a=1e999 1', 'field a'],
    ['m a="x 1', 'not closed'],
    ['m a="x"y 1', 'follows'],
    ['m a=1', 'no timestamp'],
    ['m a=1 1.5', 'timestamp'],
    ['m a=1 99999999999999999999', 'timestamp'],
    ['m a=1 1 2', 'timestamp'],
  ])('%s is bad: %s', (line, reason) => {
    expect(parseLine(line)).toContain(reason);
  });

  test('bad lines, empty lines and comments keep the count of lines', () => {
    const visited = visit('m a=1 1\n\n# comment\nm a=\nm a=2 2\r\nm a=3 3');
    expect([...visited.lines.keys()]).toEqual([0, 4, 5]);
    expect([...visited.bad.keys()]).toEqual([3]);
  });
});

test('splitLines gives views that add up to the buffer', () => {
  const buffer = Buffer.from('m a=1 1\nn b="x" 2\no c=3 3');
  const lines = splitLines(buffer);
  expect(lines.map(String)).toEqual(['m a=1 1\n', 'n b="x" 2\n', 'o c=3 3']);
  expect(lines.every((line) => line.buffer === buffer.buffer)).toBe(true);
  expect(lines.map(measurementOf)).toEqual(['m', 'n', 'o']);
});
