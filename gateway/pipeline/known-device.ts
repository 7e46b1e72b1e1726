/** A registered device with what the hot path would otherwise compute for every reading. */

import type { Device } from '../../model/device.ts';
import { seriesPrefix } from '../../model/line-protocol.ts';
import { eventMeasurement, genericProfileId } from '../../model/profile.ts';

/** The series of a device, and the last timestamp the gateway gave it. */
export class KnownDevice {
  readonly device: Device;
  /** `measurement,device=…,district=…,enterprise=…,industry=…`, ready for fields. */
  readonly series: string;
  #lastStampMs = 0;

  constructor(device: Device) {
    this.device = device;
    this.series = seriesPrefix(device.profile, {
      device: device.device,
      district: device.district,
      enterprise: device.enterprise,
      industry: device.industry,
    });
  }

  /** The same machine after its entry in the registry changed; stamps go on increasing. */
  renewed(device: Device): KnownDevice {
    const known = new KnownDevice(device);
    known.#lastStampMs = this.#lastStampMs;
    return known;
  }

  /** The series of one signal of a generic machine. */
  genericSeries(signal: string): string {
    const { device, enterprise } = this.device;
    return seriesPrefix(genericProfileId, { device, enterprise, signal });
  }

  /** The series of one alarm: two alarms of a machine in one millisecond are two rows. */
  eventSeries(code: string): string {
    const { device, district, enterprise, industry } = this.device;
    return seriesPrefix(eventMeasurement, { code, device, district, enterprise, industry });
  }

  /** A timestamp for a reading without one: strictly increasing, so that no two merge. */
  stamp(nowMs: number): number {
    this.#lastStampMs = Math.max(nowMs, this.#lastStampMs + 1);
    return this.#lastStampMs;
  }
}
