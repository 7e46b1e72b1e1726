/** Checks one value against one signal. Pure; compiled once per profile. */

import type { ErrorCode } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import { escapeFieldKey } from '../../model/line-protocol.ts';
import { type DeviceProfile, publishedSignals, type Signal } from '../../model/profile.ts';
import type { SignalValue } from '../../model/reading.ts';
import { shown } from './shown.ts';

const enumeratedShownMax = 8;

/** Why a value was refused. */
export interface Refused {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** A signal ready for checking. */
export interface SignalRule {
  readonly id: string;
  /** `key=` in line protocol. */
  readonly fieldPrefix: string;
  readonly type: Signal['type'];
  readonly min: number;
  readonly max: number;
  readonly unit: string;
  readonly values: ReadonlySet<string> | null;
}

/** The rules of a profile by signal id. */
export type ProfileRules = ReadonlyMap<string, SignalRule>;

/** Compiles the published signals of `profile`. */
export function compileRules(profile: DeviceProfile): ProfileRules {
  return new Map(
    publishedSignals(profile).map((signal) => [
      signal.id,
      {
        id: signal.id,
        fieldPrefix: `${escapeFieldKey(signal.id)}=`,
        type: signal.type,
        min: signal.range?.[0] ?? Number.NEGATIVE_INFINITY,
        max: signal.range?.[1] ?? Number.POSITIVE_INFINITY,
        unit: ['', '1'].includes(signal.unit) ? '' : ` ${signal.unit}`,
        values: signal.values ? new Set(signal.values) : null,
      },
    ]),
  );
}

/** Null when `value` belongs to the signal; else why not. */
export function checkSignal(rule: SignalRule, value: unknown): Refused | null {
  switch (rule.type) {
    case 'float':
    case 'int':
      return checkNumber(rule, value);
    case 'bool':
      return typeof value === 'boolean' ? null : wrongType(rule, value);
    case 'enum':
      if (typeof value !== 'string') return wrongType(rule, value);
      return rule.values === null || rule.values.has(value)
        ? null
        : notInEnumeration(rule, rule.values, value);
    case 'string':
      if (typeof value !== 'string') return wrongType(rule, value);
      return checkText(rule.id, value);
  }
}

/** Null when `value` is a scalar that any machine may send; else why not. */
export function checkScalar(id: string, value: unknown): Refused | null {
  if (typeof value === 'boolean') return null;
  if (typeof value === 'number') return Number.isFinite(value) ? null : notFinite(id, value);
  if (typeof value === 'string') return checkText(id, value);
  if (value === null) return notFinite(id, value);
  return { code: 'signal.wrong-type', detail: `${id}: ${shown(value)} is not a scalar` };
}

/** True when a value passed its check and may be encoded. */
export function isSignalValue(value: unknown): value is SignalValue {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string';
}

function checkNumber(rule: SignalRule, value: unknown): Refused | null {
  if (typeof value !== 'number') {
    return value === null || isNotFiniteText(value)
      ? notFinite(rule.id, value)
      : wrongType(rule, value);
  }
  if (value >= rule.min && value <= rule.max) {
    return rule.type === 'int' && !Number.isInteger(value) ? wrongType(rule, value) : null;
  }
  if (!Number.isFinite(value)) return notFinite(rule.id, value);
  const detail = `${rule.id}: ${value} is not in ${rule.min} to ${rule.max}${rule.unit}`;
  return { code: 'signal.out-of-range', detail };
}

function checkText(id: string, value: string): Refused | null {
  if (value.length <= limits.textCharsMax) return null;
  return { code: 'signal.too-long', detail: `${id}: ${value.length} characters` };
}

function wrongType(rule: SignalRule, value: unknown): Refused {
  return { code: 'signal.wrong-type', detail: `${rule.id}: ${shown(value)} is not ${rule.type}` };
}

function notInEnumeration(rule: SignalRule, values: ReadonlySet<string>, value: string): Refused {
  const first = [...values].slice(0, enumeratedShownMax).join(', ');
  const allowed = values.size > enumeratedShownMax ? `${first}, …` : first;
  return {
    code: 'signal.not-in-enumeration',
    detail: `${rule.id}: ${shown(value)} is not one of ${allowed}`,
  };
}

function notFinite(id: string, value: unknown): Refused {
  return { code: 'signal.not-finite', detail: `${id}: ${shown(value)}` };
}

function isNotFiniteText(value: unknown): boolean {
  return typeof value === 'string' && /^[+-]?(nan|inf(inity)?)$/i.test(value);
}
