import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { SignalType } from '../../model/profile.ts';
import { profileFromDocument } from '../../model/profile-document.ts';

function mistakesOf(document: unknown, enterprise = 'acme'): readonly string[] {
  try {
    profileFromDocument(document, enterprise);
  } catch (error) {
    if (!(error instanceof OnrampError) || error.code !== 'profile.invalid') throw error;
    expect(error.details.length).toBeGreaterThan(0);
    return error.details;
  }
  return [];
}

const force = { name: 'force', type: 'float' };

describe('a profile from a document', () => {
  it('has its enterprise in its id, and defaults for the rest', () => {
    expect(profileFromDocument({ id: 'press', signals: [force] }, 'acme')).toEqual({
      id: 'acme.press',
      name: { zh: 'press', en: 'press' },
      production: true,
      signals: [
        { id: 'force', name: { zh: 'force', en: 'force' }, unit: '', ucum: '1', type: 'float' },
      ],
    });
    const prefixed = {
      id: 'acme.press',
      name: { zh: '冲床', en: 'Press' },
      production: false,
      signals: [{ ...force, unit: 'kN', range: [0, 5], ucum: 'kN', en: 'Force' }],
    };
    expect(profileFromDocument(prefixed, 'acme')).toMatchObject({
      id: 'acme.press',
      name: { zh: '冲床', en: 'Press' },
      production: false,
      signals: [{ range: [0, 5], name: { zh: 'Force', en: 'Force' } }],
    });
  });

  it.each<[SignalType, string[]]>([
    ['float', ['float', 'Double', 'number', ' REAL ', 'float64']],
    ['int', ['int', 'integer', 'long', 'INT32', 'uint16']],
    ['bool', ['bool', 'Boolean', 'bit']],
    ['string', ['string', 'text', 'varchar']],
  ])('knows %s by its other names', (type, names) => {
    for (const name of names) {
      const document = { id: 'press', signals: [{ name: 'a', type: name }] };
      expect(profileFromDocument(document, 'acme').signals[0]!.type).toBe(type);
    }
  });

  it('reports all mistakes of all signals and of the head at once', () => {
    const document = {
      id: 'Press',
      colour: 'red',
      name: 3,
      signals: [
        { name: 'seq', type: 'float' },
        { type: 'constructor', unit: 'x'.repeat(33), zz: 1 },
        'force',
        { ...force, range: [5, 1], min: 0 },
        { ...force, values: ['a'] },
        { name: 'state', type: 'enum', values: [] },
      ],
    };
    expect(mistakesOf(document)).toEqual([
      'name: must be a text or {"zh": …, "en": …}',
      'colour: no such column',
      'id: must match [a-z0-9_-]+',
      'signals[0].name: "seq" cannot be a signal\'s name',
      'signals[1].zz: no such column',
      'signals[1].name: must be given',
      'signals[1].type: "constructor" is not a type: float, int, bool, enum or string',
      expect.stringMatching(/^signals\[1\]\.unit: /),
      'signals[2]: must be an object',
      'signals[3].range: min is above max',
      'signals[3].range: give range, or min and max',
      'signals[4].name: "force" is there already',
      'signals[4].values: only an enum has values',
      expect.stringMatching(/^signals\[5\]\.values: /),
      'signals[5].values: an enum needs its values',
    ]);
  });

  it.each(['', 'a b', 'bolt.press', 'acme.', 'claim', '../x', 'x'.repeat(65), 'Ä'])(
    'refuses the id "%s"',
    (id) => {
      expect(mistakesOf({ id, signals: [force] })).toEqual(['id: must match [a-z0-9_-]+']);
    },
  );

  it('refuses an enterprise that is none', () => {
    expect(mistakesOf({ id: 'press', signals: [force] }, 'a.b')).toHaveLength(1);
  });

  it('has as many signals as the limit and no more', () => {
    const signals = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ name: `s${i}`, type: 'int' }));
    const max = limits.profileSignalsMax;
    expect(profileFromDocument({ id: 'a', signals: signals(max) }, 'acme').signals).toHaveLength(
      max,
    );
    expect(mistakesOf({ id: 'a', signals: signals(max + 1) })).toEqual([`signals: at most ${max}`]);
  });

  it('lists no more mistakes than can be read', () => {
    const signals = Array.from({ length: 500 }, () => ({ name: '!', type: '?' }));
    const mistakes = mistakesOf({ id: 'a', signals });
    expect(mistakes).toHaveLength(201);
    expect(mistakes.at(-1)).toBe('800 more');
  });

  it('pollutes no prototype', () => {
    const document = JSON.parse(
      '{"id":"a","__proto__":{"x":1},"signals":[{"name":"__proto__","type":"int"}]}',
    );
    expect(mistakesOf(document)).toEqual([
      '__proto__: no such column',
      'signals[0].name: "__proto__" cannot be a signal\'s name',
    ]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it('says what is wrong with anything, and never fails otherwise', () => {
    const anything = fc.anything({ withNullPrototype: true, withBigInt: true });
    fc.assert(
      fc.property(
        fc.oneof(
          anything,
          fc.record({ id: fc.oneof(fc.constant('a'), anything), signals: fc.array(anything) }),
          fc.record({
            id: fc.constant('a'),
            signals: fc.array(
              fc.dictionary(fc.constantFrom('name', 'type', 'min', 'range', 'values'), anything),
              { minLength: 1, maxLength: 5 },
            ),
          }),
        ),
        (document) => {
          expect(mistakesOf(document).length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});
