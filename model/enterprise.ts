/** The directory's first noun: a company that owns devices. */

import type { Name } from './profile.ts';

/** The seven reporting units of the city. */
export const districts = [
  { id: 'wujin', name: { zh: '武进区', en: 'Wujin' }, share: 0.31 },
  { id: 'xinbei', name: { zh: '新北区', en: 'Xinbei' }, share: 0.23 },
  { id: 'liyang', name: { zh: '溧阳市', en: 'Liyang' }, share: 0.13 },
  { id: 'jintan', name: { zh: '金坛区', en: 'Jintan' }, share: 0.11 },
  {
    id: 'jingkai',
    name: { zh: '常州经开区', en: 'Changzhou Economic Development Zone' },
    share: 0.1,
  },
  { id: 'zhonglou', name: { zh: '钟楼区', en: 'Zhonglou' }, share: 0.06 },
  { id: 'tianning', name: { zh: '天宁区', en: 'Tianning' }, share: 0.06 },
] as const satisfies readonly { id: string; name: Name; share: number }[];

export type DistrictId = (typeof districts)[number]['id'];

/** Benchmark factory, above scale (规上), below scale (规下). */
export type SizeClass = 'benchmark' | 'above' | 'below';

/** A company of the directory. */
export interface Enterprise {
  readonly id: string;
  readonly name: Name;
  readonly district: DistrictId;
  readonly park: string;
  /** GB/T 4754 two-digit class. */
  readonly industry: string;
  readonly sizeClass: SizeClass;
  readonly platform: string;
  /** How many devices it has. */
  readonly devices: number;
}
