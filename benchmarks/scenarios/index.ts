/** The scenarios, one line each. */

import { city } from './city.ts';
import { deviceToRow } from './device-to-row.ts';
import { isolation } from './isolation.ts';
import { kick } from './kick.ts';
import { onboarding } from './onboarding.ts';
import { reconnectStorm } from './reconnect-storm.ts';
import type { Scenario } from './scenario.ts';
import { soak } from './soak.ts';
import { storeOutage } from './store-outage.ts';
import { workerLoss } from './worker-loss.ts';

export const scenarios: Readonly<Record<string, Scenario>> = {
  [city.id]: city,
  [onboarding.id]: onboarding,
  [reconnectStorm.id]: reconnectStorm,
  [storeOutage.id]: storeOutage,
  [workerLoss.id]: workerLoss,
  [soak.id]: soak,
  [deviceToRow.id]: deviceToRow,
  [isolation.id]: isolation,
  [kick.id]: kick,
};
