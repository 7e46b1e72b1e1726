/** Profiles as data: what somebody who knows a machine writes down becomes a `DeviceProfile`. */

import { z } from 'zod';
import { OnrampError } from './errors.ts';
import { isDirectoryId, isSignalId, reservedSignals } from './identifiers.ts';
import { limits } from './limits.ts';
import type { DeviceProfile, Signal, SignalType } from './profile.ts';
import { ucumOf } from './ucum.ts';

/** Names of the types, and what other systems call them. */
const typeNames: Readonly<Record<SignalType, readonly string[]>> = {
  float: ['double', 'number', 'real', 'decimal', 'analog', 'float32', 'float64', 'single', 'lreal'],
  int: [
    ...['integer', 'long', 'short', 'byte', 'word', 'dword', 'uint', 'sint', 'dint', 'udint'],
    ...['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'],
  ],
  bool: ['boolean', 'bit', 'digital'],
  enum: ['enumeration', 'enumerated'],
  string: ['text', 'str', 'varchar'],
};

const typeOf: ReadonlyMap<string, SignalType> = new Map(
  Object.entries(typeNames).flatMap(([type, others]) =>
    [type, ...others].map((name) => [name, type as SignalType] as const),
  ),
);

const unitCharsMax = 32;
const enumValuesMax = 256;
const mistakesMax = 200;

const label = z.string().trim().min(1).max(limits.textCharsMax);
const bound = z.number({ error: 'must be a number' });

/** A signal's name; some stores take column names in any case, so reserved ones are so in any case. */
function isColumnName(name: string): boolean {
  return isSignalId(name) && !reservedSignals.has(name.toLowerCase());
}

/** The columns of a signal. Each is checked by itself, so that every mistake is found at once. */
const signalColumns = {
  name: z.string({ error: 'must be given' }).refine(isColumnName, {
    error: (issue) => `${JSON.stringify(issue.input)} cannot be a signal's name`,
  }),
  type: z
    .string({ error: 'must be given' })
    .transform((text) => typeOf.get(text.trim().toLowerCase()) ?? text)
    .pipe(
      z.enum(['float', 'int', 'bool', 'enum', 'string'], {
        error: (issue) =>
          `${JSON.stringify(issue.input)} is not a type: float, int, bool, enum or string`,
      }),
    ),
  unit: z.string().trim().max(unitCharsMax).optional(),
  ucum: z.string().trim().max(unitCharsMax).optional(),
  range: z.tuple([bound, bound], { error: 'must be [min, max]' }).optional(),
  min: bound.optional(),
  max: bound.optional(),
  zh: label.optional(),
  en: label.optional(),
  values: z.array(z.string().min(1).max(limits.textCharsMax)).min(1).max(enumValuesMax).optional(),
  key: z.boolean({ error: 'must be true or false' }).optional(),
};

const signalSchema = z.object(signalColumns);
type SignalDocument = z.infer<typeof signalSchema>;
type Column = keyof SignalDocument;

const documentSchema = z.strictObject({
  id: z.string({ error: 'must be given' }),
  name: z
    .union([label, z.strictObject({ zh: label, en: label })], {
      error: 'must be a text or {"zh": …, "en": …}',
    })
    .optional(),
  production: z.boolean().optional(),
  signals: z
    .array(z.unknown(), { error: 'must be a list' })
    .min(1, { error: 'must hold a signal' })
    .max(limits.profileSignalsMax, { error: `at most ${limits.profileSignalsMax}` }),
});

/** A mistake: the signal's position or null, the column or null, and what is wrong. */
type Mistake = readonly [signal: number | null, column: string | null, message: string];

/** Checks one signal; `seen` are the names before it, by their lower case. */
function checkSignal(raw: unknown, at: number, seen: Map<string, string>, mistakes: Mistake[]) {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    mistakes.push([at, null, 'must be an object']);
    return {};
  }
  for (const column of Object.keys(raw)) {
    if (!Object.hasOwn(signalColumns, column)) {
      mistakes.push([at, column.slice(0, limits.idCharsMax), 'no such column']);
    }
  }
  const signal: Partial<Record<Column, unknown>> = {};
  for (const [column, schema] of Object.entries(signalColumns)) {
    const parsed = schema.safeParse(
      Object.hasOwn(raw, column) ? Reflect.get(raw, column) : undefined,
    );
    if (parsed.success) signal[column as Column] = parsed.data;
    else mistakes.push([at, column, parsed.error.issues[0]!.message]);
  }
  const checked = signal as Partial<SignalDocument>;
  for (const [column, message] of contradictions(checked, seen)) {
    mistakes.push([at, column, message]);
  }
  if (checked.name !== undefined) seen.set(checked.name.toLowerCase(), checked.name);
  return checked;
}

