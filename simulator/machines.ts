/** The machines behind a fleet's devices: one device model per profile, shared by its devices. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CityDevice } from '../model/city.ts';
import type { DeviceProfile } from '../model/profile.ts';
import { seedOf } from '../model/random.ts';
import type { SignalValue } from '../model/reading.ts';
import type { ReportKind } from './device-model/compile.ts';
import { createEnvironment } from './device-model/environment.ts';
import { createDeviceModel, type DeviceModel } from './device-model/model.ts';

export type { ReportKind };

/** An alarm as a device model raises or clears it. */
export type MachineEvent = ReturnType<DeviceModel['takeEvents']>[number];

/** Devices are numbered as in the list this was made of. */
export class Machines {
  readonly #models: readonly DeviceModel[];
  /** For each device its model and its number there. */
  readonly #modelOf: Uint16Array;
  readonly #indexOf: Uint32Array;

  /**
   * Machines made for `key` reports play only what these need.
   * @throws Error when a device's profile is not among `profiles`.
   */
  constructor(
    devices: readonly CityDevice[],
    profiles: ReadonlyMap<string, DeviceProfile>,
    seed: number,
    report: ReportKind = 'full',
  ) {
    const counts = new Map<string, number>();
    for (const { profile } of devices) counts.set(profile, (counts.get(profile) ?? 0) + 1);
    const environment = createEnvironment({ seed });
    const numbers = new Map<string, number>();
    this.#models = [...counts].map(([id, count], number) => {
      const profile = profiles.get(id);
      if (profile === undefined) throw new Error(`no such profile: ${id}`);
      numbers.set(id, number);
      return createDeviceModel(profile, environment, count, report);
    });
    this.#modelOf = Uint16Array.from(devices, ({ profile }) => numbers.get(profile)!);
    this.#indexOf = Uint32Array.from(devices, ({ enterprise, device, district }, i) =>
      this.#models[this.#modelOf[i]!]!.add({
        seed: seedOf(`machine/${seed}/${enterprise}/${device}`),
        district,
      }),
    );
  }

  /**
   * Brings every machine into the middle of its day. The first `advance` of a machine plays its
   * last hours and costs fifty times a later one, so it is done before there is load; others get
   * their turn in between.
   */
  async warmUp(timestampMs: number): Promise<void> {
    const devicesPerTurn = 200;
    for (let device = 0; device < this.#modelOf.length; device++) {
      if (device % devicesPerTurn === 0) await nextTurn();
      this.#models[this.#modelOf[device]!]!.advance(this.#indexOf[device]!, timestampMs);
    }
  }

  /** Plays the machine up to `timestampMs` (wall time) and reads its signals. */
  read(device: number, timestampMs: number, report: ReportKind): Record<string, SignalValue> {
    const model = this.#models[this.#modelOf[device]!]!;
    const index = this.#indexOf[device]!;
    model.advance(index, timestampMs);
    return model.values(index, report);
  }

  /** Alarms raised and cleared since the last call. */
  takeEvents(device: number): readonly MachineEvent[] {
    return this.#models[this.#modelOf[device]!]!.takeEvents(this.#indexOf[device]!);
  }

  /** The profile's nominal reporting interval in the machine's present state. */
  intervalMs(device: number): number {
    return this.#models[this.#modelOf[device]!]!.intervalMs(this.#indexOf[device]!);
  }
}
