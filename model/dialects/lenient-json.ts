/** JSON as devices send it: standard, or with the bare NaN and Infinity that Python's json writes. */

import { isUtf8 } from 'node:buffer';
import { OnrampError } from '../errors.ts';
import { limits } from '../limits.ts';

const quote = 0x22;
const backslash = 0x5c;
const minus = 0x2d;
const capitalI = 0x49;
const capitalN = 0x4e;

/**
 * Parses a payload. Bare NaN, Infinity and -Infinity become null, so that the values beside them
 * are not lost; an own key named `__proto__` stays an ordinary key, as JSON.parse makes it.
 * @throws OnrampError `payload.too-large`, `payload.not-json`
 */
export function parsePayload(payload: Buffer): unknown {
  if (payload.length > limits.payloadBytesMax) {
    throw new OnrampError(
      'payload.too-large',
      `${payload.length} bytes, at most ${limits.payloadBytesMax}`,
    );
  }
  if (!isUtf8(payload)) throw new OnrampError('payload.not-json', 'it is not UTF-8 text');
  const text = payload.toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    const standard = withoutNonFinite(text);
    if (standard === text) throw notJson(error);
    try {
      return JSON.parse(standard);
    } catch (second) {
      throw notJson(second);
    }
  }
}

function notJson(error: unknown): OnrampError {
  return new OnrampError('payload.not-json', (error as SyntaxError).message, error);
}

/**
 * The text with every non-finite token outside strings replaced by null, in one pass. A token that
 * is part of something longer becomes something that JSON.parse refuses.
 */
function withoutNonFinite(text: string): string {
  if (!text.includes('NaN') && !text.includes('Infinity')) return text;
  let result = '';
  let copied = 0;
  let i = 0;
  while (i < text.length) {
    if (text.charCodeAt(i) === quote) {
      i = endOfString(text, i);
      continue;
    }
    const length = nonFiniteLength(text, i);
    if (length > 0) {
      result += `${text.slice(copied, i)}null`;
      copied = i + length;
    }
    i += Math.max(1, length);
  }
  return result + text.slice(copied);
}

/** The position after the string literal that begins at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text.charCodeAt(i) !== quote) {
    i += text.charCodeAt(i) === backslash ? 2 : 1;
  }
  return i + 1;
}

/** The length of the non-finite token at `i`, 0 when there is none. */
function nonFiniteLength(text: string, i: number): number {
  const first = text.charCodeAt(i);
  if (first === capitalN) return text.startsWith('NaN', i) ? 3 : 0;
  if (first === capitalI) return text.startsWith('Infinity', i) ? 8 : 0;
  if (first === minus) return text.startsWith('-Infinity', i) ? 9 : 0;
  return 0;
}
