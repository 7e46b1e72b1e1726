/** What is wrong with a value that a schema does not take, in words for people. */

import type { z } from 'zod';

type Issue = z.core.$ZodRawIssue;

/** Kinds of values as people call them. */
const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  record: 'an object',
};

/** The sentence's end after `{place}: `; undefined leaves it to the schema. */
export function mistakeWords(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is needed';
      return `must be ${kinds[issue.expected] ?? issue.expected}`;
    case 'too_big':
      return `must ${bound(issue.origin, 'most', issue.maximum)}`;
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'must not be empty';
      return `must ${bound(issue.origin, 'least', issue.minimum)}`;
    case 'invalid_value':
      return `must be ${issue.values.join(', ').replace(/, (?=[^,]*$)/, ' or ')}`;
    case 'invalid_union':
      return 'has none of the forms that are possible here';
    default:
      return undefined;
  }
}

function bound(origin: string, way: 'most' | 'least', value: number | bigint): string {
  if (origin === 'string') return `have at ${way} ${value} characters`;
  if (origin === 'array' || origin === 'set') return `have at ${way} ${value} entries`;
  return `be at ${way} ${value}`;
}
