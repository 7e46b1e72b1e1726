/**
 * The grammar of the profiles' expressions, loosest first:
 *
 *   or      = and { "||" and }
 *   and     = compare { "&&" compare }
 *   compare = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum ]
 *   sum     = product { ("+" | "-") product }
 *   product = unary { ("*" | "/") unary }
 *   unary   = ("-" | "!") unary | number | text | name | call | "(" or ")"
 *   call    = name "(" [ or { "," or } ] ")"
 *
 * Texts stand in double quotes and have no escapes.
 */

import { OnrampError } from '../../model/errors.ts';

/** Characters of an expression. */
export const expressionCharsMax = 500;
/** Nesting of parentheses, calls and signs. */
export const expressionDepthMax = 32;

export type BinaryOperator =
  | '||'
  | '&&'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | '/';

/** A parsed expression; `at` is the offset in the source, for errors. */
export type Expression =
  | { readonly kind: 'number'; readonly at: number; readonly value: number }
  | { readonly kind: 'text'; readonly at: number; readonly value: string }
  | { readonly kind: 'name'; readonly at: number; readonly name: string }
  | {
      readonly kind: 'call';
      readonly at: number;
      readonly name: string;
      readonly arguments: readonly Expression[];
    }
  | {
      readonly kind: 'unary';
      readonly at: number;
      readonly operator: '-' | '!';
      readonly operand: Expression;
    }
  | {
      readonly kind: 'binary';
      readonly at: number;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    };

/** The error of a mistake in an expression: its source, the column, and what is wrong. */
export function expressionError(source: string, at: number, problem: string): OnrampError {
  const shown = source.length > 120 ? `${source.slice(0, 117)}...` : source;
  return new OnrampError('profile.invalid', `expression "${shown}", column ${at + 1}: ${problem}`);
}

interface Token {
  readonly kind: 'number' | 'text' | 'name' | 'symbol' | 'end';
  readonly text: string;
  readonly at: number;
}

const tokenPattern =
  /\s*(?:(?<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|"(?<text>[^"]*)"|(?<name>[A-Za-z_]\w*)|(?<symbol>&&|\|\||[=!<>]=|[-+*/()<>!,]))/y;

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const end = source.trimEnd().length;
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < end) {
    const from = tokenPattern.lastIndex;
    const groups = tokenPattern.exec(source)?.groups;
    const [kind, text] = Object.entries(groups ?? {}).find(([, part]) => part !== undefined) ?? [];
    if (kind === undefined || text === undefined) {
      const at = from + source.slice(from).search(/\S/);
      throw expressionError(source, at, `unexpected ${JSON.stringify(source[at])}`);
    }
    const quotes = kind === 'text' ? 2 : 0;
    const at = tokenPattern.lastIndex - text.length - quotes;
    tokens.push({ kind: kind as Token['kind'], text, at });
  }
  tokens.push({ kind: 'end', text: 'end of expression', at: source.length });
  return tokens;
}

/**
 * Parses `source`.
 * @throws OnrampError `profile.invalid` that names the column and the mistake.
 */
export function parseExpression(source: string): Expression {
  if (source.length > expressionCharsMax) {
    throw expressionError(source, expressionCharsMax, `longer than ${expressionCharsMax}`);
  }
  return new Parser(source).parse();
}

/** The operators by how loosely they bind; those of one level associate to the left. */
const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/'],
];
const comparisonLevel = 2;

class Parser {
  private readonly source: string;
  private readonly tokens: readonly Token[];
  private position = 0;
  private depth = 0;

  constructor(source: string) {
    this.source = source;
    this.tokens = tokenize(source);
  }

  parse(): Expression {
    const expression = this.binary(0);
    if (this.token.kind !== 'end') throw this.unexpected();
    return expression;
  }

  private get token(): Token {
    return this.tokens[this.position]!;
  }

  private unexpected(): OnrampError {
    const { kind, text, at } = this.token;
    return expressionError(this.source, at, `unexpected ${kind === 'end' ? text : `"${text}"`}`);
  }

  private isSymbol(...symbols: readonly string[]): boolean {
    return this.token.kind === 'symbol' && symbols.includes(this.token.text);
  }

  private expect(symbol: string): void {
    if (!this.isSymbol(symbol)) throw this.unexpected();
    this.position++;
  }

  private binary(level: number): Expression {
    const operators = levels[level];
    if (operators === undefined) return this.unary();
    let left = this.binary(level + 1);
    while (this.isSymbol(...operators)) {
      const { text, at } = this.token;
      this.position++;
      const right = this.binary(level + 1);
      left = { kind: 'binary', at, operator: text as BinaryOperator, left, right };
      // a < b < c would compare a truth value with c.
      if (level === comparisonLevel && this.isSymbol(...operators)) throw this.unexpected();
    }
    return left;
  }

  private unary(): Expression {
    const { kind, text, at } = this.token;
    if (++this.depth > expressionDepthMax) {
      throw expressionError(this.source, at, `nested deeper than ${expressionDepthMax}`);
    }
    this.position++;
    let result: Expression;
    if (kind === 'number') result = this.number(text, at);
    else if (kind === 'text') result = { kind, at, value: text };
    else if (kind === 'name') result = this.nameOrCall(text, at);
    else if (kind === 'symbol' && (text === '-' || text === '!')) {
      result = { kind: 'unary', at, operator: text, operand: this.unary() };
    } else if (kind === 'symbol' && text === '(') {
      result = this.binary(0);
      this.expect(')');
    } else {
      this.position--;
      throw this.unexpected();
    }
    this.depth--;
    return result;
  }

  private number(text: string, at: number): Expression {
    const value = Number(text);
    if (!Number.isFinite(value)) throw expressionError(this.source, at, `"${text}" is too large`);
    return { kind: 'number', at, value };
  }

  private nameOrCall(name: string, at: number): Expression {
    if (!this.isSymbol('(')) return { kind: 'name', at, name };
    const list: Expression[] = [];
    do {
      this.position++;
      // Only a call without arguments may close at once.
      if (list.length === 0 && this.isSymbol(')')) break;
      list.push(this.binary(0));
    } while (this.isSymbol(','));
    this.expect(')');
    return { kind: 'call', at, name, arguments: list };
  }
}

/** Every name an expression refers to, each once; functions are not names. */
export function namesIn(expression: Expression): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: Expression): void => {
    if (node.kind === 'name') names.add(node.name);
    else if (node.kind === 'unary') visit(node.operand);
    else if (node.kind === 'call') node.arguments.forEach(visit);
    else if (node.kind === 'binary') {
      visit(node.left);
      visit(node.right);
    }
  };
  visit(expression);
  return names;
}
