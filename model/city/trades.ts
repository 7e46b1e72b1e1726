/**
 * Lines of business: what an enterprise makes decides its industry, its platform, its name, which
 * machines stand in its halls, and in which districts it is at home. All weights are assumptions.
 */

import type { DistrictId } from '../enterprise.ts';
import type { Name } from '../profile.ts';
import type { PlatformId } from './platforms.ts';

/** One line of business. */
export interface Trade {
  /** The part of a company's name that says what it makes. */
  readonly name: Name;
  /** GB/T 4754 two-digit class. */
  readonly industry: string;
  /** Weights of the districts it is at home in; the others count `elsewhere`. */
  readonly districts: Readonly<Partial<Record<DistrictId, number>>>;
  readonly elsewhere: number;
  /** Weights of the platforms its enterprises use. */
  readonly platforms: Readonly<Partial<Record<PlatformId, number>>>;
  /** Weights of its kinds of device by profile id; those left out count `utilities`. */
  readonly machines: Readonly<Record<string, number>>;
}

/** What every plant has besides the machines of its trade. */
export const utilities: Readonly<Record<string, number>> = {
  'power-meter': 22,
  'air-compressor': 4,
  'pv-inverter': 5,
  'ev-charger-dc': 4,
  'transformer-10kv': 2,
  'industrial-robot': 1,
  agv: 1,
};

