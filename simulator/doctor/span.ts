/** Lengths of time as people say them. */

import type { Sentence } from './sentences.ts';

const units = [
  { ms: 86_400_000, en: 'day', zh: '天' },
  { ms: 3_600_000, en: 'hour', zh: '小时' },
  { ms: 60_000, en: 'minute', zh: '分钟' },
  { ms: 1000, en: 'second', zh: '秒' },
] as const;

/** `3 hours`, `3 小时`: in the largest unit that fits, rounded. */
export function spanOf(milliseconds: number): Sentence {
  const { ms, en, zh } = units.find((unit) => milliseconds >= unit.ms) ?? units.at(-1)!;
  const count = Math.round(milliseconds / ms);
  return { en: `${count} ${en}${count === 1 ? '' : 's'}`, zh: `${count} ${zh}` };
}
