/** The part of a city that is played here. */

import { buildCity, type CityDevice } from '../model/city.ts';
import { OnrampError } from '../model/errors.ts';
import type { SimulationOptions } from './options.ts';

export interface CityPart {
  /** In the order of the city. */
  readonly devices: readonly CityDevice[];
  /** Ids of all enterprises of the city, whose devices are played elsewhere too. */
  readonly enterprises: readonly string[];
}

/**
 * The devices of the city whose place falls to the shard of `options`.
 * @throws OnrampError `config.invalid` when there is none.
 */
export function cityPart({
  seed,
  enterprises,
  devices,
  sensors,
  shard,
}: Pick<SimulationOptions, 'seed' | 'enterprises' | 'devices' | 'sensors' | 'shard'>): CityPart {
  const city = buildCity({ seed, enterprises, devices, sensors });
  const mine: CityDevice[] = [];
  for (const device of city.devices()) {
    if (device.index % shard.count === shard.number - 1) mine.push(device);
  }
  if (mine.length === 0) throw new OnrampError('config.invalid', '--shard: holds no device');
  return { devices: mine, enterprises: city.enterprises.map(({ id }) => id) };
}

/**
 * The shard of one of `processes` processes that divide a shard among them; `process` counts from
 * 0. The device at position `i` of the whole shard is at `floor(i / processes)` in that of process
 * `i mod processes`.
 */
export function shardOf(
  whole: SimulationOptions['shard'],
  process: number,
  processes: number,
): SimulationOptions['shard'] {
  return { number: whole.number + whole.count * process, count: whole.count * processes };
}
