/** A registered device with what the hot path would otherwise compute for every reading. */

import type { Device } from '../../model/device.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { seriesPrefix } from '../../model/line-protocol.ts';
import { eventMeasurement, genericProfileId } from '../../model/profile.ts';
import { StampBook } from './stamp-book.ts';

/** A device whose rows go on is told of once in this time. */
const touchIntervalMs = 60_000;

/** The series of a device, and timestamps for its readings that have none. */
export class KnownDevice {
  readonly device: Device;
  /** `measurement,device=…,district=…,enterprise=…,industry=…`, ready for fields. */
  readonly series: string;
  readonly #key: string;
  readonly #stamps: StampBook;
  #touchedAtMs = Number.NEGATIVE_INFINITY;

  /** `stamps`: the worker's, shared by all sessions of a device. */
  constructor(device: Device, stamps: StampBook = new StampBook()) {
    const { district, enterprise, gateway, industry, profile } = device;
    // Kept as long as the session: what else the registry knows of a device, such as the hash of
    // its secret, is not.
    this.device = { enterprise, device: device.device, profile, district, industry, gateway };
    this.#key = deviceKey(device.enterprise, device.device);
    this.#stamps = stamps;
    const tags = { device: device.device, district, enterprise, industry };
    this.series = seriesPrefix(profile, tags);
  }

  /** The series of one signal of a generic machine. */
  genericSeries(signal: string): string {
    const { device, enterprise } = this.device;
    return seriesPrefix(genericProfileId, { device, enterprise, signal });
  }

  /**
   * The series of one alarm: two alarms, or raised and cleared, in one millisecond are two rows.
   */
  eventSeries(code: string, state: string): string {
    const { device, district, enterprise, industry } = this.device;
    return seriesPrefix(eventMeasurement, { code, device, district, enterprise, industry, state });
  }

  /**
   * Called for each reading that is accepted: the device's key for the first one and then once a
   * minute, null in between. A clock that was set back does not keep it waiting.
   */
  touch(nowMs: number): string | null {
    const sinceMs = nowMs - this.#touchedAtMs;
    if (sinceMs >= 0 && sinceMs < touchIntervalMs) return null;
    this.#touchedAtMs = nowMs;
    return this.#key;
  }

  /** A timestamp for a reading without one; null when such readings come too fast for too long. */
  stamp(nowMs: number): number | null {
    return this.#stamps.next(this.#key, nowMs);
  }
}
