import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OnrampError } from '../../../model/errors.ts';
import { compileExpression, type Scope } from '../../../simulator/device-model/expression.ts';
import {
  expressionCharsMax,
  expressionDepthMax,
} from '../../../simulator/device-model/expression-parser.ts';

const states = ['Off', 'Run'];
const row = Float64Array.of(0, 7, 2.5, 1);
const ambient = Float64Array.of(230);

/** `a` and `b` are variables, `state` is Run, `ugrid` is 230; `uniform` counts its calls. */
function testScope(): Scope & { calls: number } {
  const scope = {
    calls: 0,
    uniform: () => {
      scope.calls++;
      return 0.25;
    },
    resolve: (name: string) => {
      if (name === 'a') return { slot: 0 };
      if (name === 'b') return { slot: 1 };
      if (name === 'state') return { slot: 2, choices: states };
      return name === 'ugrid' ? { ambientSlot: 0 } : undefined;
    },
  };
  return scope;
}

const evaluate = (source: string, scope = testScope()): number =>
  compileExpression(source, scope)(row, 1, ambient);

test.each([
  ['1 + 2*3', 7],
  ['(1 + 2)*3', 9],
  ['2 - 3 - 4', -5],
  ['12/3/2', 2],
  ['-2*-3', 6],
  ['--a', 7],
  ['1e3 + 2.5e-1', 1000.25],
  ['a + b', 9.5],
  ['ugrid*0.5', 115],
  ['a > 5 && b > 5 || 1', 1],
  ['!(a > 5)', 0],
  ['!0 + true + false', 2],
  ['a == 7', 1],
  ['a != 7', 0],
  ['state == "Run"', 1],
  ['"Off" == state', 0],
  ['state != "Off"', 1],
  ['min(3, a, 2)', 2],
  ['max(3, a, 2)', 7],
  ['pow(2, 10)', 1024],
  ['sqrt(16) + abs(-2) + exp(0)', 7],
  ['sin(0) + cos(0)', 1],
  ['if(a > 5, 10, 20)', 10],
  ['if(state == "Off", 1, if(b < 3, 2, 3))', 2],
  ['rand()', 0.25],
  ['bern(0.3)', 1],
  ['bern(0.2)', 0],
  ['wrap(7)', 7 - 2 * Math.PI],
])('%s is %d', (source, value) => {
  expect(evaluate(source)).toBeCloseTo(value, 12);
});

test('what has no finite value is 0', () => {
  for (const source of ['1/0', '0/0', 'sqrt(-1)', 'pow(-1, 0.5)', 'exp(1000)', 'pow(0, -1)']) {
    expect(evaluate(source), source).toBe(0);
  }
});

test('only the branch taken is evaluated', () => {
  const scope = testScope();
  const draws = compileExpression('if(a > 5, 1, rand()) + if(a < 5, bern(1), 2)', scope);
  expect(draws(row, 1, ambient)).toBe(3);
  expect(scope.calls).toBe(0);
});

