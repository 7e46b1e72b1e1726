/** Values of options that are more than text. */

import { InvalidArgumentError } from 'commander';

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

/** An id, or null for `none`; undefined when the option was not given. */
export function idOrNone(text: string | undefined): string | null | undefined {
  return text === 'none' ? null : text;
}
