/** What is wrong with a payload before it is sent, as far as this machine can tell. */

import { isUtf8 } from 'node:buffer';
import { native } from '../../model/dialects/native.ts';
import { errorTable, OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { RawReading } from '../../model/reading.ts';
import { type Finding, finding } from './finding.ts';
import { jsonMistakeAt, lineAndColumn } from './json-position.ts';
import { spanOf } from './span.ts';

/** Timestamps of today in seconds, and in milliseconds, lie on either side of this. */
const secondsBelow = 1e11;

/** Characters shown around a mistake. */
const nearChars = 12;

export interface CheckedPayload {
  /** Nothing, or what is wrong. */
  readonly findings: readonly Finding[];
  /** True when a platform can read it, whatever it thinks of its contents. */
  readonly readable: boolean;
  /** Of the readings that have one. */
  readonly timestampsMs: readonly number[];
}

/** Checks form, shape and timestamps; `nowMs` is this machine's wall time. */
export function checkPayload(payload: Buffer, nowMs: number): CheckedPayload {
  try {
    const readings = native.decodeReadings(payload);
    const timestampsMs = readings.flatMap(({ ts }) => (typeof ts === 'number' ? [ts] : []));
    const wrong = readings.map((reading) => timestampFinding(reading, nowMs));
    const first = wrong.find((found) => found !== null);
    return { findings: first ? [first] : [], readable: true, timestampsMs };
  } catch (error) {
    if (!(error instanceof OnrampError)) throw error;
    return { findings: [unreadable(payload, error)], readable: false, timestampsMs: [] };
  }
}

function unreadable(payload: Buffer, { code, details }: OnrampError): Finding {
  const wrong = 'wrong' as const;
  const what = details.join('; ');
  if (code === 'payload.not-a-reading') {
    return finding('payload', wrong, 'payload.wrong-shape', what);
  }
  if (code !== 'payload.not-json') {
    return finding('payload', wrong, 'payload.refused', errorTable[code]);
  }
  if (!isUtf8(payload)) return finding('payload', wrong, 'payload.not-utf8');
  const text = payload.toString('utf8');
  const offset = jsonMistakeAt(text) ?? text.length;
  const { line, column } = lineAndColumn(text, offset);
  return finding('payload', wrong, 'payload.not-json', line, column, near(text, offset));
}

/** The text around an offset, in quotes and on one line. */
function near(text: string, offset: number): string {
  const from = Math.max(0, Math.min(offset, text.length - 1) - nearChars);
  return JSON.stringify(text.slice(from, offset + nearChars));
}

function timestampFinding({ ts }: RawReading, nowMs: number): Finding | null {
  if (ts === undefined || ts === null) return null;
  const wrong = 'wrong' as const;
  if (typeof ts !== 'number' || !Number.isInteger(ts)) {
    const text = errorTable['reading.timestamp-invalid'];
    return finding('payload', wrong, 'payload.refused', text);
  }
  if (ts > 1e9 && ts < secondsBelow) return finding('payload', wrong, 'payload.ts-in-seconds', ts);
  if (nowMs - ts > limits.readingAgeMsMax) {
    return finding('payload', wrong, 'payload.ts-too-old', spanOf(nowMs - ts));
  }
  if (ts - nowMs > limits.readingAheadMsMax) {
    return finding('payload', wrong, 'payload.ts-ahead', spanOf(ts - nowMs));
  }
  return null;
}