describe('mistakes are named with their column', () => {
  test.each([
    ['1 +', 'column 4: unexpected end of expression'],
    ['1 + * 2', 'column 5: unexpected "*"'],
    ['(1', 'column 3: unexpected end of expression'],
    ['1 2', 'column 3: unexpected "2"'],
    ['a $ b', 'column 3: unexpected "$"'],
    ['a = 1', 'column 3: unexpected "="'],
    ['1 < 2 < 3', 'column 7: unexpected "<"'],
    ['', 'column 1: unexpected end of expression'],
    ['  nope + 1', 'column 3: unknown name "nope"'],
    ['toString', 'column 1: unknown name "toString"'],
    ['constructor(1)', 'column 1: unknown function "constructor"'],
    ['min(1)', 'column 1: "min" takes 2 to 8 arguments, not 1'],
    ['if(1, 2)', 'column 1: "if" takes 3 arguments, not 2'],
    ['state', 'column 1: is a text, not a number'],
    ['state + 1', 'column 1: a text is not a number'],
    ['a == "Run"', 'column 3: a text is compared with a number'],
    ['state == "Gone"', 'column 10: "Gone" is none of "Off", "Run"'],
    ['"Run"', 'column 1: a text can only be compared by == or !='],
    ['state < "Run"', 'column 1: a text is not a number'],
    ['9e999', 'column 1: "9e999" is too large'],
    ['"open', 'column 1: unexpected "\\""'],
  ])('%s', (source, problem) => {
    expect(() => compileExpression(source, testScope())).toThrow(problem);
  });

  test('length and depth are bounded', () => {
    const long = Array(expressionCharsMax).fill('1').join('+');
    expect(() => compileExpression(long, testScope())).toThrow(`longer than ${expressionCharsMax}`);
    const deep = (depth: number) => '('.repeat(depth) + 1 + ')'.repeat(depth);
    expect(evaluate(deep(expressionDepthMax - 1))).toBe(1);
    expect(() => evaluate(deep(expressionDepthMax))).toThrow(`deeper than ${expressionDepthMax}`);
    expect(() => evaluate(`${'-'.repeat(200)}1`)).toThrow(`deeper than ${expressionDepthMax}`);
  });
});

/** An expression as text, and the value it should have. */
interface Sample {
  readonly text: string;
  readonly value: number;
}

const operators: Record<string, (x: number, y: number) => number> = {
  '+': (x, y) => x + y,
  '-': (x, y) => x - y,
  '*': (x, y) => x * y,
  '/': (x, y) => (y === 0 ? 0 : x / y),
  '<': (x, y) => Number(x < y),
  '>=': (x, y) => Number(x >= y),
  '==': (x, y) => Number(x === y),
  '!=': (x, y) => Number(x !== y),
  '&&': (x, y) => Number(x !== 0 && y !== 0),
  '||': (x, y) => Number(x !== 0 || y !== 0),
};

const samples = fc.letrec<{ node: Sample }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.integer({ min: 0, max: 9 }).map((value) => ({ text: String(value), value })),
    fc.constantFrom({ text: 'a', value: 7 }, { text: 'b', value: 2.5 }),
    fc
      .tuple(tie('node'), fc.constantFrom(...Object.keys(operators)), tie('node'))
      .map(([x, operator, y]) => ({
        text: `(${x.text} ${operator}${y.text})`,
        value: operators[operator]!(x.value, y.value),
      })),
    tie('node').map((x) => ({ text: `-${x.text}`, value: -x.value })),
    fc.tuple(tie('node'), tie('node'), tie('node')).map(([x, y, z]) => ({
      text: `if(${x.text},${y.text} , ${z.text})`,
      value: x.value !== 0 ? y.value : z.value,
    })),
  ),
})).node;

test('any nesting means what it means in arithmetic', () => {
  fc.assert(
    fc.property(
      samples.filter(({ text }) => text.length < expressionCharsMax),
      ({ text, value }) => {
        expect(evaluate(text)).toBeCloseTo(value, 6);
      },
    ),
    { numRuns: 300 },
  );
});

test('any text either compiles to a finite number or is refused with the code', () => {
  const pieces = fc.constantFrom(
    ...['1', 'a', 'b', '(', ')', '+', '-', '*', '/', '<', '==', '&&', '!', ',', '"Run"', 'state'],
    ...['if(', 'min(', 'rand(', 'pow(', 'zz', ' ', '.', '\\'],
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces).map((list) => list.join('')),
      ),
      (text) => {
        try {
          expect(Number.isFinite(evaluate(text))).toBe(true);
        } catch (error) {
          expect((error as OnrampError).code).toBe('profile.invalid');
          expect(error).toBeInstanceOf(OnrampError);
        }
      },
    ),
    { numRuns: 500 },
  );
});
