/** Where a text stops being JSON: parsers say that it does, and not always where. */

/** Nesting that is followed; deeper texts are called wrong there. */
const depthMax = 500;

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null|NaN|-?Infinity/y;
/** What may follow a backslash in a string (RFC 8259 §7). */
const escaped = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;
const space = /[ \t\n\r]*/y;

/** A mistake at `offset`; thrown, for it may be many levels down. */
class Mistake extends Error {
  readonly offset: number;

  constructor(offset: number) {
    super();
    this.offset = offset;
  }
}

/**
 * The offset of the first character, or word, that cannot stand where it does in a JSON text
 * (RFC 8259), `text.length` when the text ends too early, null when there is no mistake. A bare NaN
 * or Infinity is let pass, as the platform does.
 */
export function jsonMistakeAt(text: string): number | null {
  try {
    const end = skip(text, value(text, skip(text, 0), 0));
    return end === text.length ? null : end;
  } catch (error) {
    if (error instanceof Mistake) return error.offset;
    throw error;
  }
}

/** Line and column, from 1, of an offset. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

/** The position after the value that begins at `at`. */
function value(text: string, at: number, depth: number): number {
  if (depth > depthMax) throw new Mistake(at);
  const first = text[at];
  if (first === '"') return string(text, at);
  if (first === '{') return list(text, at, '}', (from) => member(text, from, depth));
  if (first === '[') return list(text, at, ']', (from) => value(text, from, depth + 1));
  const end = matched(word, text, at) ?? matched(number, text, at);
  if (end === null) throw new Mistake(at);
  return end;
}

/** An object or array from its opening bracket: nothing, or items with commas between them. */
function list(text: string, at: number, close: string, item: (from: number) => number): number {
  let next = skip(text, at + 1);
  if (text[next] === close) return next + 1;
  for (;;) {
    next = skip(text, item(next));
    if (text[next] === close) return next + 1;
    if (text[next] !== ',') throw new Mistake(next);
    next = skip(text, next + 1);
  }
}

function member(text: string, at: number, depth: number): number {
  if (text[at] !== '"') throw new Mistake(at);
  const colon = skip(text, string(text, at));
  if (text[colon] !== ':') throw new Mistake(colon);
  return value(text, skip(text, colon + 1), depth + 1);
}

function string(text: string, at: number): number {
  let next = at + 1;
  while (next < text.length && text[next] !== '"') {
    if (text[next]! < ' ') throw new Mistake(next);
    if (text[next] === '\\') {
      const end = matched(escaped, text, next + 1);
      if (end === null) throw new Mistake(next);
      next = end;
    } else {
      next++;
    }
  }
  if (next >= text.length) throw new Mistake(text.length);
  return next + 1;
}

function skip(text: string, at: number): number {
  return matched(space, text, at)!;
}

function matched(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}
