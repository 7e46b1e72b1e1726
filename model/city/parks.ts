/** Industrial parks under each district, schematic: they group enterprises and claim no borders. */

import type { DistrictId } from '../enterprise.ts';
import type { Name } from '../profile.ts';

/** One park. */
export interface Park {
  readonly id: string;
  readonly district: DistrictId;
  readonly name: Name;
  /** Its part of the district's enterprises, relative to the district's other parks. */
  readonly weight: number;
}

const park = (district: DistrictId, id: string, zh: string, en: string, weight: number): Park => ({
  id,
  district,
  name: { zh, en },
  weight,
});

/** The parks of all districts. */
export const parks: readonly Park[] = [
  park('wujin', 'wujin-hitech', '武进国家高新区', 'Wujin National High-tech Zone', 5),
  park('wujin', 'west-taihu', '西太湖科技产业园', 'West Taihu Science and Technology Park', 3),
  park('wujin', 'hutang-textile', '湖塘纺织工业园', 'Hutang Textile Park', 2),
  park('xinbei', 'changzhou-hitech', '常州国家高新区', 'Changzhou National High-tech District', 5),
  park('xinbei', 'photovoltaic', '光伏产业园', 'Photovoltaic Industry Park', 3),
  park('xinbei', 'binjiang', '滨江经济开发区', 'Binjiang Economic Development Zone', 2),
  park('liyang', 'zhongguancun', '江苏中关村科技产业园', 'Jiangsu Zhongguancun Science Park', 3),
  park('liyang', 'liyang-edz', '溧阳经济开发区', 'Liyang Economic Development Zone', 2),
  park('jintan', 'jintan-edz', '金坛经济开发区', 'Jintan Economic Development Zone', 3),
  park('jintan', 'hualuogeng', '华罗庚科技产业园', 'Hua Luogeng Science and Technology Park', 2),
  park('jingkai', 'rail-transit', '轨道交通产业园', 'Rail Transit Industry Park', 3),
  park('jingkai', 'smart-motor', '智能电机产业园', 'Smart Motor Industry Park', 2),
  park('zhonglou', 'zhonglou-edz', '钟楼经济开发区', 'Zhonglou Economic Development Zone', 3),
  park('zhonglou', 'xinzha', '新闸工业园', 'Xinzha Industrial Park', 1),
  park('tianning', 'tianning-edz', '天宁经济开发区', 'Tianning Economic Development Zone', 3),
  park('tianning', 'zhenglu', '郑陆工业园', 'Zhenglu Industrial Park', 2),
];
