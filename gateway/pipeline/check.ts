/** From an unchecked reading to lines for the store, or to the reason why not. Pure. */

import type { ErrorCode } from '../../model/errors.ts';
import { isSignalId } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import { encodeFieldValue } from '../../model/line-protocol.ts';
import { quality, type RawReading } from '../../model/reading.ts';
import type { KnownDevice } from './known-device.ts';
import { shown } from './shown.ts';
import {
  checkScalar,
  checkSignal,
  isSignalValue,
  type ProfileRules,
  type Refused,
} from './signal-check.ts';

/** What the check needs to know besides the reading. */
export interface CheckContext {
  readonly nowMs: number;
  /** A reading with any bad value is refused whole. */
  readonly strict: boolean;
  readonly ageMsMax: number;
  readonly aheadMsMax: number;
}

/** Part of a reading that was refused while the rest is stored. */
export interface RefusedFields {
  readonly refused: readonly Refused[];
  readonly values: Readonly<Record<string, unknown>>;
  /** The reasons in one bounded text. */
  readonly detail: string;
}

/** The verdict over one reading. */
export type Checked =
  | {
      readonly ok: true;
      readonly timestampMs: number;
      /** Each ended by a newline. */
      readonly lines: string;
      readonly lineCount: number;
      readonly refusedFields: RefusedFields | null;
    }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly detail: string;
      readonly refused: readonly Refused[];
    };

const noneRefused: readonly Refused[] = [];

/**
 * Checks a reading of a device whose profile has `rules`; `rules` null means the generic profile.
 */
export function checkReading(
  raw: RawReading,
  known: KnownDevice,
  rules: ProfileRules | null,
  context: CheckContext,
): Checked {
  const timestamp = checkTimestamp(raw.ts, context);
  if (typeof timestamp === 'object' && timestamp !== null) {
    return { ok: false, ...timestamp, refused: noneRefused };
  }
  const bad = new BadFields();
  const seq = checkSeq(raw.seq, bad);
  const tail = `${seq}quality=${quality.good} `;
  const fields =
    rules === null
      ? genericFields(raw.values, known, bad)
      : profileFields(raw.values, known, rules, bad);
  if (fields.length === 0 && bad.refused.length === 0) return refuse('reading.empty', '');
  const seen = fields.length + bad.refused.length;
  const most = rules === null ? limits.genericSignalsMax : limits.profileSignalsMax;
  if (seen > most) return refuse('signal.too-many', `${seen} signals of ${most}`);
  if (fields.length === 0) return refuse('reading.all-refused', bad.detail, bad.refused);
  if (context.strict && bad.refused.length > 0) {
    return refuse('reading.strict', bad.detail, bad.refused);
  }
  const timestampMs = timestamp ?? known.stamp(context.nowMs);
  if (timestampMs === null) return refuse('reading.timestamp-needed', '');
  const end = `,${tail}${timestampMs}\n`;
  const lines = rules === null ? fields.join(end) + end : fields.join(',') + end;
  return {
    ok: true,
    timestampMs,
    lines,
    lineCount: rules === null ? fields.length : 1,
    refusedFields: bad.refused.length > 0 ? bad : null,
  };
}

/** The timestamp, null when the gateway is to stamp, or why it is refused. */
export function checkTimestamp(ts: unknown, context: CheckContext): number | null | Refused {
  if (ts === undefined || ts === null) return null;
  if (typeof ts !== 'number' || !Number.isSafeInteger(ts)) {
    return { code: 'reading.timestamp-invalid', detail: shown(ts) };
  }
  const ageMs = context.nowMs - ts;
  if (ageMs > context.ageMsMax) {
    return {
      code: 'reading.timestamp-too-old',
      detail: `${ts}: ${Math.round(ageMs / 1000)} s old`,
    };
  }
  if (-ageMs > context.aheadMsMax) {
    return {
      code: 'reading.timestamp-ahead',
      detail: `${ts}: ${Math.round(-ageMs / 1000)} s ahead`,
    };
  }
  return ts;
}

/** `seq=42,` or nothing; a bad one is refused like a field. */
export function checkSeq(seq: unknown, bad: BadFields): string {
  if (seq === undefined || seq === null) return '';
  if (typeof seq === 'number' && Number.isSafeInteger(seq) && seq >= 0) return `seq=${seq},`;
  bad.add('seq', seq, { code: 'reading.seq-invalid', detail: shown(seq) });
  return '';
}

/** Collects what is refused of one reading. */
export class BadFields implements RefusedFields {
  readonly refused: Refused[] = [];
  readonly values: Record<string, unknown> = {};

  add(id: string, value: unknown, refused: Refused): void {
    this.refused.push(refused);
    // Defined, not assigned: a signal called __proto__ must stay a plain key.
    Object.defineProperty(this.values, id, { value, enumerable: true });
  }

  get detail(): string {
    const shown = this.refused.slice(0, 8).map((refused) => `${refused.code} ${refused.detail}`);
    const more = this.refused.length - shown.length;
    return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
  }
}

/** One element: the fields of a row, with the series before them. */
function profileFields(
  values: Readonly<Record<string, unknown>>,
  known: KnownDevice,
  rules: ProfileRules,
  bad: BadFields,
): string[] {
  const fields: string[] = [];
  for (const id in values) {
    const value = values[id];
    const rule = rules.get(id);
    const refused = rule ? checkSignal(rule, value) : unknownSignal(id);
    if (refused !== null || rule === undefined || !isSignalValue(value)) {
      bad.add(id, value, refused ?? unknownSignal(id));
    } else {
      fields.push(rule.fieldPrefix + encodeFieldValue(value));
    }
  }
  if (fields.length > 0) fields[0] = `${known.series} ${fields[0]}`;
  return fields;
}

/** One element for each signal, as its own row: `num` or `text`. */
function genericFields(
  values: Readonly<Record<string, unknown>>,
  known: KnownDevice,
  bad: BadFields,
): string[] {
  const rows: string[] = [];
  for (const id in values) {
    const value = values[id];
    const refused = isSignalId(id) ? checkScalar(id, value) : invalidName(id);
    if (refused !== null || !isSignalValue(value)) {
      bad.add(id, value, refused ?? invalidName(id));
    } else {
      const field =
        typeof value === 'string' ? `text=${encodeFieldValue(value)}` : `num=${Number(value)}`;
      rows.push(`${known.genericSeries(id)} ${field}`);
    }
  }
  return rows;
}

function unknownSignal(id: string): Refused {
  return { code: 'signal.unknown', detail: id.slice(0, limits.idCharsMax) };
}

function invalidName(id: string): Refused {
  return { code: 'signal.name-invalid', detail: id.slice(0, limits.idCharsMax) };
}

function refuse(
  code: ErrorCode,
  detail: string,
  refused: readonly Refused[] = noneRefused,
): Checked {
  return { ok: false, code, detail, refused };
}
