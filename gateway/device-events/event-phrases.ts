/**
 * What a refusal's detail says, in plain words and both languages: what is wrong, and what to do.
 * The details are made by the check (pipeline/check.ts, pipeline/signal-check.ts).
 */

import { type ErrorCode, errorTable } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';

/** A text in both languages. */
export interface BothLanguages {
  readonly en: string;
  readonly zh: string;
}

/** Without full stops. */
export interface Phrase {
  readonly what: BothLanguages;
  readonly todo: BothLanguages;
}

type PhraseOf = (detail: string) => Phrase | null;

const secondsPer: readonly (readonly [number, string, string])[] = [
  [2 * 365 * 86_400, 'year', '年'],
  [2 * 86_400, 'day', '天'],
  [2 * 3600, 'hour', '小时'],
  [2 * 60, 'minute', '分钟'],
];

/** `37 days` / `37 天`: in the unit of which there are at least two. */
export function durationText(seconds: number): BothLanguages {
  for (const [atLeastS, en, zh] of secondsPer) {
    if (seconds < atLeastS) continue;
    const count = Math.round(seconds / (atLeastS / 2));
    return { en: `${count} ${en}s`, zh: `${count} ${zh}` };
  }
  const count = Math.round(seconds);
  return { en: `${count} ${count === 1 ? 'second' : 'seconds'}`, zh: `${count} 秒` };
}

const types: Readonly<Record<string, Phrase>> = {
  float: words('a number', '数字', 'send numbers without quotes', '数字不要加引号'),
  int: words('a whole number', '整数', 'send it without a fraction or quotes', '不要带小数或引号'),
  bool: words('true or false', '布尔值(true 或 false)', 'send it without quotes', '不要加引号'),
  enum: words('a text', '文本', 'send one of its named values', '请发送其枚举值之一'),
  string: words('a text', '文本', 'put it in quotes', '请加引号'),
  'a scalar': words(
    'a single value',
    '单个值',
    'send a number, a text or true or false',
    '请发送数字、文本或布尔值',
  ),
};

const checkClock = both('set its clock, or leave "ts" out', '请校准时钟,或省略 "ts"');
const inMilliseconds = both('send milliseconds since 1970', '请发送自 1970 年起的毫秒数');

/** Phrases by code; codes that are not here are told with the table's own text. */
const phrases: Partial<Record<ErrorCode, PhraseOf>> = {
  'signal.out-of-range': matching(/^(.+?): (\S+) is not in (\S+) to (\S+)(.*)$/, (match) => {
    const [, field, value, min, max, rest = ''] = match;
    const unit = rest.trimEnd();
    return {
      what: both(
        `${field}: ${value} is not in ${min} to ${max}${unit}`,
        `${field}:${value} 不在 ${min} 至 ${max}${unit} 的量程内`,
      ),
      todo:
        unit === '' ? both('check the value', '请检查数值') : both('check the unit', '请检查单位'),
    };
  }),
  'signal.wrong-type': matching(
    /^(.+?): (.*) is not (a scalar|\w+)$/s,
    ([, field, value, type]) => {
      const known = types[type ?? ''];
      if (known === undefined) return null;
      return {
        what: both(
          `${field}: ${value} is not ${known.what.en}`,
          `${field}:${value} 不是${known.what.zh}`,
        ),
        todo: known.todo,
      };
    },
  ),
  'signal.not-finite': matching(/^(.+?): (.*)$/s, ([, field, value]) => ({
    what: both(`${field}: ${value} is not a number`, `${field}:${value} 不是数字`),
    todo: both('leave it out when there is no value', '没有数值时请省略'),
  })),
  'signal.not-in-enumeration': matching(
    /^(.+?): (.*) is not one of (.*)$/s,
    ([, field, value, allowed]) => ({
      what: both(
        `${field}: ${value} is not one of ${allowed}`,
        `${field}:${value} 不在枚举值 ${allowed} 之中`,
      ),
      todo: both('check spelling and case', '请检查拼写与大小写'),
    }),
  ),
  'signal.too-long': matching(/^(.+?): (\d+) characters$/, ([, field, count]) => ({
    what: both(
      `${field}: ${count} characters are more than ${limits.textCharsMax}`,
      `${field}:${count} 个字符,超过 ${limits.textCharsMax} 个`,
    ),
    todo: both('send a shorter text', '请缩短文本'),
  })),
  'signal.unknown': matching(/^(.+)$/s, ([, field]) => ({
    what: both(`"${field}" is no signal of its profile`, `"${field}" 不是设备模型中的信号`),
    todo: both('check the spelling, or add it to the profile', '请检查拼写,或在设备模型中添加'),
  })),
  'signal.too-many': matching(/^(\d+) signals of (\d+)$/, ([, count, most]) => ({
    what: both(
      `The reading carries ${count} signals of at most ${most}`,
      `读数包含 ${count} 个信号,上限为 ${most} 个`,
    ),
    todo: both('send fewer in one message', '请减少每条消息的信号'),
  })),
  'reading.timestamp-too-old': matching(/^(-?\d+): (\d+) s old$/, ([, ts, seconds]) => {
    // Seconds since 1970 read as milliseconds: January 1970.
    if (Number(ts) > 1e9 && Number(ts) < 1e10) return looksLike(ts, 'seconds', '秒');
    const { en, zh } = durationText(Number(seconds));
    return {
      what: both(`Its clock is ${en} behind ("ts" is ${ts})`, `设备时钟慢了 ${zh}("ts" 为 ${ts})`),
      todo: checkClock,
    };
  }),
  'reading.timestamp-ahead': matching(/^(\d+): (\d+) s ahead$/, ([, ts, seconds]) => {
    if (Number(ts) > 1e17) return looksLike(ts, 'nanoseconds', '纳秒');
    if (Number(ts) > 1e14) return looksLike(ts, 'microseconds', '微秒');
    const { en, zh } = durationText(Number(seconds));
    return {
      what: both(`Its clock is ${en} ahead ("ts" is ${ts})`, `设备时钟快了 ${zh}("ts" 为 ${ts})`),
      todo: checkClock,
    };
  }),
  'reading.all-refused': (detail) =>
    ofAll(detail, both('No value of the reading could be used', '读数中没有可用的数值')),
  'reading.strict': (detail) =>
    ofAll(detail, both('Strict mode refused the whole reading', '严格模式拒绝了整条读数')),
};

