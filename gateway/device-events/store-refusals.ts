/** Tells of readings that the store refused, as they become dead letters. */

import { deviceKey } from '../../model/identifiers.ts';
import type { DeadLetter, DeadLetters } from '../shipping/dead-letters.ts';
import type { DeviceEvent, DeviceEventHub } from './device-event.ts';

/**
 * Dead letters that also tell `hub`; for the shipper. What the check refused its worker has told
 * already.
 */
export function tellingDeadLetters(
  deadLetters: Pick<DeadLetters, 'put'>,
  hub: Pick<DeviceEventHub, 'tell'>,
): Pick<DeadLetters, 'put'> {
  return {
    put: async (letters) => {
      await deadLetters.put(letters);
      const refused = letters.filter(({ stage }) => stage === 'store');
      if (refused.length > 0) hub.tell(refused.map(toEvent));
    },
  };
}

function toEvent({ atMs, code, detail, device, enterprise, scope }: DeadLetter): DeviceEvent {
  const kind = scope === 'reading' ? 'reading-refused' : 'field-refused';
  return { key: deviceKey(enterprise, device), atMs, kind, code, detail, count: 1 };
}
