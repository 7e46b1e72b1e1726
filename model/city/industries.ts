/** Two-digit classes of GB/T 4754-2017 (manufacturing C13–C43 and utilities D44–D46). */

import type { Name } from '../profile.ts';

/** Names of the two-digit industry classes, by code. */
export const industries: Readonly<Record<string, Name>> = {
  '13': { zh: '农副食品加工业', en: 'Agricultural and sideline food processing' },
  '14': { zh: '食品制造业', en: 'Food' },
  '15': { zh: '酒、饮料和精制茶制造业', en: 'Liquor, beverages and refined tea' },
  '16': { zh: '烟草制品业', en: 'Tobacco' },
  '17': { zh: '纺织业', en: 'Textiles' },
  '18': { zh: '纺织服装、服饰业', en: 'Garments and apparel' },
  '19': { zh: '皮革、毛皮、羽毛及其制品和制鞋业', en: 'Leather, fur, feather and footwear' },
  '20': {
    zh: '木材加工和木、竹、藤、棕、草制品业',
    en: 'Timber, bamboo, rattan and straw products',
  },
  '21': { zh: '家具制造业', en: 'Furniture' },
  '22': { zh: '造纸和纸制品业', en: 'Paper' },
  '23': { zh: '印刷和记录媒介复制业', en: 'Printing and reproduction of recorded media' },
  '24': { zh: '文教、工美、体育和娱乐用品制造业', en: 'Culture, crafts, sports and leisure goods' },
  '25': { zh: '石油、煤炭及其他燃料加工业', en: 'Petroleum, coal and other fuel processing' },
  '26': { zh: '化学原料和化学制品制造业', en: 'Chemicals' },
  '27': { zh: '医药制造业', en: 'Pharmaceuticals' },
  '28': { zh: '化学纤维制造业', en: 'Chemical fibres' },
  '29': { zh: '橡胶和塑料制品业', en: 'Rubber and plastics' },
  '30': { zh: '非金属矿物制品业', en: 'Non-metallic mineral products' },
  '31': { zh: '黑色金属冶炼和压延加工业', en: 'Ferrous metal smelting and rolling' },
  '32': { zh: '有色金属冶炼和压延加工业', en: 'Non-ferrous metal smelting and rolling' },
  '33': { zh: '金属制品业', en: 'Metal products' },
  '34': { zh: '通用设备制造业', en: 'General-purpose machinery' },
  '35': { zh: '专用设备制造业', en: 'Special-purpose machinery' },
  '36': { zh: '汽车制造业', en: 'Automobiles' },
  '37': {
    zh: '铁路、船舶、航空航天和其他运输设备制造业',
    en: 'Railway, ship, aerospace and other transport equipment',
  },
  '38': { zh: '电气机械和器材制造业', en: 'Electrical machinery and equipment' },
  '39': {
    zh: '计算机、通信和其他电子设备制造业',
    en: 'Computers, communication and other electronic equipment',
  },
  '40': { zh: '仪器仪表制造业', en: 'Instruments and meters' },
  '41': { zh: '其他制造业', en: 'Other manufacturing' },
  '42': { zh: '废弃资源综合利用业', en: 'Comprehensive use of waste resources' },
  '43': {
    zh: '金属制品、机械和设备修理业',
    en: 'Repair of metal products, machinery and equipment',
  },
  '44': { zh: '电力、热力生产和供应业', en: 'Electricity and heat' },
  '45': { zh: '燃气生产和供应业', en: 'Gas' },
  '46': { zh: '水的生产和供应业', en: 'Water' },
};
