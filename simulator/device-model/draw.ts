/** Compiles the profiles' random draws. */

import { OnrampError } from '../../model/errors.ts';
import type { Draw } from '../../model/profile.ts';
import { compileExpression, type Evaluate, type Scope } from './expression.ts';

/** What drawing needs: the names for `choiceExpr`, and the texts that texts are indices of. */
export interface DrawContext {
  readonly scope: Scope;
  readonly choices?: readonly string[] | undefined;
}

/**
 * Compiles `draw` to a closure that draws anew at each call. A text becomes its index in
 * `choices`, a pattern the number in it (`formatPattern` writes the text).
 * @throws OnrampError `profile.invalid` for a text that is none of `choices`.
 */
export function compileDraw(draw: Draw, context: DrawContext): Evaluate {
  const { uniform } = context.scope;
  if ('uniform' in draw) {
    const [low, high] = draw.uniform;
    return () => low + uniform() * (high - low);
  }
  if ('intUniform' in draw) return wholeNumber(draw.intUniform, uniform);
  if ('pattern' in draw) return wholeNumber(parsePattern(draw.pattern).range, uniform);
  const options: readonly (readonly [Evaluate, number])[] =
    'choice' in draw
      ? draw.choice.map(([value, weight]) => [choiceValue(value, context), weight] as const)
      : draw.choiceExpr.map(([source, weight]) => {
          return [compileExpression(source, context.scope), weight] as const;
        });
  return weighted(options, uniform);
}

function wholeNumber([low, high]: readonly [number, number], uniform: () => number): Evaluate {
  return () => low + Math.floor(uniform() * (high - low + 1));
}

function choiceValue(value: number | string, { choices }: DrawContext): Evaluate {
  if (typeof value === 'number') return () => value;
  const index = choices?.indexOf(value) ?? -1;
  if (index >= 0) return () => index;
  throw new OnrampError('profile.invalid', `draw of "${value}", which is none of ${choices}`);
}

function weighted(
  options: readonly (readonly [Evaluate, number])[],
  uniform: () => number,
): Evaluate {
  const total = options.reduce((sum, [, weight]) => sum + weight, 0);
  if (options.length === 0 || !(total > 0)) {
    throw new OnrampError('profile.invalid', 'a choice needs options with positive weights');
  }
  return (row, base, ambient) => {
    let left = uniform() * total;
    for (const [value, weight] of options) {
      left -= weight;
      if (left < 0) return value(row, base, ambient);
    }
    return options[options.length - 1]![0](row, base, ambient);
  };
}

/** A text with one number in it, written `NEST-{int:1000-9999}`. */
interface Pattern {
  readonly prefix: string;
  readonly range: readonly [number, number];
  readonly suffix: string;
}

function parsePattern(pattern: string): Pattern {
  const match = /^([^{}]*)\{int:(\d{1,9})-(\d{1,9})\}([^{}]*)$/.exec(pattern);
  if (!match) {
    throw new OnrampError('profile.invalid', `pattern "${pattern}" needs one {int:low-high}`);
  }
  const [, prefix = '', low, high, suffix = ''] = match;
  return { prefix, range: [Number(low), Number(high)], suffix };
}

/** Writes the text of `pattern` with the number that was drawn for it. */
export function formatPattern(pattern: string): (number: number) => string {
  const { prefix, suffix } = parsePattern(pattern);
  return (number) => `${prefix}${number}${suffix}`;
}
