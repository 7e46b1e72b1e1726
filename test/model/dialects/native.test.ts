import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { native, parseUsername } from '../../../model/dialects/native.ts';
import { OnrampError } from '../../../model/errors.ts';
import { isDirectoryId } from '../../../model/identifiers.ts';
import { limits } from '../../../model/limits.ts';

const decode = (payload: string | Buffer) => native.decodeReadings(Buffer.from(payload));
const decodeEvents = (payload: string) => native.decodeEvents(Buffer.from(payload));

/** What a payload is refused with: its code and details. */
function refusal(task: () => unknown): { code: string; details: readonly string[] } {
  try {
    task();
  } catch (error) {
    if (error instanceof OnrampError) return { code: error.code, details: error.details };
    throw error;
  }
  throw new Error('not refused');
}

describe('readings', () => {
  test('one reading is an object, several are an array', () => {
    const reading = { seq: 42, timestampMs: 1543543200000, values: { power: 12.5, on: true } };
    expect(native.encodeReadings([reading])).toBe(
      '{"seq":42,"ts":1543543200000,"values":{"power":12.5,"on":true}}',
    );
    expect(native.encodeReadings([reading, { ...reading, seq: 43 }])).toMatch(/^\[\{.*\}\]$/);
  });

  test('seq and ts are optional, unknown keys are ignored', () => {
    const [raw] = decode('{"values":{"power":1},"firmware":"1.2"}');
    expect(raw).toMatchObject({ values: { power: 1 } });
    expect(raw?.seq).toBeUndefined();
    expect(raw?.ts).toBeUndefined();
  });

  test.each([
    ['', 'payload.not-json', /Unexpected end/],
    ['hello', 'payload.not-json', /Unexpected token 'h'/],
    ['{"values":{"a":1}', 'payload.not-json', /position 17/],
    ['12.5', 'payload.not-a-reading', /a number instead of an object/],
    ['null', 'payload.not-a-reading', /null instead of an object/],
    ['[]', 'payload.not-a-reading', /the array is empty/],
    ['{"power":12.5}', 'payload.not-a-reading', /"values" is missing/],
    ['{"values":[1]}', 'payload.not-a-reading', /"values" is an array/],
    ['{"values":null}', 'payload.not-a-reading', /"values" is null/],
    ['[{"values":{}},{"values":3}]', 'payload.not-a-reading', /element 1: "values" is a number/],
    ['[[{"values":{}}]]', 'payload.not-a-reading', /element 0: an array instead/],
    ['{"__proto__":{"values":{"a":1}}}', 'payload.not-a-reading', /"values" is missing/],
  ])('%s is refused', (payload, code, detail) => {
    const refused = refusal(() => decode(payload));
    expect(refused.code).toBe(code);
    expect(refused.details[0]).toMatch(detail);
  });

  test('text that is not UTF-8 is refused, not mended', () => {
    const gbk = Buffer.concat([
      Buffer.from('{"values":{"status":"'),
      Buffer.from([0xd4, 0xcb, 0xd0, 0xd0]),
      Buffer.from('"}}'),
    ]);
    expect(refusal(() => decode(gbk))).toEqual({
      code: 'payload.not-json',
      details: ['it is not UTF-8 text'],
    });
  });

  test('the limits are exact', () => {
    const readings = (count: number) => `[${Array(count).fill('{"values":{}}').join(',')}]`;
    expect(decode(readings(limits.payloadReadingsMax))).toHaveLength(limits.payloadReadingsMax);
    expect(refusal(() => decode(readings(limits.payloadReadingsMax + 1)))).toEqual({
      code: 'payload.too-many-readings',
      details: [`${limits.payloadReadingsMax + 1} elements, at most ${limits.payloadReadingsMax}`],
    });
    const padded = (bytes: number) => '{"values":{}}'.padEnd(bytes);
    expect(decode(padded(limits.payloadBytesMax))).toHaveLength(1);
    expect(refusal(() => decode(padded(limits.payloadBytesMax + 1)))).toEqual({
      code: 'payload.too-large',
      details: [`${limits.payloadBytesMax + 1} bytes, at most ${limits.payloadBytesMax}`],
    });
  });

  test('only the first mistakes of many are listed', () => {
    expect(refusal(() => decode(`[${Array(900).fill(7).join(',')}]`)).details).toHaveLength(5);
  });

  test('keys of the prototype are ordinary keys', () => {
    const [raw] = decode('{"values":{"__proto__":{"polluted":1},"constructor":2,"power":3}}');
    expect(Object.keys(raw!.values)).toEqual(['__proto__', 'constructor', 'power']);
    expect(Object.getPrototypeOf(raw!.values)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('nesting as deep as a payload allows is harmless', () => {
    const depth = limits.payloadBytesMax / 2 - 10;
    const nested = '['.repeat(depth) + ']'.repeat(depth);
    expect(refusal(() => decode(nested)).code).toBe('payload.not-a-reading');
    expect(refusal(() => decode('['.repeat(limits.payloadBytesMax))).code).toBe('payload.not-json');
  });
});

describe('non-finite numbers', () => {
  test('become null beside the good values', () => {
    const payload =
      '{"values":{"a":NaN,"b":-Infinity,"c": Infinity ,"d":1.5,"e":"NaN \\" Infinity"}}';
    expect(decode(payload)[0]?.values).toEqual({
      a: null,
      b: null,
      c: null,
      d: 1.5,
      e: 'NaN " Infinity',
    });
  });

  test.each(['xNaN', '-NaN', '1NaN', 'NaN1', 'NaNNaN', 'InfinityInfinity', '--Infinity', 'nan'])(
    '%s is no number of any kind',
    (token) => {
      expect(refusal(() => decode(`{"values":{"a":${token}}}`)).code).toBe('payload.not-json');
    },
  );

  test('are found wherever a value may stand, and never inside strings', () => {
    const token = fc.constantFrom('NaN', 'Infinity', '-Infinity');
    const { value } = fc.letrec<{ value: { sent: string; meant: unknown } }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        token.map((sent) => ({ sent, meant: null })),
        fc
          .oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.string({ maxLength: 8 }))
          .map((scalar) => ({ sent: JSON.stringify(scalar), meant: scalar })),
        fc
          .constantFrom('NaN', '-Infinity', 'say "NaN"', '\\', 'a\\"Infinity')
          .map((scalar) => ({ sent: JSON.stringify(scalar), meant: scalar })),
        fc.array(tie('value'), { maxLength: 4 }).map((items) => ({
          sent: `[${items.map((item) => item.sent).join(' , ')}]`,
          meant: items.map((item) => item.meant),
        })),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 5 }), value), (values) => {
        const entries = Object.entries(values);
        const body = entries.map(([key, { sent }]) => `${JSON.stringify(key)}:${sent}`).join(',');
        const meant = Object.fromEntries(entries.map(([key, item]) => [key, item.meant]));
        expect(decode(`{"values":{${body}}}`)[0]?.values).toEqual(meant);
      }),
      { numRuns: 300 },
    );
  });
});

