import { expect, test } from 'vitest';
import { companyName, stem, stemCount, stemNumbers } from '../../../model/city/company-names.ts';
import { limits } from '../../../model/limits.ts';
import { seededRandom } from '../../../model/random.ts';

test('stems are unique in both languages and enough for the largest city', () => {
  expect(stemCount).toBeGreaterThanOrEqual(limits.cityEnterprisesMax);
  const stems = Array.from({ length: stemCount }, (_, number) => stem(number));
  expect(new Set(stems.map((name) => name.zh)).size).toBe(stemCount);
  expect(new Set(stems.map((name) => name.en)).size).toBe(stemCount);
  expect(stems.every((name) => /^[A-Z][a-z]{5,17}$/.test(name.en))).toBe(true);
});

test('no stem number comes twice', () => {
  const next = stemNumbers(seededRandom(7));
  const numbers = new Set(Array.from({ length: 20_000 }, next));
  expect(numbers.size).toBe(20_000);
});

test('a name says what the company makes, and that it is a group', () => {
  const business = { zh: '纺织', en: 'Textile' };
  expect(companyName(0, business, 'below')).toEqual({
    zh: '常州澜帆舟纺织有限公司',
    en: 'Changzhou Lanfanzhou Textile Co., Ltd.',
  });
  expect(companyName(0, business, 'benchmark').zh).toBe('常州澜帆舟纺织集团有限公司');
});
