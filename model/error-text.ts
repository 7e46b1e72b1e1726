/** Errors as people meet them on a terminal. */

import { errorTable, messageOf, OnrampError } from './errors.ts';
import type { Language } from './language.ts';
import { printable } from './printable.ts';

/**
 * One line with the code and what to do; several mistakes follow it, one a line. Code and details
 * are the same in every language.
 */
export function errorText(error: unknown, language: Language): string {
  if (!(error instanceof OnrampError)) return `error: ${messageOf(error)}\n`;
  const { code } = error;
  const details = error.details.map(printable);
  const head = `error: ${code}: ${errorTable[code][language]}`;
  if (details.length === 1) return `${head} (${details[0]})\n`;
  return `${[head, ...details.map((detail) => `  ${detail}`)].join('\n')}\n`;
}
