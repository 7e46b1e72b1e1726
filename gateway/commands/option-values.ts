/** Values of options that are more than text. */

import { InvalidArgumentError } from 'commander';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey, isDirectoryId } from '../../model/identifiers.ts';

/** A whole number between `min` and `max`; anything else is wrong usage. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,16}$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** As `wholeNumber`, or `word` itself. */
export function wholeNumberOr<Word extends string>(
  word: Word,
  min: number,
  max: number,
): (text: string) => number | Word {
  const number = wholeNumber(min, max);
  return (text) => (text === word ? word : number(text));
}

/** `id` itself. @throws OnrampError `config.invalid` when the flag's value is no id. */
export function idOf(flag: string, id: string): string {
  if (isDirectoryId(id)) return id;
  throw new OnrampError('config.invalid', `${flag}: ${JSON.stringify(id)} must match [a-z0-9_-]+`);
}

/** `{enterprise}.{id}` as a path takes it, by the flags that name its parts. Throws as `idOf`. */
export function keyInPath(enterprise: string, flag: string, id: string): string {
  return encodeURIComponent(deviceKey(idOf('--enterprise', enterprise), idOf(flag, id)));
}

/** An id, or null for `none`; undefined when the option was not given. */
export function idOrNone(text: string | undefined): string | null | undefined {
  return text === 'none' ? null : text;
}
