/**
 * InfluxDB line protocol, written and read.
 *
 * Source: InfluxData, "Line protocol reference" (InfluxDB OSS v1 and v2). Millisecond timestamps.
 * One line is one reading: no line written here contains a newline, so a buffer is split at its
 * newlines without looking into quotes.
 */

import assert from 'node:assert/strict';
import type { SignalValue } from './reading.ts';

const newline = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const quote = 0x22;
const hash = 0x23;
const comma = 0x2c;
const backslash = 0x5c;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u001f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const specialInMeasurement = /[\u0000-\u001f, \\]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const specialInKey = /[\u0000-\u001f,= \\]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const specialInString = /[\u0000-\u001f"\\]/;

/**
 * Escapes a measurement: comma and space. Control characters (a newline among them) become
 * spaces. Backslashes at the end are dropped: the protocol cannot write them, for a backslash
 * before the following comma would escape it.
 */
export function escapeMeasurement(name: string): string {
  if (!specialInMeasurement.test(name)) return name;
  return name.replace(controls, ' ').replace(/\\+$/, '').replace(/[, ]/g, '\\$&');
}

/** Escapes a tag's key or value: comma, equals sign and space; else as a measurement. */
export function escapeTag(text: string): string {
  if (!specialInKey.test(text)) return text;
  return text.replace(controls, ' ').replace(/\\+$/, '').replace(/[,= ]/g, '\\$&');
}

/** Escapes a field's key: the rule is that of tags. */
export const escapeFieldKey: (key: string) => string = escapeTag;

/**
 * Escapes the inside of a string field: quote and backslash. Control characters become spaces:
 * the protocol has no escape for a newline, and a reading must stay one line.
 */
export function escapeString(text: string): string {
  if (!specialInString.test(text)) return text;
  return text.replace(controls, ' ').replace(/["\\]/g, '\\$&');
}

/**
 * A field's value. Numbers are always floats (`12` without a suffix is one), so that two firmware
 * versions never disagree about a field's type. A number must be finite.
 */
export function encodeFieldValue(value: SignalValue): string {
  if (typeof value === 'number') {
    assert(Number.isFinite(value), 'a field is a finite number');
    return String(value);
  }
  if (typeof value === 'string') return `"${escapeString(value)}"`;
  return value ? 'true' : 'false';
}

/** `key=value`. On a hot path keep `escapeFieldKey(key)` and use `encodeFieldValue`. */
export function encodeField(key: string, value: SignalValue): string {
  return `${escapeFieldKey(key)}=${encodeFieldValue(value)}`;
}

/**
 * `measurement,tag=value,…`, tags sorted by key, computed once per device. A tag with an empty
 * value is left out: to the protocol it is an absent one.
 */
export function seriesPrefix(measurement: string, tags: Readonly<Record<string, string>>): string {
  const name = escapeMeasurement(measurement);
  assert(name !== '' && !name.startsWith('#'), 'a measurement is not empty and no comment');
  let prefix = name;
  for (const key of Object.keys(tags).sort()) {
    const value = escapeTag(tags[key] ?? '');
    if (value !== '') prefix += `,${escapeTag(key)}=${value}`;
  }
  return prefix;
}

/**
 * One line with its newline. `fields` is one or more of `encodeField`, joined by commas;
 * `timestampMs` is a whole number.
 */
export function encodeLine(prefix: string, fields: string, timestampMs: number): string {
  return `${prefix} ${fields} ${timestampMs}\n`;
}

/** A line taken apart. The order of tags and fields is that of the line. */
export interface ParsedLine {
  readonly measurement: string;
  readonly tags: readonly (readonly [key: string, value: string])[];
  /** At least one. A key that occurs twice is listed twice: the last one holds. */
  readonly fields: readonly (readonly [key: string, value: SignalValue])[];
  readonly timestampMs: number;
}

/** Receives the lines of a buffer in order; `index` counts lines from 0, bad ones included. */
export interface LineVisitor {
  line(line: ParsedLine, index: number): void;
  bad(reason: string, index: number): void;
}

/**
 * Reads every line of `buffer` (the last newline may be missing). Empty lines and comments count
 * as lines, but are not visited. Never throws on what is in the buffer. An integer (`12i`) is read
 * as a number. A line without a timestamp is bad: written twice it would be two rows.
 */
export function parseLines(buffer: Buffer, visitor: LineVisitor): void {
  let index = 0;
  for (let start = 0; start < buffer.length; index++) {
    const found = buffer.indexOf(newline, start);
    const next = found < 0 ? buffer.length : found + 1;
    let end = found < 0 ? buffer.length : found;
    if (end > start && buffer[end - 1] === carriageReturn) end -= 1;
    if (end > start && buffer[start] !== hash) {
      const result = parseLine(buffer.toString('utf8', start, end));
      if (typeof result === 'string') visitor.bad(result, index);
      else visitor.line(result, index);
    }
    start = next;
  }
}

/** Reads one line without its newline. A string is the reason why it is none. */
export function parseLine(text: string): ParsedLine | string {
  const seriesEnd = indexOfUnescaped(text, ' ', 0);
  if (seriesEnd < 0) return 'the line has no fields';
  const series = parseSeries(text, seriesEnd);
  if (typeof series === 'string') return series;

  const fields: [string, SignalValue][] = [];
  let at = skipSpaces(text, seriesEnd);
  for (;;) {
    const equals = indexOfUnescaped(text, '=', at);
    if (equals < 0) return 'a field has no value';
    if (equals === at) return 'a field has no name';
    const key = unescapeKey(text.slice(at, equals));
    const valueEnd = endOfValue(text, equals + 1);
    if (valueEnd < 0) return `the text of field ${key} is not closed`;
    const value = parseValue(text, equals + 1, valueEnd);
    if (value === null) return `the value of field ${key} is not a number, a boolean or a text`;
    fields.push([key, value]);
    const after = text.charCodeAt(valueEnd);
    at = valueEnd + 1;
    if (after === comma) continue;
    if (after === space) break;
    if (valueEnd < text.length) return `something follows the text of field ${key}`;
    return 'the line has no timestamp';
  }
  const timestampMs = parseTimestamp(text.slice(skipSpaces(text, at)));
  if (timestampMs === null) return 'the timestamp is not a whole number of milliseconds';
  return { measurement: series.measurement, tags: series.tags, fields, timestampMs };
}

function parseSeries(text: string, end: number): Pick<ParsedLine, 'measurement' | 'tags'> | string {
  let at = indexOfUnescaped(text, ',', 0);
  if (at < 0 || at > end) at = end;
  if (at === 0) return 'the line has no measurement';
  const measurement = unescapeMeasurement(text.slice(0, at));
  const tags: [string, string][] = [];
  while (at < end) {
    const start = at + 1;
    const equals = indexOfUnescaped(text, '=', start);
    if (equals < 0 || equals > end) return 'a tag has no value';
    at = indexOfUnescaped(text, ',', equals + 1);
    if (at < 0 || at > end) at = end;
    if (equals === start || at === equals + 1) return 'a tag has no name or no value';
    const key = unescapeKey(text.slice(start, equals));
    if (tags.some(([other]) => other === key)) return `tag ${key} occurs twice`;
    tags.push([key, unescapeKey(text.slice(equals + 1, at))]);
  }
  return { measurement, tags };
}

/** Where the value that begins at `start` ends; -1 for a text that is not closed. */
function endOfValue(text: string, start: number): number {
  let at = start;
  if (text.charCodeAt(start) === quote) {
    for (at = start + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === quote) return at + 1;
      if (code === backslash) at += 1;
    }
    return -1;
  }
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === comma || code === space) break;
    at += 1;
  }
  return at;
}

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const integerPattern = /^[+-]?\d+[iu]$/;
const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['t', 'T', 'true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['f', 'F', 'false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

function parseValue(text: string, start: number, end: number): SignalValue | null {
  if (text.charCodeAt(start) === quote) return unescapeString(text.slice(start + 1, end - 1));
  const token = text.slice(start, end);
  if (numberPattern.test(token)) {
    const value = Number(token);
    return Number.isFinite(value) ? value : null;
  }
  if (integerPattern.test(token)) return Number(token.slice(0, -1));
  return booleans.get(token) ?? null;
}

function parseTimestamp(token: string): number | null {
  if (!/^-?\d{1,16} *$/.test(token)) return null;
  const value = Number(token);
  return Number.isSafeInteger(value) ? value : null;
}

/** A delimiter is escaped when the character before it is a backslash, whatever comes before. */
function indexOfUnescaped(text: string, delimiter: string, start: number): number {
  let at = text.indexOf(delimiter, start);
  while (at > start && text.charCodeAt(at - 1) === backslash) at = text.indexOf(delimiter, at + 1);
  return at;
}

function skipSpaces(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) === space) at += 1;
  return at;
}

const unescapeMeasurement = (text: string): string =>
  text.includes('\\') ? text.replace(/\\([, ])/g, '$1') : text;
const unescapeKey = (text: string): string =>
  text.includes('\\') ? text.replace(/\\([,= ])/g, '$1') : text;
const unescapeString = (text: string): string =>
  text.includes('\\') ? text.replace(/\\(["\\])/g, '$1') : text;

/** The lines of `buffer` as views of it, each with its newline (the last one may have none). */
export function splitLines(buffer: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < buffer.length; ) {
    const found = buffer.indexOf(newline, start);
    const next = found < 0 ? buffer.length : found + 1;
    lines.push(buffer.subarray(start, next));
    start = next;
  }
  return lines;
}

/** The measurement of one line, unescaped: all of the line up to its first bare comma or space. */
export function measurementOf(line: Buffer): string {
  let at = 0;
  while (at < line.length) {
    const code = line[at];
    if ((code === comma || code === space) && line[at - 1] !== backslash) break;
    if (code === newline) break;
    at += 1;
  }
  return unescapeMeasurement(line.toString('utf8', 0, at));
}
