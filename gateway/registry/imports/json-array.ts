/** A JSON array read element by element, so that a large file is never in memory as a whole. */

import { type ErrorCode, OnrampError } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Yields each element of the array that `text` is. Throws `code`, with the number of the element
 * (from 1), for what is not a JSON array and for an element of more than `importRowCharsMax`.
 */
export async function* readJsonArray(
  text: AsyncIterable<string>,
  code: ErrorCode,
): AsyncGenerator<unknown> {
  const splitter = new ArraySplitter();
  let element = 0;
  for await (const piece of text) {
    for (const source of splitter.push(piece)) {
      element += 1;
      yield parsed(source, element, code);
    }
    if (splitter.state === 'broken') throw new OnrampError(code, 'not a JSON array');
    checkLength(splitter.pendingChars, element + 1, code);
  }
  if (splitter.state !== 'after') throw new OnrampError(code, 'the JSON array is not closed');
}

function checkLength(chars: number, element: number, code: ErrorCode): void {
  if (chars <= limits.importRowCharsMax) return;
  const detail = `element ${element} has more than ${limits.importRowCharsMax} characters`;
  throw new OnrampError(code, detail);
}

function parsed(source: string, element: number, code: ErrorCode): unknown {
  checkLength(source.length, element, code);
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new OnrampError(code, `element ${element} is not valid JSON`, error);
  }
}

/** Cuts at the commas of the outermost array; whether the pieces are JSON is not its business. */
class ArraySplitter {
  state: 'before' | 'inside' | 'after' | 'broken' = 'before';
  #pending = '';
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Elements may only be missing in an empty array. */
  #elements = 0;

  get pendingChars(): number {
    return this.#pending.length;
  }

  *push(piece: string): Generator<string> {
    let from = 0;
    for (let i = 0; i < piece.length; i++) {
      const char = piece.charCodeAt(i);
      if (this.state !== 'inside') {
        this.#outside(char);
        from = i + 1;
      } else if (this.#ends(char)) {
        const source = this.#pending + piece.slice(from, i);
        this.#pending = '';
        from = i + 1;
        if (char === closeBracket) this.state = 'after';
        if (char === closeBracket && this.#elements === 0 && source.trim() === '') continue;
        this.#elements += 1;
        yield source;
      }
    }
    if (this.state === 'inside') this.#pending += piece.slice(from);
  }

  #outside(char: number): void {
    if (char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09) return;
    this.state = this.state === 'before' && char === openBracket ? 'inside' : 'broken';
  }

  /** Follows strings and nesting; true at the comma or bracket that ends an element. */
  #ends(char: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (char === backslash) this.#escaped = true;
      else if (char === quote) this.#inString = false;
      return false;
    }
    if (char === quote) this.#inString = true;
    else if (char === openBracket || char === openBrace) this.#depth += 1;
    else if (this.#depth === 0) return char === comma || char === closeBracket;
    else if (char === closeBracket || char === closeBrace) this.#depth -= 1;
    return false;
  }
}
