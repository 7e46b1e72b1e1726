/** The four nested counts, as answers have them, and what each means. */

import { z } from 'zod';

const nestedSchema = z
  .strictObject({
    registered: z.int(),
    activated: z.int(),
    connected: z.int(),
    online: z.int(),
  })
  .meta({ id: 'NestedCounts', description: 'Each includes the next' });

export const placeSchema = z
  .strictObject({
    production: nestedSchema.describe('Devices that are production equipment'),
    other: nestedSchema.describe('Devices that are not'),
    enterprises: nestedSchema.describe('Enterprises with at least one device that counts'),
  })
  .meta({ id: 'PlaceCounts' });

/** What each of the four counts means, for people. */
export const countDefinitions = {
  registered: {
    en: 'Registered: it has an identity that is not withdrawn.',
    zh: '已登记:身份已签发且未被撤销。',
  },
  activated: {
    en: 'Activated: registered, and a row of it has been stored.',
    zh: '已激活:已登记,且曾有数据入库。',
  },
  connected: {
    en: 'Connected: activated, and a row of it was stored in the last 24 hours.',
    zh: '已连接:已激活,且最近 24 小时内有数据入库。',
  },
  online: {
    en: 'Online: connected, and a session of it or of its gateway is up now.',
    zh: '在线:已连接,且设备或其网关当前有会话。',
  },
} as const;
