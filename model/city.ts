/** The deterministic directory: the same options give the same city on every machine. */

import { companyName, stemNumbers } from './city/company-names.ts';
import { assignKinds } from './city/fleet.ts';
import { type FleetKind, productionKinds, sensorCount, sensorKind } from './city/fleet-mix.ts';
import { settle } from './city/places.ts';
import { allocateSizes } from './city/sizes.ts';
import { trades } from './city/trades.ts';
import type { Device } from './device.ts';
import type { Enterprise } from './enterprise.ts';
import { OnrampError } from './errors.ts';
import { limits } from './limits.ts';
import { seededRandom, seedOf } from './random.ts';

export interface CityOptions {
  /** Any whole number. */
  readonly seed: number;
  /** At least one. */
  readonly enterprises: number;
  /** Production devices, at least one for each enterprise. */
  readonly devices: number;
  /** Adds the environment sensors, about 7 % more devices, which are not production equipment. */
  readonly sensors: boolean;
}

/** A device and its place in the city. */
export interface CityDevice extends Device {
  /** Position over the whole city, from 0; sensors, where there are any, count. */
  readonly index: number;
  readonly production: boolean;
}

export interface City {
  readonly options: CityOptions;
  readonly enterprises: readonly Enterprise[];
  /** Sensors included. */
  readonly deviceCount: number;
  /** Exactly `options.devices`. */
  readonly productionDeviceCount: number;
  /** All devices, enterprise by enterprise; made one enterprise at a time, none is kept. */
  devices(): Iterable<CityDevice>;
  /**
   * Devices of the enterprise at a position of `enterprises`, sensors last; made on each call.
   * @throws RangeError when there is no such position.
   */
  devicesOf(enterpriseIndex: number): readonly CityDevice[];
  /** The enterprise of an id. */
  enterprise(id: string): Enterprise | undefined;
}

/**
 * Builds the directory. Totals are exact at every scale; districts have their shares and size
 * classes their proportions within rounding; ids and names are unique. Sensors on or off, an
 * enterprise has the same production devices under the same ids.
 * @throws OnrampError `config.invalid` with every mistake, unless 1 ≤ enterprises ≤ devices and
 * both are whole numbers within their limits.
 */
export function buildCity(options: CityOptions): City {
  checkOptions(options);
  const stream = (purpose: string) => seededRandom(seedOf(`city/${options.seed}/${purpose}`));
  const sizes = allocateSizes(options.enterprises, options.devices, stream('sizes'));
  const sensorsOf = spreadSensors(
    sizes.map((size) => size.devices),
    options.sensors ? sensorCount(options.devices) : 0,
  );
  const places = settle(options.enterprises, stream('places'));
  const kinds = assignKinds(
    places.map((place) => place.trade),
    sizes.map((size) => size.devices),
    stream('fleet'),
  );
  const stems = stemNumbers(stream('names'));
  const idDigits = String(options.enterprises).length;

  const enterprises = places.map((place, i): Enterprise => {
    const trade = trades[place.trade]!;
    const { sizeClass, devices } = sizes[i]!;
    return {
      id: `e${String(i + 1).padStart(idDigits, '0')}`,
      name: companyName(stems(), trade.name, sizeClass),
      district: place.district,
      park: place.park,
      industry: trade.industry,
      sizeClass,
      platform: place.platform,
      devices: devices + sensorsOf[i]!,
    };
  });
  return new Directory(options, enterprises, kinds, sensorsOf);
}

class Directory implements City {
  readonly options: CityOptions;
  readonly enterprises: readonly Enterprise[];
  readonly deviceCount: number;
  readonly productionDeviceCount: number;
  readonly #byId: ReadonlyMap<string, Enterprise>;
  /** Kinds of the production devices, one byte each, enterprise by enterprise. */
  readonly #kinds: Uint8Array;
  readonly #sensorsOf: readonly number[];
  /** For each enterprise, how many devices come before its first. */
  readonly #devicesBefore: readonly number[];
  readonly #sensorsBefore: readonly number[];

  constructor(
    options: CityOptions,
    enterprises: readonly Enterprise[],
    kinds: Uint8Array,
    sensorsOf: readonly number[],
  ) {
    this.options = options;
    this.enterprises = enterprises;
    this.productionDeviceCount = kinds.length;
    this.#byId = new Map(enterprises.map((enterprise) => [enterprise.id, enterprise]));
    this.#kinds = kinds;
    this.#sensorsOf = sensorsOf;
    this.#devicesBefore = runningTotals(enterprises.map((enterprise) => enterprise.devices));
    this.#sensorsBefore = runningTotals(sensorsOf);
    this.deviceCount = this.#devicesBefore.at(-1)!;
  }

  *devices(): Iterable<CityDevice> {
    for (let i = 0; i < this.enterprises.length; i++) yield* this.devicesOf(i);
  }

  devicesOf(enterpriseIndex: number): readonly CityDevice[] {
    const enterprise = this.enterprises[enterpriseIndex];
    if (enterprise === undefined) throw new RangeError(`no enterprise at ${enterpriseIndex}`);
    const first = this.#devicesBefore[enterpriseIndex]!;
    const firstKind = first - this.#sensorsBefore[enterpriseIndex]!;
    const production = enterprise.devices - this.#sensorsOf[enterpriseIndex]!;
    const devices: CityDevice[] = [];
    let number = 0;
    let previous: FleetKind | undefined;
    for (let i = 0; i < enterprise.devices; i++) {
      const kind = i < production ? productionKinds[this.#kinds[firstKind + i]!]! : sensorKind;
      number = kind === previous ? number + 1 : 1;
      previous = kind;
      devices.push({
        enterprise: enterprise.id,
        device: `${kind.idPrefix}-${String(number).padStart(3, '0')}`,
        profile: kind.profile,
        district: enterprise.district,
        industry: enterprise.industry,
        index: first + i,
        production: i < production,
      });
    }
    return devices;
  }

  enterprise(id: string): Enterprise | undefined {
    return this.#byId.get(id);
  }
}

/** Divides the sensors over the enterprises along their devices, so that small ones get some too. */
function spreadSensors(devicesOf: readonly number[], sensors: number): number[] {
  const before = runningTotals(devicesOf);
  const total = before.at(-1)!;
  const sensorsUpTo = (devices: number) => Math.floor((devices * sensors) / total);
  return devicesOf.map((_, i) => sensorsUpTo(before[i + 1]!) - sensorsUpTo(before[i]!));
}

/** Sums of the first 0, 1, 2 … `counts`. */
function runningTotals(counts: readonly number[]): number[] {
  const totals = [0];
  for (const [i, count] of counts.entries()) totals.push(totals[i]! + count);
  return totals;
}

function checkOptions({ seed, enterprises, devices }: CityOptions): void {
  const mistakes: string[] = [];
  const whole = (name: string, value: number, low: number, high: number) => {
    if (Number.isSafeInteger(value) && value >= low && value <= high) return;
    mistakes.push(`${name} must be a whole number from ${low} to ${high}, not ${value}`);
  };
  whole('seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  whole('enterprises', enterprises, 1, limits.cityEnterprisesMax);
  whole('devices', devices, 1, limits.cityDevicesMax);
  if (enterprises > devices) {
    mistakes.push(
      `every enterprise needs a device: ${enterprises} enterprises, ${devices} devices`,
    );
  }
  if (mistakes.length > 0) throw new OnrampError('config.invalid', mistakes);
}
