import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type {
  Channel,
  Dialect,
  OutgoingEvent,
  OutgoingReading,
} from '../../model/dialects/dialect.ts';
import { dialects } from '../../model/dialects/index.ts';
import { errorCodeOf } from '../../model/errors.ts';
import { isDirectoryId } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';

const channels: readonly Channel[] = ['telemetry', 'event', 'command', 'command/reply'];

const id = fc.stringMatching(/^[a-z0-9_-]{1,64}$/).filter((candidate) => isDirectoryId(candidate));
const timestampMs = fc.integer({ min: 0, max: 4_102_444_800_000 });
// JSON has no -0.
const number = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .map((value) => (value === 0 ? 0 : value));
const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.constant('NaN,Infinity"'));
const signalId = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,20}$/);
const reading: fc.Arbitrary<OutgoingReading> = fc.record({
  seq: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  timestampMs,
  values: fc.dictionary(signalId, fc.oneof(number, fc.boolean(), text), { noNullPrototype: true }),
});
const event: fc.Arbitrary<OutgoingEvent> = fc.record({
  code: text,
  severity: fc.integer({ min: 1, max: 4 }),
  state: fc.constantFrom('raised', 'cleared'),
  timestampMs,
});

/** Payloads from noise to nearly right ones. */
const hostilePayload: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 200 }).map((content) => Buffer.from(content)),
  fc.json({ maxDepth: 4 }).map((content) => Buffer.from(content)),
  fc
    .array(fc.constantFrom(...'{}[]:,"\\', 'NaN', '-Infinity', '1', '"values"', '"code"', 'x'), {
      maxLength: 30,
    })
    .map((tokens) => Buffer.from(tokens.join(''))),
);

function attempt<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch (error) {
    const code = errorCodeOf(error);
    if (code?.startsWith('payload.')) return undefined;
    throw error;
  }
}

describe.each(Object.entries<Dialect>(dialects))('dialect %s', (name, dialect) => {
  test('is registered under its id', () => {
    expect(dialect.id).toBe(name);
  });

  test('a topic parses to what it was built from', () => {
    fc.assert(
      fc.property(id, id, fc.constantFrom(...channels), (enterprise, device, channel) => {
        expect(dialect.parseTopic(dialect.topic(enterprise, device, channel))).toEqual({
          enterprise,
          device,
          channel,
        });
      }),
      { numRuns: 200 },
    );
  });

  test('whatever parses as a topic builds the same topic again', () => {
    const level = fc.oneof(id, fc.constantFrom('', '+', '#', 'claim', 'provision', 'É', 'onramp'));
    const ending = fc.constantFrom(...channels, 'telemetry/', 'x', '');
    const topic = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.tuple(level, level, ending).map((levels) => `onramp/v1/${levels.join('/')}`),
    );
    fc.assert(
      fc.property(topic, (candidate) => {
        const parsed = dialect.parseTopic(candidate);
        if (parsed === null) return;
        expect(dialect.topic(parsed.enterprise, parsed.device, parsed.channel)).toBe(candidate);
        expect(isDirectoryId(parsed.enterprise) && isDirectoryId(parsed.device)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('what is encoded is decoded', () => {
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1, maxLength: 5 }), (readings) => {
        const decoded = dialect.decodeReadings(Buffer.from(dialect.encodeReadings(readings)));
        expect(decoded).toEqual(
          readings.map((sent) => ({ seq: sent.seq, ts: sent.timestampMs, values: sent.values })),
        );
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(event, (sent) => {
        const [decoded, ...others] = dialect.decodeEvents(Buffer.from(dialect.encodeEvent(sent)));
        const { code, severity, state, ts } = decoded!;
        expect({ code, severity, state, timestampMs: ts }).toEqual(sent);
        expect(others).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('a hostile payload is decoded or refused with a payload code', () => {
    fc.assert(
      fc.property(hostilePayload, (payload) => {
        for (const raw of attempt(() => dialect.decodeReadings(payload)) ?? []) {
          expect(raw.values).toBeTypeOf('object');
          expect(raw.values).not.toBeNull();
        }
        attempt(() => dialect.decodeEvents(payload));
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test('an empty payload and one beyond the limit are refused', () => {
    for (const payload of [Buffer.alloc(0), Buffer.alloc(limits.payloadBytesMax + 1, 0x20)]) {
      expect(attempt(() => dialect.decodeReadings(payload))).toBeUndefined();
      expect(attempt(() => dialect.decodeEvents(payload))).toBeUndefined();
    }
  });

  test('credentials are particular to enterprise and device', () => {
    fc.assert(
      fc.property(id, id, id, id, (enterprise, device, enterprise2, device2) => {
        fc.pre(enterprise !== enterprise2 || device !== device2);
        const one = dialect.credentials(enterprise, device, 's');
        const other = dialect.credentials(enterprise2, device2, 's');
        expect(one.clientId).not.toBe(other.clientId);
        expect(one.username).not.toBe(other.username);
      }),
      { numRuns: 200 },
    );
  });
});
