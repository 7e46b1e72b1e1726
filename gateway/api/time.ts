/** Moments as people and machines write them. */

import { z } from 'zod';
import { durationText, parseDurationMs } from '../../model/duration.ts';
import { word } from './validation.ts';

const isoPattern = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Milliseconds since 1970 that a Date can hold (ECMA-262 §21.4.1.1). */
const dateMsMax = 8.64e15;

/** ISO 8601 in UTC. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

type Instants<T> = {
  readonly [Key in keyof T as Key extends `${infer Name}Ms` ? Name : never]: null extends T[Key]
    ? string | null
    : string;
};

/** `entry` with each of its moments (`createdAtMs`) also in ISO 8601 (`createdAt`). */
export function withInstants<T extends object>(entry: T): T & Instants<T> {
  const moments = Object.entries(entry).filter(([name]) => name.endsWith('Ms'));
  const texts = moments.map(([name, value]) => [
    name.slice(0, -2),
    value === null ? null : isoTime(value as number),
  ]);
  return { ...entry, ...Object.fromEntries(texts) };
}

/** The schemas of a moment of an answer: `{name}` and `{name}Ms`. */
export function instant<Name extends string>(name: Name, description?: string) {
  return instantOf(name, z.string(), z.int(), description);
}

/** The same of a moment that may not have come. */
export function instantOrNull<Name extends string>(name: Name, description?: string) {
  return instantOf(name, z.string().nullable(), z.int().nullable(), description);
}

function instantOf<Name extends string, Text extends z.ZodType, Milliseconds extends z.ZodType>(
  name: Name,
  text: Text,
  milliseconds: Milliseconds,
  description?: string,
) {
  return {
    [name]: description === undefined ? text : text.describe(description),
    [`${name}Ms`]: milliseconds,
  } as Record<Name, Text> & Record<`${Name}Ms`, Milliseconds>;
}

/**
 * A moment in a query, as milliseconds: milliseconds since 1970, or ISO 8601 with Z or an offset
 * (`+` is written `%2B` in a query), or a date, which begins at midnight UTC.
 */
export const moment = word.transform((text, context) => {
  const milliseconds = millisecondsOf(text);
  if (Math.abs(milliseconds) <= dateMsMax) return milliseconds;
  context.addIssue({
    code: 'custom',
    message: 'must be milliseconds since 1970 or ISO 8601 like 2026-05-01T08:00:00Z',
  });
  return z.NEVER;
});

/** A time from now such as `30m`, `12h`, `7d`, as milliseconds between `minMs` and `maxMs`. */
export function duration(minMs: number, maxMs: number) {
  return word
    .transform((text, context) => {
      const milliseconds = parseDurationMs(text);
      if (milliseconds !== null) return milliseconds;
      context.addIssue({ code: 'custom', message: 'is not a duration like 10s, 5m, 2h or 30d' });
      return z.NEVER;
    })
    .pipe(
      z
        .number()
        .min(minMs, `must be at least ${durationText(minMs)}`)
        .max(maxMs, `must be at most ${durationText(maxMs)}`),
    )
    .meta({ description: 'From now, like 12h or 7d' });
}

function millisecondsOf(text: string): number {
  if (/^\d{1,16}$/.test(text)) return Number(text);
  return isoPattern.test(text) ? Date.parse(text) : Number.NaN;
}
