/** Tells of readings that the store refused, as they become dead letters. */

import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
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
      if (refused.length > 0) hub.tell(toEvents(refused));
    },
  };
}

/** One event for each reason of each device, bounded: a store may refuse thousands at once. */
function toEvents(letters: readonly DeadLetter[]): DeviceEvent[] {
  const byDevice = Map.groupBy(letters, ({ device, enterprise }) => deviceKey(enterprise, device));
  return [...byDevice].flatMap(([key, ofDevice]) => {
    const alike = Map.groupBy(ofDevice, ({ code, detail, scope }) => `${scope} ${code} ${detail}`);
    const groups = [...alike.values()].slice(0, limits.deviceEventsGatheredMax);
    return groups.flatMap((group) => {
      const newest = group.at(-1);
      return newest === undefined ? [] : [toEvent(key, newest, group.length)];
    });
  });
}

function toEvent(key: string, letter: DeadLetter, count: number): DeviceEvent {
  const { atMs, code, detail, scope } = letter;
  const kind = scope === 'reading' ? 'reading-refused' : 'field-refused';
  return { key, atMs, kind, code, detail, count };
}