/** What `detail` of a refusal says; null when it is not in a form known for that code. */
export function phraseOf(code: ErrorCode, detail: string): Phrase | null {
  return phrases[code]?.(detail) ?? null;
}

function both(en: string, zh: string): BothLanguages {
  return { en, zh };
}

function words(en: string, zh: string, todoEn: string, todoZh: string): Phrase {
  return { what: both(en, zh), todo: both(todoEn, todoZh) };
}

function matching(pattern: RegExp, phrase: (match: RegExpExecArray) => Phrase | null): PhraseOf {
  return (detail) => {
    const match = pattern.exec(detail);
    return match === null ? null : phrase(match);
  };
}

function looksLike(ts: string | undefined, en: string, zh: string): Phrase {
  return {
    what: both(`"ts" ${ts} looks like ${en}`, `"ts" ${ts} 像是以${zh}为单位`),
    todo: inMilliseconds,
  };
}

/** Of a reading that was refused for its values: all of them, with what to do about the first. */
function ofAll(detail: string, lead: BothLanguages): Phrase | null {
  const [listed = '', more] = detail.split(/; and (\d+) more$/);
  const parts = partsOf(listed);
  const [first] = parts;
  if (first === undefined) return null;
  const rest = more === undefined ? both('', '') : both(`; and ${more} more`, `;另有 ${more} 项`);
  return {
    what: both(
      `${lead.en}: ${parts.map(({ what }) => what.en).join('; ')}${rest.en}`,
      `${lead.zh}:${parts.map(({ what }) => what.zh).join(';')}${rest.zh}`,
    ),
    todo: first.todo,
  };
}

/** The parts of `signal.unknown a; signal.too-long b: 300 characters`. */
function partsOf(detail: string): Phrase[] {
  const parts: string[] = [];
  for (const piece of detail.split('; ')) {
    const code = piece.split(' ', 1)[0] ?? '';
    // A value may hold a semicolon itself.
    if (parts.length === 0 || Object.hasOwn(errorTable, code)) parts.push(piece);
    else parts.push(`${parts.pop()}; ${piece}`);
  }
  return parts.flatMap((part) => {
    const space = part.indexOf(' ');
    const code = part.slice(0, space);
    const rest = part.slice(space + 1);
    return Object.hasOwn(errorTable, code) ? [partPhrase(code as ErrorCode, rest)] : [];
  });
}

function partPhrase(code: ErrorCode, detail: string): Phrase {
  const { en, zh } = errorTable[code];
  return (
    phraseOf(code, detail) ?? {
      what: both(detail, detail),
      todo: both(en.replace(/\.$/, ''), zh.replace(/。$/, '')),
    }
  );
}
