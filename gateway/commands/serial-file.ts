/** Serial numbers in a file, one a line, and in parts that a request may carry. */

import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { OnrampError } from '../../model/errors.ts';
import { isDirectoryId } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import { readText } from './open-operator.ts';

/** So many ids of the greatest length are a document that the API takes. */
const serialsPerRequest = 10_000;

const mistakesListedMax = 20;

/**
 * The serials in the file at `path`; `-` is standard input. Empty lines, spaces around a serial and a
 * byte order mark do not matter; a serial that is there twice is one.
 * @throws OnrampError `command.file-unreadable`, `registry.too-many`, and `registry.id-invalid` that
 * names the lines.
 */
export async function serialsIn(path: string, stdin: Readable): Promise<readonly string[]> {
  const content = path === '-' ? await text(stdin) : readText(path);
  const lines = content
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim());
  const mistakes = lines.flatMap((line, index) =>
    line === '' || isDirectoryId(line) ? [] : [`line ${index + 1}: ${JSON.stringify(line)}`],
  );
  if (mistakes.length > 0) {
    const more = mistakes.length - mistakesListedMax;
    const rest = more > 0 ? [`and ${more} more`] : [];
    throw new OnrampError('registry.id-invalid', [
      ...mistakes.slice(0, mistakesListedMax),
      ...rest,
    ]);
  }
  const serials = [...new Set(lines.filter((line) => line !== ''))];
  if (serials.length <= limits.claimSerialsMax) return serials;
  throw new OnrampError('registry.too-many', `${limits.claimSerialsMax} serials of a claim`);
}

/** `serials` in parts, in their order; one part when there are none. */
export function requestParts(serials: readonly string[]): readonly (readonly string[])[] {
  const count = Math.max(1, Math.ceil(serials.length / serialsPerRequest));
  return Array.from({ length: count }, (_, part) =>
    serials.slice(part * serialsPerRequest, (part + 1) * serialsPerRequest),
  );
}
