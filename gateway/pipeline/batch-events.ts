/** What a batch has to tell of the devices somebody watches, once it is durable. */

import type { ErrorCode } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import type { DeviceEventTap } from '../device-events/device-event.ts';
import type { SourceMessage } from '../sources/source.ts';
import type { Refused } from './signal-check.ts';

/** Of one reading. */
const fieldsToldMax = 8;

/** The events of one batch. Made only while some device is watched. */
export class BatchEvents {
  readonly #tap: DeviceEventTap;
  readonly #events: Parameters<DeviceEventTap['note']>[0][] = [];

  constructor(tap: DeviceEventTap) {
    this.#tap = tap;
  }

  accepted(message: SourceMessage): void {
    this.#add(message, 'accepted', null, message.channel);
  }

  refused(message: SourceMessage, code: ErrorCode, detail: string): void {
    this.#add(message, 'reading-refused', code, detail);
  }

  refusedFields(message: SourceMessage, refused: readonly Refused[]): void {
    for (const { code, detail } of refused.slice(0, fieldsToldMax)) {
      this.#add(message, 'field-refused', code, detail);
    }
  }

  /** The batch is durable. */
  tell(): void {
    for (const event of this.#events) this.#tap.note(event);
  }

  #add(
    message: SourceMessage,
    kind: 'accepted' | 'reading-refused' | 'field-refused',
    code: ErrorCode | null,
    detail: string,
  ): void {
    const key = deviceKey(message.enterprise, message.deviceId);
    if (this.#tap.watches(key)) this.#events.push({ key, kind, code, detail });
  }
}
