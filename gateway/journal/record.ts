/**
 * One commit as one record: whole on disk, or absent. All numbers are little-endian.
 *
 *     u32 length of what follows the frame | u32 crc32 of it
 *     u8 flags | f64 committedAtMs | u32 readings | u32 line bytes | u32 JSON bytes
 *     timestamps: one i32 (difference to committedAtMs) for each reading, or f64 when one does not fit
 *     line counts: one u32 for each reading, left out when all are 1
 *     line protocol | JSON {"counters", "refusals", "touched": [[reading, key]]}
 *
 * `touched` is left out when it is empty, as it is in every record of earlier releases; these pass
 * over it.
 *
 * The checksum starts from the record's place (`placeSeed`), so that the bytes of a valid record
 * found anywhere else, such as blocks of a deleted segment after a power loss, are not a record.
 */

import { crc32 } from 'node:zlib';
import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { Commit, CommittedRecord, Refusal, Touched, WorkerCounters } from './commit.ts';
import { zeroCounters } from './commit.ts';

const frameBytes = 8;
const headerBytes = 21;
const wideTimestamps = 1;
const lineCountsPresent = 2;
const knownFlags = wideTimestamps | lineCountsPresent;

/** The content of a record, without its place. */
export type RecordContent = Omit<CommittedRecord, 'begin' | 'end'>;

/**
 * What stands at a place.
 * - `record`: a whole, valid record of `bytes` bytes.
 * - `incomplete`: `bytesNeeded` bytes from here decide; fewer were given.
 * - `corrupt`: no record, whatever follows.
 */
export type Decoded =
  | { readonly status: 'record'; readonly bytes: number; readonly content: RecordContent }
  | { readonly status: 'incomplete'; readonly bytesNeeded: number }
  | { readonly status: 'corrupt'; readonly reason: string };

/** The part of `placeSeed` that all records of one segment share. */
export function segmentSeed(generation: string, segment: number): number {
  return crc32(`${generation}/${segment}`);
}

/** Where the checksum of the record at `offset` starts from. */
export function placeSeed(seedOfSegment: number, offset: number): number {
  return (seedOfSegment + offset) >>> 0;
}

/**
 * The record of `commit`, but for its checksum, which `sealRecord` adds once the place is known.
 * Throws `journal.commit-too-large` when it would exceed `limits.recordBytesMax`.
 */
export function encodeRecord(commit: Commit): Buffer {
  const { committedAtMs, timestampsMs, lineCounts, lines } = commit;
  const readings = timestampsMs.length;
  if (lineCounts.length !== readings) throw new RangeError('one line count for each reading');
  const json = JSON.stringify({
    counters: commit.counters,
    refusals: commit.refusals,
    touched: touchedPairs(commit.touched),
  });
  const wide = !timestampsMs.every((timestampMs) => fitsDelta(timestampMs, committedAtMs));
  const counted = !lineCounts.every((count) => count === 1);
  const linesBytes = Buffer.byteLength(lines);
  const jsonBytes = Buffer.byteLength(json);
  const bytes = recordBytes(wide, counted, readings, linesBytes, jsonBytes);
  if (bytes > limits.recordBytesMax) {
    throw new OnrampError('journal.commit-too-large', `${bytes} bytes`);
  }
  const record = Buffer.allocUnsafe(bytes);
  record.writeUInt32LE(bytes - frameBytes, 0);
  let at = record.writeUInt8((wide ? wideTimestamps : 0) | (counted ? lineCountsPresent : 0), 8);
  at = record.writeDoubleLE(committedAtMs, at);
  at = record.writeUInt32LE(readings, at);
  at = record.writeUInt32LE(linesBytes, at);
  at = record.writeUInt32LE(jsonBytes, at);
  for (const timestampMs of timestampsMs) {
    at = wide
      ? record.writeDoubleLE(timestampMs, at)
      : record.writeInt32LE(timestampMs - committedAtMs, at);
  }
  if (counted) for (const count of lineCounts) at = record.writeUInt32LE(count, at);
  at += record.write(lines, at, 'utf8');
  record.write(json, at, 'utf8');
  return record;
}

/** Writes the checksum of `record` for the place that `seed` stands for. */
export function sealRecord(record: Buffer, seed: number): void {
  record.writeUInt32LE(crc32(record.subarray(frameBytes), seed), 4);
}

/**
 * Decodes what begins at `begin` in `bytes`, of which the part before `end` is filled. Never
 * throws on any content. `lines` is a copy: the caller may reuse `bytes`.
 */
