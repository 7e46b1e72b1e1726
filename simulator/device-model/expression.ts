/** Compiles the profiles' expressions to closures over a device's row. Nothing is ever `eval`ed. */

import {
  type BinaryOperator,
  type Expression,
  expressionError,
  parseExpression,
} from './expression-parser.ts';

/**
 * A compiled expression. `row[base + slot]` are the device's variables, `ambient` is what its
 * district shares. Truth is 1, falsehood 0.
 */
export type Evaluate = (row: Float64Array, base: number, ambient: Float64Array) => number;

/**
 * What a name stands for: a variable of the device, one of its surroundings, or something
 * computed. With `choices`, the number is an index into that list of texts.
 */
export type Reference = { readonly choices?: readonly string[] } & (
  | { readonly slot: number }
  | { readonly ambientSlot: number }
  | { readonly read: Evaluate }
);

/** The names an expression may use, and where `rand` and `bern` take their numbers from. */
export interface Scope {
  resolve(name: string): Reference | undefined;
  /** Uniform in [0, 1). */
  uniform(): number;
}

/** A compiled part: `constant` when it is always the same, `choices` when it is an index. */
interface Part {
  readonly evaluate: Evaluate;
  readonly constant?: number;
  readonly choices?: readonly string[];
}

/**
 * Compiles `source`. Division by zero, roots of negative numbers and overflow give 0, so that a
 * model never publishes a number that is not finite. `if(condition, then, else)` evaluates only
 * the branch it takes.
 * @throws OnrampError `profile.invalid`: syntax, an unknown name or function, a wrong number of
 * arguments, or a text that is not compared with something that can have it.
 */
export function compileExpression(source: string, scope: Scope): Evaluate {
  const part = compilePart(parseExpression(source), { source, scope });
  if (part.choices) throw expressionError(source, 0, 'is a text, not a number');
  return part.evaluate;
}

interface Context {
  readonly source: string;
  readonly scope: Scope;
}

const constantPart = (constant: number): Part => ({ constant, evaluate: () => constant });
const finite = (value: number): number => (Number.isFinite(value) ? value : 0);

function compilePart(node: Expression, context: Context): Part {
  switch (node.kind) {
    case 'number':
      return constantPart(node.value);
    case 'text':
      throw expressionError(context.source, node.at, 'a text can only be compared by == or !=');
    case 'name':
      return compileName(node.name, node.at, context);
    case 'unary': {
      const operand = compileNumber(node.operand, context);
      const { evaluate } = operand;
      const part: Part =
        node.operator === '-'
          ? { evaluate: (row, base, ambient) => -evaluate(row, base, ambient) }
          : { evaluate: (row, base, ambient) => (evaluate(row, base, ambient) === 0 ? 1 : 0) };
      return folded(part, [operand]);
    }
    case 'binary':
      return compileBinary(node, context);
    case 'call':
      return compileCall(node, context);
  }
}

function compileName(name: string, at: number, { source, scope }: Context): Part {
  if (name === 'true') return constantPart(1);
  if (name === 'false') return constantPart(0);
  const reference = scope.resolve(name);
  if (!reference) throw expressionError(source, at, `unknown name "${name}"`);
  const choices = reference.choices ? { choices: reference.choices } : {};
  if ('read' in reference) return { evaluate: reference.read, ...choices };
  if ('slot' in reference) {
    const { slot } = reference;
    return { evaluate: (row, base) => row[base + slot]!, ...choices };
  }
  const { ambientSlot } = reference;
  return { evaluate: (_row, _base, ambient) => ambient[ambientSlot]!, ...choices };
}

/** A part that must be a number, not an index of a text. */
function compileNumber(node: Expression, context: Context): Part {
  const part = compilePart(node, context);
  if (part.choices) throw expressionError(context.source, node.at, 'a text is not a number');
  return part;
}

/** Replaces a part whose inputs never change by its value. */
function folded(part: Part, inputs: readonly Part[]): Part {
  if (inputs.some((input) => input.constant === undefined)) return part;
  return constantPart(part.evaluate(new Float64Array(0), 0, new Float64Array(0)));
}

function compileBinary(node: Expression & { kind: 'binary' }, context: Context): Part {
  if (node.operator === '==' || node.operator === '!=') {
    const comparison = compileTextComparison(node, context);
    if (comparison) return comparison;
  }
  const left = compileNumber(node.left, context);
  const right = compileNumber(node.right, context);
  return folded({ evaluate: binary(node.operator, left.evaluate, right.evaluate) }, [left, right]);
}