/** Mistakes between the columns of a signal, and with the signals before it. */
function contradictions(
  { name, type, range, min, max, values }: Partial<SignalDocument>,
  seen: ReadonlyMap<string, string>,
): [Column, string][] {
  const mistakes: [Column, string][] = [];
  const before = name === undefined ? undefined : seen.get(name.toLowerCase());
  if (before !== undefined) {
    const how = before === name ? 'is there already' : `is "${before}" in another case`;
    mistakes.push(['name', `"${name}" ${how}`]);
  }
  const bounds = rangeOf({ range, min, max });
  const bounded = range === undefined ? (min === undefined ? 'max' : 'min') : 'range';
  if (bounds !== null && type !== undefined && type !== 'float' && type !== 'int') {
    mistakes.push([bounded, 'only numbers have bounds']);
  }
  if (bounds !== null && bounds[0] > bounds[1]) mistakes.push([bounded, 'min is above max']);
  if (range !== undefined && (min ?? max) !== undefined) {
    mistakes.push(['range', 'give range, or min and max']);
  }
  if (type === 'enum' && values === undefined) {
    mistakes.push(['values', 'an enum needs its values']);
  }
  if (type !== undefined && type !== 'enum' && values !== undefined) {
    mistakes.push(['values', 'only an enum has values']);
  }
  if (values !== undefined && new Set(values).size < values.length) {
    mistakes.push(['values', 'a value is there twice']);
  }
  return mistakes;
}

/** Both bounds; one that is left out is as far as numbers go. */
function rangeOf({ range, min, max }: Partial<SignalDocument>): [number, number] | null {
  if (range !== undefined) return range;
  if (min === undefined && max === undefined) return null;
  return [min ?? -Number.MAX_VALUE, max ?? Number.MAX_VALUE];
}

/** Where a mistake is, in the words of the file it came from. */
export type MistakePlace = (signal: number | null, column: string | null) => string;

const placeInJson: MistakePlace = (signal, column) =>
  [signal === null ? null : `signals[${signal}]`, column].filter((part) => part !== null).join('.');

/**
 * The profile that a document describes: `{"id": "press", "name": …, "production": true, "signals":
 * [{"name": "force", "type": "float", "unit": "kN", "range": [0, 2000]}]}`. Its id becomes
 * `{enterprise}.{id}`; a document may bring that prefix along. Signals may also have `min`, `max`,
 * `ucum`, `zh`, `en`, `values` (of an enum) and `key`. Throws `profile.invalid` with every mistake
 * and its place.
 */
export function profileFromDocument(
  document: unknown,
  enterprise: string,
  place: MistakePlace = placeInJson,
): DeviceProfile {
  const parsed = documentSchema.safeParse(document);
  const mistakes: Mistake[] = parsed.success ? [] : parsed.error.issues.flatMap(documentMistakes);
  const id = profileId(document, enterprise);
  if (id === null) mistakes.push([null, 'id', 'must match [a-z0-9_-]+']);
  const seen = new Map<string, string>();
  const signals = rawSignals(document).map((raw, at) => checkSignal(raw, at, seen, mistakes));
  if (!parsed.success || id === null || mistakes.length > 0) {
    throw new OnrampError('profile.invalid', mistakesListed(mistakes, place));
  }
  const { name = id.slice(enterprise.length + 1), production = true } = parsed.data;
  return {
    id,
    name: typeof name === 'string' ? { zh: name, en: name } : name,
    production,
    signals: signals.map((signal) => signalOf(signal as SignalDocument)),
  };
}

/** The signals of a document that may not be one, no more than would be too many. */
function rawSignals(document: unknown): readonly unknown[] {
  const given = typeof document === 'object' && document !== null && 'signals' in document;
  if (!given || !Array.isArray(document.signals)) return [];
  return document.signals.slice(0, limits.profileSignalsMax);
}

function mistakesListed(mistakes: readonly Mistake[], place: MistakePlace): string[] {
  const listed = mistakes.slice(0, mistakesMax).map(([signal, column, message]) => {
    const where = place(signal, column);
    return where === '' ? message : `${where}: ${message}`;
  });
  const rest = mistakes.length - listed.length;
  return rest > 0 ? [...listed, `${rest} more`] : listed;
}

function documentMistakes(issue: z.core.$ZodIssue): Mistake[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => [null, key.slice(0, limits.idCharsMax), 'no such column']);
  }
  const [column] = issue.path;
  return [[null, column === undefined ? null : String(column), issue.message]];
}

/** `{enterprise}.{name}`; null when the document's id cannot be a part of it. */
function profileId(document: unknown, enterprise: string): string | null {
  const given = typeof document === 'object' && document !== null && 'id' in document;
  if (!given || typeof document.id !== 'string') return isDirectoryId(enterprise) ? '' : null;
  const prefix = `${enterprise}.`;
  const name = document.id.startsWith(prefix) ? document.id.slice(prefix.length) : document.id;
  return isDirectoryId(enterprise) && isDirectoryId(name) ? prefix + name : null;
}

function signalOf(document: SignalDocument): Signal {
  const { name, type, unit = '', ucum, zh, en, values, key } = document;
  const range = rangeOf(document);
  return {
    id: name,
    name: { zh: zh ?? en ?? name, en: en ?? zh ?? name },
    unit,
    ucum: ucum ?? ucumOf(unit),
    type,
    ...(range !== null && { range }),
    ...(values !== undefined && { values }),
    ...(key && { key }),
  };
}
