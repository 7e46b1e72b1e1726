/** The scenarios, one line each. */

import { deviceToRow } from './device-to-row.ts';
import { isolation } from './isolation.ts';
import { kick } from './kick.ts';
import { onboarding } from './onboarding.ts';
import type { Scenario } from './scenario.ts';

export const scenarios: Readonly<Record<string, Scenario>> = {
  [deviceToRow.id]: deviceToRow,
  [isolation.id]: isolation,
  [kick.id]: kick,
  [onboarding.id]: onboarding,
};
