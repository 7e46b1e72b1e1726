import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chooseMode, dictionary, type TextKey, textsOf } from '../../dashboards/live/i18n.ts';
import { countDefinitions } from '../../gateway/api/place-counts.ts';

const folder = join(import.meta.dirname, '../../dashboards/live');
const keys = Object.keys(dictionary) as TextKey[];

/** The code of the page, the dictionary left out. */
const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && path !== 'i18n.ts' && !path.startsWith('dist'))
  .map((path) => readFileSync(join(folder, path), 'utf8'))
  .join('\n');

describe('every text', () => {
  test.each(keys)('%s is there in both languages, with the same blanks', (key) => {
    const { zh, en } = dictionary[key];
    expect(zh).toMatch(/\S/);
    expect(en).toMatch(/\S/);
    const blanks = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    expect(blanks(zh)).toEqual(blanks(en));
  });

  test.each(keys)('%s is used', (key) => {
    const [area, name] = key.split('.');
    // Some keys are put together from the snapshot's own words.
    const computed = source.includes(`\`${area}.$`) && new RegExp(`\\b${name}\\b`).test(source);
    expect(source.includes(`'${key}'`) || computed).toBe(true);
  });
});

test('no words of either language are outside the dictionary', () => {
  const withoutComments = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  // Names of the languages, and units that format.ts joins to their numbers.
  const chinese = new Set(withoutComments.match(/[\u4e00-\u9fff]+/g));
  expect(chinese).toEqual(new Set(['中文', '双语', '亿', '万', '天', '小时', '分', '秒']));
});

test('the four words mean what they mean in the API', () => {
  for (const [stage, words] of Object.entries(countDefinitions)) {
    expect(dictionary[`meaning.${stage}` as TextKey]).toEqual(words);
  }
});

test('texts are looked up in the language, or in both', () => {
  expect(textsOf('zh').text('connection.age', { age: '1.2' })).toBe('1.2 秒前');
  expect(textsOf('en').text('connection.age', { age: '1.2' })).toBe('1.2 s ago');
  expect(textsOf('en').beneath('rate.title')).toBeNull();
  expect(textsOf('both').text('rate.title')).toBe('入库速率');
  expect(textsOf('both').beneath('rate.title')).toBe('Storage rate');
});

test('a wish goes before the language of the browser', () => {
  expect(chooseMode(['en', 'zh'], 'zh-CN')).toBe('en');
  expect(chooseMode([null, 'both'], 'zh-CN')).toBe('both');
  expect(chooseMode(['klingon', null], 'zh-TW')).toBe('zh');
  expect(chooseMode([null], 'de-DE')).toBe('en');
});