export function decodeRecord(bytes: Buffer, begin: number, end: number, seed: number): Decoded {
  const available = end - begin;
  if (available < frameBytes) return { status: 'incomplete', bytesNeeded: frameBytes };
  const total = bytes.readUInt32LE(begin) + frameBytes;
  if (total < frameBytes + headerBytes || total > limits.recordBytesMax) return corrupt.length;
  if (available >= frameBytes + headerBytes && !lengthsAgree(bytes, begin, total)) {
    return corrupt.header;
  }
  if (available < total) return { status: 'incomplete', bytesNeeded: total };
  const payload = bytes.subarray(begin + frameBytes, begin + total);
  if (crc32(payload, seed) !== bytes.readUInt32LE(begin + 4)) return corrupt.checksum;
  const content = decodeContent(payload);
  return content === null ? corrupt.content : { status: 'record', bytes: total, content };
}

const corrupt = {
  length: { status: 'corrupt', reason: 'impossible length' },
  header: { status: 'corrupt', reason: 'contradictory header' },
  checksum: { status: 'corrupt', reason: 'wrong checksum' },
  content: { status: 'corrupt', reason: 'unreadable counters or refusals' },
} as const satisfies Record<string, Decoded>;

function fitsDelta(timestampMs: number, committedAtMs: number): boolean {
  const delta = timestampMs - committedAtMs;
  return (delta | 0) === delta && committedAtMs + delta === timestampMs;
}

function recordBytes(
  wide: boolean,
  counted: boolean,
  readings: number,
  linesBytes: number,
  jsonBytes: number,
): number {
  const tableBytes = readings * ((wide ? 8 : 4) + (counted ? 4 : 0));
  return frameBytes + headerBytes + tableBytes + linesBytes + jsonBytes;
}

function lengthsAgree(bytes: Buffer, begin: number, total: number): boolean {
  const flags = bytes.readUInt8(begin + 8);
  const readings = bytes.readUInt32LE(begin + 17);
  const linesBytes = bytes.readUInt32LE(begin + 21);
  const jsonBytes = bytes.readUInt32LE(begin + 25);
  const wide = (flags & wideTimestamps) !== 0;
  const counted = (flags & lineCountsPresent) !== 0;
  return (
    flags <= knownFlags && total === recordBytes(wide, counted, readings, linesBytes, jsonBytes)
  );
}

/** Reads a payload whose lengths agree. Null when its JSON is not what `encodeRecord` writes. */
function decodeContent(payload: Buffer): RecordContent | null {
  const flags = payload.readUInt8(0);
  const committedAtMs = payload.readDoubleLE(1);
  const readings = payload.readUInt32LE(9);
  const linesBytes = payload.readUInt32LE(13);
  let at = headerBytes;
  const timestampsMs = new Array<number>(readings);
  const wide = (flags & wideTimestamps) !== 0;
  for (let i = 0; i < readings; i++) {
    timestampsMs[i] = wide ? payload.readDoubleLE(at) : committedAtMs + payload.readInt32LE(at);
    at += wide ? 8 : 4;
  }
  const lineCounts = new Array<number>(readings).fill(1);
  if ((flags & lineCountsPresent) !== 0) {
    for (let i = 0; i < readings; i++) lineCounts[i] = payload.readUInt32LE(at + 4 * i);
    at += 4 * readings;
  }
  const extra = parseExtra(payload.toString('utf8', at + linesBytes), readings);
  if (extra === null) return null;
  const lines = Buffer.from(payload.subarray(at, at + linesBytes));
  return { committedAtMs, timestampsMs, lineCounts, lines, ...extra };
}

/** As they are written: shorter than objects; undefined, and thus left out, when there are none. */
function touchedPairs(touched: readonly Touched[]): [number, string][] | undefined {
  return touched.length === 0 ? undefined : touched.map(({ reading, key }) => [reading, key]);
}

type Extra = Pick<RecordContent, 'counters' | 'refusals' | 'touched'>;

function parseExtra(json: string, readings: number): Extra | null {
  let extra: {
    counters?: Partial<WorkerCounters>;
    refusals?: unknown;
    touched?: unknown;
  } | null;
  try {
    extra = JSON.parse(json);
  } catch {
    return null;
  }
  const counters = { ...zeroCounters, ...extra?.counters };
  const refusals = extra?.refusals as Refusal[];
  const valid = Array.isArray(refusals) && Object.values(counters).every(Number.isFinite);
  if (!valid) return null;
  return { counters, refusals, touched: parseTouched(extra?.touched, readings) };
}

/** A pair that is none is left out: no reading is worth less for it. */
function parseTouched(pairs: unknown, readings: number): Touched[] {
  if (!Array.isArray(pairs)) return [];
  return pairs.flatMap((pair: unknown) => {
    const [reading, key] = Array.isArray(pair) ? pair : [];
    const valid = reading >= 0 && reading < readings && typeof key === 'string';
    return valid ? [{ reading, key }] : [];
  });
}
