/** From an unchecked alarm to a line of the measurement `event`, or to the reason why not. Pure. */

import type { RawEvent } from '../../model/reading.ts';
import { quality } from '../../model/reading.ts';
import { BadFields, type CheckContext, type Checked, checkSeq, checkTimestamp } from './check.ts';
import type { KnownDevice } from './known-device.ts';

const codePattern = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Checks an alarm. Nothing of an event is optional but `ts` and `seq`: it is refused whole or
 * stored whole.
 */
export function checkEvent(raw: RawEvent, known: KnownDevice, context: CheckContext): Checked {
  const timestamp = checkTimestamp(raw.ts, context);
  if (typeof timestamp === 'object' && timestamp !== null) {
    return { ok: false, ...timestamp, refused: [] };
  }
  const problem = problemOf(raw);
  if (problem !== null) {
    return { ok: false, code: 'payload.not-an-event', detail: problem, refused: [] };
  }
  const bad = new BadFields();
  const seq = checkSeq(raw.seq, bad);
  if (bad.refused.length > 0) {
    return { ok: false, code: 'reading.seq-invalid', detail: bad.detail, refused: [] };
  }
  const timestampMs = timestamp ?? known.stamp(context.nowMs);
  if (timestampMs === null) {
    return { ok: false, code: 'reading.timestamp-needed', detail: '', refused: [] };
  }
  const fields = `severity=${raw.severity},${seq}quality=${quality.good}`;
  return {
    ok: true,
    timestampMs,
    lines: `${known.eventSeries(String(raw.code), String(raw.state))} ${fields} ${timestampMs}\n`,
    lineCount: 1,
    refusedFields: null,
  };
}

function problemOf(raw: RawEvent): string | null {
  if (typeof raw.code !== 'string' || !codePattern.test(raw.code)) {
    return 'code: 1 to 64 of A-Z a-z 0-9 . _ -';
  }
  if (raw.severity !== 1 && raw.severity !== 2 && raw.severity !== 3 && raw.severity !== 4) {
    return 'severity: 1 critical, 2 major, 3 minor, 4 info';
  }
  if (raw.state !== 'raised' && raw.state !== 'cleared') return 'state: raised or cleared';
  return null;
}
