/** The two languages that people are spoken to in. */

export type Language = 'en' | 'zh';

/** The language of messages by the environment (POSIX.1-2017 §8.2: LC_ALL, LC_MESSAGES, LANG). */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
  return /^zh/i.test(locale) ? 'zh' : 'en';
}