/** All lines of business. */
export const trades: readonly Trade[] = [
  {
    name: { zh: '精密机械', en: 'Precision Machinery' },
    industry: '34',
    districts: { wujin: 5, xinbei: 2 },
    elsewhere: 1,
    platforms: { caxa: 5, casicloud: 2, 'zhongji-yunchuang': 2 },
    machines: { 'cnc-machining-centre': 48, 'laser-cutter': 3, 'industrial-robot': 5 },
  },
  {
    name: { zh: '机器人', en: 'Robotics' },
    industry: '34',
    districts: { wujin: 3, xinbei: 1 },
    elsewhere: 0.3,
    platforms: { caxa: 2, casicloud: 2, 'zhongji-yunchuang': 2 },
    machines: { 'industrial-robot': 35, 'cnc-machining-centre': 15, agv: 8 },
  },
  {
    name: { zh: '智能物流', en: 'Intralogistics' },
    industry: '34',
    districts: { zhonglou: 3 },
    elsewhere: 0.5,
    platforms: { casicloud: 2, 'zhongji-yunchuang': 2 },
    machines: { agv: 30, 'industrial-robot': 8, 'laser-cutter': 5 },
  },
  {
    name: { zh: '纺织', en: 'Textile' },
    industry: '17',
    districts: { wujin: 5, tianning: 6 },
    elsewhere: 1,
    platforms: { casicloud: 3, 'zhongji-yunchuang': 1 },
    machines: { 'air-jet-loom': 70, 'air-compressor': 7, 'boiler-cems': 1.5 },
  },
  {
    name: { zh: '服饰', en: 'Garments' },
    industry: '18',
    districts: { jintan: 3, tianning: 2 },
    elsewhere: 0.5,
    platforms: { casicloud: 3, 'zhongji-yunchuang': 1 },
    machines: { 'air-jet-loom': 25, 'boiler-cems': 3, agv: 5 },
  },
  {
    name: { zh: '钣金', en: 'Sheet Metal' },
    industry: '33',
    districts: { wujin: 4, jingkai: 1.5 },
    elsewhere: 1,
    platforms: { tianzheng: 6, casicloud: 1, caxa: 1 },
    machines: { 'laser-cutter': 45, 'cnc-machining-centre': 6, 'industrial-robot': 4 },
  },
  {
    name: { zh: '塑业', en: 'Plastics' },
    industry: '29',
    districts: { xinbei: 3.5, zhonglou: 3 },
    elsewhere: 1,
    platforms: { casicloud: 4, 'zhongji-yunchuang': 1 },
    machines: { 'injection-moulding': 60, 'industrial-robot': 4 },
  },
  {
    name: { zh: '光伏科技', en: 'Photovoltaics' },
    industry: '38',
    districts: { xinbei: 4, jintan: 4 },
    elsewhere: 0.4,
    platforms: { 'trina-solar': 6, casicloud: 1 },
    machines: { 'pv-inverter': 40, 'industrial-robot': 5, agv: 4 },
  },
  {
    name: { zh: '充电技术', en: 'Charging Technology' },
    industry: '38',
    districts: { wujin: 2, xinbei: 2 },
    elsewhere: 0.3,
    platforms: { 'star-charge': 6, suwen: 1 },
    machines: { 'ev-charger-dc': 50, 'transformer-10kv': 4 },
  },
  {
    name: { zh: '动力电池', en: 'Traction Battery' },
    industry: '38',
    districts: { liyang: 4, jintan: 2 },
    elsewhere: 0.2,
    platforms: { casicloud: 2, 'star-charge': 1, 'zhongji-yunchuang': 1 },
    machines: { 'industrial-robot': 12, agv: 10, 'ev-charger-dc': 10, 'laser-cutter': 6 },
  },
  {
    name: { zh: '输变电设备', en: 'Power Equipment' },
    industry: '38',
    districts: { liyang: 5, zhonglou: 3 },
    elsewhere: 0.6,
    platforms: { suwen: 6, 'zhongji-yunchuang': 1 },
    machines: { 'transformer-10kv': 12, 'cnc-machining-centre': 12, 'laser-cutter': 6 },
  },
  {
    name: { zh: '电机', en: 'Electric Motor' },
    industry: '38',
    districts: { jingkai: 4 },
    elsewhere: 0.5,
    platforms: { caxa: 2, casicloud: 2, 'zhongji-yunchuang': 1 },
    machines: { 'cnc-machining-centre': 32, 'industrial-robot': 6 },
  },
  {
    name: { zh: '汽车零部件', en: 'Auto Parts' },
    industry: '36',
    districts: { xinbei: 3, jintan: 3 },
    elsewhere: 0.8,
    platforms: { casicloud: 3, caxa: 2, 'star-charge': 1 },
    machines: { 'cnc-machining-centre': 20, 'injection-moulding': 15, 'industrial-robot': 10 },
  },
  {
    name: { zh: '轨道交通装备', en: 'Rail Equipment' },
    industry: '37',
    districts: { jingkai: 5 },
    elsewhere: 0.3,
    platforms: { caxa: 3, 'zhongji-yunchuang': 2, casicloud: 1 },
    machines: { 'cnc-machining-centre': 25, 'laser-cutter': 12, 'industrial-robot': 6 },
  },
  {
    name: { zh: '康复器械', en: 'Rehabilitation Devices' },
    industry: '35',
    districts: { wujin: 1.5, tianning: 1 },
    elsewhere: 0.6,
    platforms: { qianjing: 6, caxa: 1 },
    machines: { 'rehab-gait-trainer': 50, 'cnc-machining-centre': 6 },
  },
  {
    name: { zh: '电子', en: 'Electronics' },
    industry: '39',
    districts: { xinbei: 1.5, wujin: 1.5 },
    elsewhere: 0.5,
    platforms: { casicloud: 3, 'zhongji-yunchuang': 1 },
    machines: { 'injection-moulding': 15, agv: 6, 'industrial-robot': 6 },
  },
  {
    name: { zh: '新材料', en: 'Advanced Materials' },
    industry: '26',
    districts: { xinbei: 1.5, jintan: 0.8 },
    elsewhere: 0.4,
    platforms: { casicloud: 3, suwen: 1 },
    machines: { 'boiler-cems': 8, 'air-compressor': 12 },
  },
  {
    name: { zh: '综合能源', en: 'Energy Services' },
    industry: '44',
    districts: { tianning: 1, wujin: 1.2 },
    elsewhere: 0.6,
    platforms: { suwen: 4, 'star-charge': 2, 'trina-solar': 2 },
    machines: { 'ev-charger-dc': 25, 'pv-inverter': 25, 'transformer-10kv': 5, 'boiler-cems': 3 },
  },
];

/** The weight of a trade among the enterprises of a district. */
export function tradeWeight(trade: Trade, district: DistrictId): number {
  return trade.districts[district] ?? trade.elsewhere;
}

/** The weight of a kind of device among the machines of a trade. */
export function machineWeight(trade: Trade, profile: string): number {
  return trade.machines[profile] ?? utilities[profile] ?? 0;
}