describe('events', () => {
  test('are an object or an array', () => {
    const event = '{"code":"OVER_TEMP","severity":2,"state":"raised","ts":1543543200000,"seq":7}';
    expect(decodeEvents(event)).toEqual([JSON.parse(event)]);
    expect(decodeEvents(`[${event},${event}]`)).toHaveLength(2);
  });

  test.each([
    ['{"state":"raised"}', /"code" is missing/],
    ['{"code":"X"}', /"state" is missing/],
    ['"X"', /a string instead of an object/],
    ['[]', /the array is empty/],
  ])('%s is refused', (payload, detail) => {
    const refused = refusal(() => decodeEvents(payload));
    expect(refused.code).toBe('payload.not-an-event');
    expect(refused.details[0]).toMatch(detail);
  });
});

describe('identities', () => {
  test('a device presents {enterprise}.{device} and {enterprise}/{device}', () => {
    expect(native.credentials('e00042', 'cnc-001', 'secret')).toEqual({
      clientId: 'e00042.cnc-001',
      username: 'e00042/cnc-001',
      password: 'secret',
    });
  });

  test('a user name is split, and what is none is refused', () => {
    expect(parseUsername('e00042/cnc-001')).toEqual({ enterprise: 'e00042', subject: 'cnc-001' });
    for (const username of [
      '',
      'e1',
      '/',
      'e1/',
      '/cnc-001',
      'e1/cnc-001/',
      'e1/claim',
      'e1/claim/c1',
      'claim/cnc-001',
      'e1/provision',
      'E1/cnc-001',
      'e1/cnc.001',
      'e1/+',
      `e1/${'x'.repeat(limits.idCharsMax + 1)}`,
    ]) {
      expect(parseUsername(username)).toBeNull();
    }
  });

  test('whatever is split is made of ids', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9_/.-]{0,20}$/), (username) => {
        const parsed = parseUsername(username);
        if (parsed === null) return;
        expect(`${parsed.enterprise}/${parsed.subject}`).toBe(username);
        expect(isDirectoryId(parsed.enterprise) && isDirectoryId(parsed.subject)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

test.each([
  '',
  'onramp/v1/',
  'onramp/v1/e1',
  'onramp/v1/e1/',
  'onramp/v1/e1/d1',
  'onramp/v1/e1/d1/',
  'onramp/v1//d1/telemetry',
  'onramp/v1/e1//telemetry',
  'onramp/v1/e1/d1/telemetry/',
  'onramp/v1/e1/d1/telemetry/x',
  'onramp/v1/e1/d1/Telemetry',
  'onramp/v2/e1/d1/telemetry',
  '/onramp/v1/e1/d1/telemetry',
  'onramp/v1/+/d1/telemetry',
  'onramp/v1/e1/#',
  'onramp/v1/e1/claim/telemetry',
  'onramp/v1/e1/provision/telemetry',
  'onramp/v1/e1/provision/sn-1/request',
  '$SYS/broker/uptime',
])('%j is no topic of a device', (topic) => {
  expect(native.parseTopic(topic)).toBeNull();
});
