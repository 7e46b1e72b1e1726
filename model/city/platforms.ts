/**
 * The platforms a public policy text of 30 November 2018 names. They serve as labels of verticals
 * in simulated data: no data comes from these vendors, and no dialect is theirs.
 */

import type { Name } from '../profile.ts';

/** The policy's four kinds of platform. */
export const platformClasses = {
  general: { zh: '综合性赋能平台', en: 'General enabling platform' },
  industry: { zh: '行业级应用平台', en: 'Industry platform' },
  enterprise: { zh: '企业自建平台', en: 'Enterprise-built platform' },
  specialist: { zh: '专业领域服务平台', en: 'Specialist service platform' },
} as const satisfies Record<string, Name>;

/** How far a platform reaches. */
export const platformScopes = {
  'cross-industry': { zh: '跨行业跨领域', en: 'Cross-industry' },
  enterprise: { zh: '企业级', en: 'Enterprise' },
  regional: { zh: '区域级', en: 'Regional' },
} as const satisfies Record<string, Name>;

/** How the policy text introduces a platform. */
export const platformStandings = {
  'national-key': { zh: '国家重点平台', en: 'National key platform' },
  'provincial-innovation': {
    zh: '省级制造业双创示范平台',
    en: 'Provincial innovation demonstration platform',
  },
  vertical: { zh: '垂直行业平台', en: 'Vertical industry platform' },
} as const satisfies Record<string, Name>;

/** One platform. `standing` is the policy's word; `class` and `scope` are this project's. */
export interface Platform {
  readonly id: string;
  readonly name: Name;
  readonly standing: keyof typeof platformStandings;
  readonly class: keyof typeof platformClasses;
  readonly scope: keyof typeof platformScopes;
}

/** The platform registry. */
export const platforms = [
  {
    id: 'casicloud',
    name: { zh: '航天云网', en: 'CASICloud' },
    standing: 'national-key',
    class: 'general',
    scope: 'cross-industry',
  },
  {
    id: 'caxa',
    name: { zh: '数码大方', en: 'CAXA' },
    standing: 'national-key',
    class: 'specialist',
    scope: 'cross-industry',
  },
  {
    id: 'zhongji-yunchuang',
    name: { zh: '中机云创', en: 'Zhongji Yunchuang' },
    standing: 'national-key',
    class: 'industry',
    scope: 'cross-industry',
  },
  {
    id: 'star-charge',
    name: { zh: '万帮充电', en: 'Star Charge' },
    standing: 'provincial-innovation',
    class: 'enterprise',
    scope: 'enterprise',
  },
  {
    id: 'tianzheng',
    name: { zh: '天正工业', en: 'Tianzheng Industrial' },
    standing: 'provincial-innovation',
    class: 'industry',
    scope: 'regional',
  },
  {
    id: 'qianjing',
    name: { zh: '钱璟康复', en: 'Qianjing Rehabilitation' },
    standing: 'provincial-innovation',
    class: 'enterprise',
    scope: 'enterprise',
  },
  {
    id: 'trina-solar',
    name: { zh: '天合光能', en: 'Trina Solar' },
    standing: 'vertical',
    class: 'industry',
    scope: 'enterprise',
  },
  {
    id: 'suwen',
    name: { zh: '苏文电能', en: 'Suwen Electric Energy' },
    standing: 'vertical',
    class: 'industry',
    scope: 'regional',
  },
] as const satisfies readonly Platform[];

export type PlatformId = (typeof platforms)[number]['id'];
