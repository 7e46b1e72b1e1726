/** Dead letters of a record: what its check refused, and what the store refused of it. */

import type { ErrorCode } from '../../model/errors.ts';
import { parseLine } from '../../model/line-protocol.ts';
import type { DeadLetter } from './dead-letters.ts';
import type { PendingRecord } from './feed.ts';

/** A line the store refused. */
export interface RefusedLine {
  readonly line: Buffer;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly atMs: number;
  /** Readings that are dead by this line: 1 for the last line of a reading of which nothing is stored. */
  readonly readings: number;
}

/** The refusals a record carries, as letters. */
export function checkLetters({ feed, record }: PendingRecord): DeadLetter[] {
  const { segment, offset } = record.begin;
  return record.refusals.map((refusal, index) => ({
    ...refusal,
    generation: feed.name,
    segment,
    offset,
    stage: 'check',
    index,
    readings: refusal.scope === 'reading' ? 1 : 0,
  }));
}

/** The letter of line number `index` of a record, with the line itself to be written again. */
export function storeLetter(
  pending: PendingRecord,
  index: number,
  refused: RefusedLine,
): DeadLetter {
  const { feed, record } = pending;
  const text = refused.line.toString('utf8');
  const parsed = parseLine(text.trimEnd());
  const tags = new Map(typeof parsed === 'string' ? [] : parsed.tags);
  return {
    generation: feed.name,
    segment: record.begin.segment,
    offset: record.begin.offset,
    stage: 'store',
    index,
    readings: refused.readings,
    atMs: refused.atMs,
    enterprise: tags.get('enterprise') ?? '',
    device: tags.get('device') ?? '',
    profile: typeof parsed === 'string' ? '' : parsed.measurement,
    code: refused.code,
    detail: refused.reason.slice(0, 500),
    scope: refused.readings > 0 ? 'reading' : 'field',
    topic: '',
    payload: text,
    payloadEncoding: 'utf8',
  };
}
