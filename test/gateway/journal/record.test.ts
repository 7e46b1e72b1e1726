import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../gateway/journal/commit.ts';
import type { RecordContent } from '../../../gateway/journal/record.ts';
import {
  decodeRecord,
  encodeRecord,
  placeSeed,
  sealRecord,
  segmentSeed,
} from '../../../gateway/journal/record.ts';
import { errorCodeOf } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import { commitOf } from './commits.ts';

const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

const text = fc.string({ unit: 'binary', maxLength: 40 });

const refusal = fc.record({
  atMs: count,
  enterprise: text,
  device: text,
  profile: text,
  code: fc.constantFrom('signal.unknown', 'payload.not-json'),
  detail: text,
  scope: fc.constantFrom('reading', 'field'),
  topic: text,
  payload: text,
  payloadEncoding: fc.constantFrom('utf8', 'base64'),
});

const commits: fc.Arbitrary<Commit> = fc
  .record({
    committedAtMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
    readings: fc.array(
      fc.record({
        age: fc.oneof(
          fc.integer({ min: -(2 ** 31) - 2, max: -(2 ** 31) + 2 }),
          fc.integer({ min: 2 ** 31 - 3, max: 2 ** 31 + 2 }),
          fc.integer({ min: -300_000, max: 60_000 }),
        ),
        lines: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 256 })),
      }),
      { maxLength: 20 },
    ),
    lines: fc.string({ unit: 'binary', maxLength: 300 }),
    refusals: fc.array(refusal, { maxLength: 3 }),
    touched: fc.array(text, { maxLength: 3 }),
    counters: fc.record({
      received: count,
      accepted: count,
      refused: count,
      withheld: count,
      dropped: count,
      refusedFields: count,
    }),
  })
  .map(({ readings, touched, ...rest }) => ({
    ...rest,
    touched:
      readings.length === 0 ? [] : touched.map((key) => ({ reading: readings.length - 1, key })),
    timestampsMs: readings.map((reading) => rest.committedAtMs - reading.age),
    lineCounts: readings.map((reading) => reading.lines),
  }));

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

function sealed(commit: Commit, seed: number): Buffer {
  const record = encodeRecord(commit);
  sealRecord(record, seed);
  return record;
}

function asCommit(content: RecordContent): Commit {
  return { ...content, lines: content.lines.toString('utf8') };
}

