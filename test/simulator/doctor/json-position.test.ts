import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonMistakeAt, lineAndColumn } from '../../../simulator/doctor/json-position.ts';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('jsonMistakeAt', () => {
  it.each([
    ['', 0],
    ['{', 1],
    ['{"a" 1}', 5],
    ['{"a": 1,}', 8],
    ["{'a': 1}", 1],
    ['[1, 2', 5],
    ['[1 2]', 3],
    ['{"a": 01}', 7],
    ['{"a": "b\nc"}', 8],
    ['"\\x"', 1],
    ['"open', 5],
    ['{} {}', 3],
    ['{"a": undefined}', 6],
    ['{"a": NaN, "b": -Infinity}', null],
    [' [true, false, null, -1.5e+3, "\\u00e9"] ', null],
  ])('%j: %s', (text, offset) => {
    expect(jsonMistakeAt(text)).toBe(offset);
  });

  it('agrees with the parser on whole documents', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(jsonMistakeAt(text)).toBeNull();
      }),
    );
  });

  it('agrees with the parser on documents with one character changed', () => {
    const character = fc.constantFrom(...'{}[]",:\\ntf0-+.eE \n');
    fc.assert(
      fc.property(fc.json(), fc.nat(), character, (text, position, changed) => {
        const at = position % text.length;
        const broken = text.slice(0, at) + changed + text.slice(at + 1);
        expect(jsonMistakeAt(broken) === null).toBe(parses(broken));
      }),
    );
  });

  it('finds the end of a text that was cut off, or the word, number or escape that was cut', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (text, length) => {
        const cut = text.slice(0, length % text.length);
        const offset = jsonMistakeAt(cut);
        if (offset !== null) expect(cut.slice(offset)).toMatch(/^(\\u?[\da-fA-F]*|[\w.+-]*)$/);
      }),
    );
  });

  it('ends with deep nesting', () => {
    expect(jsonMistakeAt('['.repeat(100_000))).toBeLessThan(1000);
  });
});

describe('lineAndColumn', () => {
  it('counts from 1', () => {
    expect(lineAndColumn('ab\ncd', 0)).toEqual({ line: 1, column: 1 });
    expect(lineAndColumn('ab\ncd', 4)).toEqual({ line: 2, column: 2 });
  });
});
