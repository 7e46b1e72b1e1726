/** A machine that fits no profile: any scalar signals, stored narrow. */

import { type DeviceProfile, genericProfileId } from '../profile.ts';

export const generic: DeviceProfile = {
  id: genericProfileId,
  name: { zh: '通用设备', en: 'Generic machine' },
  production: true,
  signals: [],
};