/** `name == "text"`, either way round; null when neither side is a text. */
function compileTextComparison(
  node: Expression & { kind: 'binary' },
  context: Context,
): Part | null {
  const text = [node.left, node.right].find((side) => side.kind === 'text');
  if (text === undefined) return null;
  const other = compilePart(text === node.left ? node.right : node.left, context);
  if (!other.choices) {
    throw expressionError(context.source, node.at, 'a text is compared with a number');
  }
  const index = other.choices.indexOf(text.value);
  if (index < 0) {
    const known = other.choices.map((choice) => `"${choice}"`).join(', ');
    throw expressionError(context.source, text.at, `"${text.value}" is none of ${known}`);
  }
  const { evaluate } = other;
  const equal = node.operator === '==' ? 1 : 0;
  return {
    evaluate: (row, base, ambient) => (evaluate(row, base, ambient) === index ? equal : 1 - equal),
  };
}

function binary(operator: BinaryOperator, a: Evaluate, b: Evaluate): Evaluate {
  switch (operator) {
    case '+':
      return (row, base, ambient) => a(row, base, ambient) + b(row, base, ambient);
    case '-':
      return (row, base, ambient) => a(row, base, ambient) - b(row, base, ambient);
    case '*':
      return (row, base, ambient) => a(row, base, ambient) * b(row, base, ambient);
    case '/':
      return (row, base, ambient) => finite(a(row, base, ambient) / b(row, base, ambient));
    case '==':
      return (row, base, ambient) => (a(row, base, ambient) === b(row, base, ambient) ? 1 : 0);
    case '!=':
      return (row, base, ambient) => (a(row, base, ambient) !== b(row, base, ambient) ? 1 : 0);
    case '<':
      return (row, base, ambient) => (a(row, base, ambient) < b(row, base, ambient) ? 1 : 0);
    case '<=':
      return (row, base, ambient) => (a(row, base, ambient) <= b(row, base, ambient) ? 1 : 0);
    case '>':
      return (row, base, ambient) => (a(row, base, ambient) > b(row, base, ambient) ? 1 : 0);
    case '>=':
      return (row, base, ambient) => (a(row, base, ambient) >= b(row, base, ambient) ? 1 : 0);
    case '&&':
      return (row, base, ambient) =>
        a(row, base, ambient) !== 0 && b(row, base, ambient) !== 0 ? 1 : 0;
    case '||':
      return (row, base, ambient) =>
        a(row, base, ambient) !== 0 || b(row, base, ambient) !== 0 ? 1 : 0;
  }
}

/** A function of the grammar: how many arguments it takes, and its closure. */
interface BuiltIn {
  readonly least: number;
  readonly most: number;
  /** Not the same every time, so never folded. */
  readonly random?: true;
  build(inputs: readonly Evaluate[], scope: Scope): Evaluate;
}

const ofOne = (f: (x: number) => number): BuiltIn => ({
  least: 1,
  most: 1,
  build:
    ([x]) =>
    (row, base, ambient) =>
      finite(f(x!(row, base, ambient))),
});

const ofMany = (f: (x: number, y: number) => number): BuiltIn => ({
  least: 2,
  most: 8,
  build: (inputs) =>
    inputs.reduce(
      (x, y) => (row, base, ambient) => f(x(row, base, ambient), y(row, base, ambient)),
    ),
});

/** The angle of `x` in (-π, π]. */
const wrapAngle = (x: number): number => x - 2 * Math.PI * Math.ceil((x - Math.PI) / (2 * Math.PI));

const builtIns: Readonly<Record<string, BuiltIn>> = {
  if: {
    least: 3,
    most: 3,
    build:
      ([condition, yes, no]) =>
      (row, base, ambient) =>
        condition!(row, base, ambient) !== 0 ? yes!(row, base, ambient) : no!(row, base, ambient),
  },
  min: ofMany(Math.min),
  max: ofMany(Math.max),
  pow: { ...ofMany((x, y) => finite(x ** y)), most: 2 },
  sqrt: ofOne(Math.sqrt),
  sin: ofOne(Math.sin),
  cos: ofOne(Math.cos),
  abs: ofOne(Math.abs),
  exp: ofOne(Math.exp),
  wrap: ofOne(wrapAngle),
  rand: { least: 0, most: 0, random: true, build: (_inputs, scope) => () => scope.uniform() },
  bern: {
    least: 1,
    most: 1,
    random: true,
    build:
      ([chance], scope) =>
      (row, base, ambient) =>
        scope.uniform() < chance!(row, base, ambient) ? 1 : 0,
  },
};

function compileCall(node: Expression & { kind: 'call' }, context: Context): Part {
  const fail = (problem: string) => expressionError(context.source, node.at, problem);
  const builtIn = Object.hasOwn(builtIns, node.name) ? builtIns[node.name] : undefined;
  if (!builtIn) throw fail(`unknown function "${node.name}"`);
  const { least, most } = builtIn;
  const count = node.arguments.length;
  if (count < least || count > most) {
    const wanted = least === most ? `${least}` : `${least} to ${most}`;
    throw fail(`"${node.name}" takes ${wanted} arguments, not ${count}`);
  }
  const parts = node.arguments.map((argument) => compileNumber(argument, context));
  const evaluate = builtIn.build(
    parts.map((part) => part.evaluate),
    context.scope,
  );
  return builtIn.random ? { evaluate } : folded({ evaluate }, parts);
}
