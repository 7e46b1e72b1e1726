/** Fictional company names: coined three-syllable stems, none of which repeats in a city. */

import type { SizeClass } from '../enterprise.ts';
import type { Name } from '../profile.ts';
import type { Random } from '../random.ts';

/** One character and its reading. */
type Syllable = readonly [zh: string, en: string];

const syllables = (text: string): readonly Syllable[] =>
  text.split(' ').map((pair) => [pair.slice(0, 1), pair.slice(1)] as const);

/**
 * The characters of a stem by position. No reading begins with a vowel, so that a Latin stem reads
 * back in one way only and is as unique as the Chinese one.
 */
const positions: readonly (readonly Syllable[])[] = [
  syllables(
    '澜lan 珩heng 沅yuan 翎ling 琮cong 骞qian 棠tang 衍yan 曜yao 徵zhi 祺qi 彧yu 峤qiao 岑cen ' +
      '湛zhan 霁ji 煦xu 璟jing 珞luo 芃peng 荃quan 莘shen 蔚wei 懿yi 韶shao 晟sheng 昶chang ' +
      '旻min 暄xuan 朔shuo 柘zhe 桐tong 楷kai 榕rong 殊shu 汐xi 泓hong 洵xun 涵han 淳chun ' +
      '濯zhuo 玖jiu 琛chen 瑾jin 璞pu 皓hao 磐pan 穆mu',
  ),
  syllables(
    '帆fan 渡du 岫xiu 峦luan 瀚han 沁qin 汀ting 泽ze 浦pu 溪xi 潼tong 漠mo 枫feng 柏bai 梓zi ' +
      '楠nan 槿jin 樾yue 芷zhi 芮rui 茗ming 荻di 葭jia 蓝lan 蕴yun 薇wei 鹭lu 鸿hong 鹤he 鲲kun ' +
      '麟lin 骥ji 骊li 驰chi 承cheng 启qi 尚shang 谦qian 诺nuo 笙sheng 簇cu 素su 缇ti 羽yu ' +
      '舒shu 苒ran 叙xu 砚yan',
  ),
  syllables(
    '舟zhou 辰chen 垣yuan 域yu 岚lan 崧song 岭ling 峻jun 嵘rong 川chuan 泉quan 潮chao 澄cheng ' +
      '涛tao 波bo 林lin 森sen 桥qiao 梁liang 柱zhu 桓huan 枢shu 柯ke 禾he 穗sui 苗miao 茂mao ' +
      '蓬peng 芯xin 星xing 曦xi 昊hao 旭xu 晖hui 晗han 景jing 月yue 朗lang 望wang 期qi 铭ming ' +
      '锐rui 锋feng 铎duo 甫fu 白bai 石shi 谷gu',
  ),
];

/** How many different stems there are; more than a city may have enterprises. */
export const stemCount = positions.reduce((product, table) => product * table.length, 1);

/** The stem of a number in [0, stemCount). */
export function stem(number: number): Name {
  let rest = number;
  let zh = '';
  let en = '';
  for (const table of positions) {
    const [character, reading] = table[rest % table.length]!;
    rest = Math.floor(rest / table.length);
    zh += character;
    en += reading;
  }
  return { zh, en: en.charAt(0).toUpperCase() + en.slice(1) };
}

/** An endless supply of different stem numbers, `stemCount` at most. */
export function stemNumbers(random: Random): () => number {
  const used = new Set<number>();
  return () => {
    let number = random.int(0, stemCount - 1);
    while (used.has(number)) number = random.int(0, stemCount - 1);
    used.add(number);
    return number;
  };
}

/** The full name of a company of the city. */
export function companyName(number: number, business: Name, sizeClass: SizeClass): Name {
  const { zh, en } = stem(number);
  const group = sizeClass === 'benchmark';
  return {
    zh: `常州${zh}${business.zh}${group ? '集团' : ''}有限公司`,
    en: `Changzhou ${en} ${business.en} ${group ? 'Group ' : ''}Co., Ltd.`,
  };
}