describe('a record', () => {
  it('decodes to the commit it encodes, wherever it stands in a buffer', () => {
    fc.assert(
      fc.property(commits, seeds, fc.nat(50), fc.nat(50), (commit, seed, before, after) => {
        const record = sealed(commit, seed);
        const bytes = Buffer.concat([Buffer.alloc(before, 7), record, Buffer.alloc(after, 9)]);
        const found = decodeRecord(bytes, before, bytes.length, seed);
        if (found.status !== 'record') throw new Error(found.status);
        expect(found.bytes).toBe(record.length);
        expect(asCommit(found.content)).toEqual(commit);
        bytes.fill(0);
        expect(found.content.lines.equals(Buffer.from(commit.lines))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is incomplete when cut anywhere, and asks for no more bytes than it has', () => {
    fc.assert(
      fc.property(commits, seeds, (commit, seed) => {
        const record = sealed(commit, seed);
        for (let end = 0; end < record.length; end++) {
          const found = decodeRecord(record, 0, end, seed);
          if (found.status !== 'incomplete') throw new Error(`${found.status} at ${end}`);
          expect(found.bytesNeeded).toBeGreaterThan(end);
          expect(found.bytesNeeded).toBeLessThanOrEqual(record.length);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('is never a record when any of its bits is flipped', () => {
    fc.assert(
      fc.property(commits, seeds, fc.nat(), (commit, seed, where) => {
        const record = sealed(commit, seed);
        const bit = where % (record.length * 8);
        record[bit >> 3] = record[bit >> 3]! ^ (1 << (bit & 7));
        expect(decodeRecord(record, 0, record.length, seed).status).not.toBe('record');
      }),
      { numRuns: 1000 },
    );
  });

  it('is corrupt at any other place of the journal', () => {
    const record = sealed(commitOf(1), placeSeed(segmentSeed('g1', 1), 100));
    const places = [
      placeSeed(segmentSeed('g1', 1), 101),
      placeSeed(segmentSeed('g1', 2), 100),
      placeSeed(segmentSeed('g2', 1), 100),
    ];
    for (const seed of places) {
      const found = decodeRecord(record, 0, record.length, seed);
      expect(found).toEqual({ status: 'corrupt', reason: 'wrong checksum' });
    }
  });

  it('is not found in any garbage, zeros included', () => {
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(200).map((length) => new Uint8Array(length)),
      // A believable length and flags in front, so that later checks are reached.
      fc
        .tuple(fc.integer({ min: 21, max: 120 }), fc.uint8Array({ minLength: 120, maxLength: 140 }))
        .map(([length, rest]) =>
          Buffer.concat([Buffer.from([length, 0, 0, 0, 1, 2, 3, 4, 0]), rest]),
        ),
    );
    fc.assert(
      fc.property(garbage, seeds, (bytes, seed) => {
        const found = decodeRecord(Buffer.from(bytes), 0, bytes.length, seed);
        expect(found.status).not.toBe('record');
        if (bytes.length >= 8 && bytes.every((byte) => byte === 0)) {
          expect(found.status).toBe('corrupt');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('with a valid checksum over JSON that is none of ours is corrupt, not an exception', () => {
    for (const json of [
      '',
      '{',
      'null',
      '5',
      '{"refusals":[]',
      '{"counters":{"received":"x"},"refusals":[]}',
    ]) {
      const whole = encodeRecord({ ...commitOf(1), refusals: [] });
      const jsonBytes = whole.readUInt32LE(25);
      const cut = whole.subarray(0, whole.length - jsonBytes);
      const record = Buffer.concat([cut, Buffer.from(json)]);
      record.writeUInt32LE(record.length - 8, 0);
      record.writeUInt32LE(json.length, 25);
      sealRecord(record, 5);
      expect(decodeRecord(record, 0, record.length, 5).status).toBe('corrupt');
    }
  });

  it('of an earlier release, which knew no touched devices, is read; bad pairs cost nothing', () => {
    const { touched: _, ...commit } = commitOf(2);
    expect(commit.timestampsMs.length).toBeGreaterThan(1);
    const json = (touched: unknown) =>
      JSON.stringify({ counters: commit.counters, refusals: commit.refusals, touched });
    const read = (text: string) => {
      const whole = encodeRecord({ ...commit, touched: [] });
      const cut = whole.subarray(0, whole.length - whole.readUInt32LE(25));
      const record = Buffer.concat([cut, Buffer.from(text)]);
      record.writeUInt32LE(record.length - 8, 0);
      record.writeUInt32LE(Buffer.byteLength(text), 25);
      sealRecord(record, 5);
      const found = decodeRecord(record, 0, record.length, 5);
      if (found.status !== 'record') throw new Error(found.status);
      return asCommit(found.content);
    };
    expect(read(json(undefined))).toEqual({ ...commit, touched: [] });
    for (const touched of [7, [[99, 'a.b'], [0, 5], 'x', null, [-1, 'a.b']]]) {
      expect(read(json(touched))).toEqual({ ...commit, touched: [] });
    }
    expect(read(json([[1, 'a.b']])).touched).toEqual([{ reading: 1, key: 'a.b' }]);
  });

  it('leaves out what it can: 100 readings cost 4 bytes each beside their lines', () => {
    const committedAtMs = 1_543_543_200_000;
    const timestampsMs = Array.from({ length: 100 }, (_, i) => committedAtMs - i);
    const lines = 'press load=1 1543543200000\n'.repeat(100);
    const base = { ...commitOf(1), refusals: [], touched: [], committedAtMs, lines };
    const empty = encodeRecord({ ...base, timestampsMs: [], lineCounts: [] }).length;
    const narrow = { ...base, timestampsMs, lineCounts: timestampsMs.map(() => 1) };
    expect(encodeRecord(narrow).length - empty).toBe(400);
    const counted = { ...narrow, lineCounts: timestampsMs.map((_, i) => (i === 7 ? 2 : 1)) };
    expect(encodeRecord(counted).length - empty).toBe(800);
    const wide = { ...narrow, timestampsMs: [...timestampsMs.slice(1), committedAtMs - 2 ** 32] };
    expect(encodeRecord(wide).length - empty).toBe(800);
  });

  it('may not exceed its limit, neither written nor read', () => {
    const commit = { ...commitOf(1), lines: 'x'.repeat(limits.recordBytesMax) };
    let code: string | null = null;
    try {
      encodeRecord(commit);
    } catch (error) {
      code = errorCodeOf(error);
    }
    expect(code).toBe('journal.commit-too-large');
    const frame = Buffer.alloc(8);
    frame.writeUInt32LE(limits.recordBytesMax, 0);
    expect(decodeRecord(frame, 0, 8, 0).status).toBe('corrupt');
    expect(() => encodeRecord({ ...commitOf(1), lineCounts: [1, 2, 3, 4, 5, 6, 7, 8] })).toThrow(
      RangeError,
    );
  });
});
