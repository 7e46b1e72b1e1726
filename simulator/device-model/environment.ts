/** What all devices of a district share: weather, grid and working hours. A city moves together. */

import { hash32, seedOf } from '../../model/random.ts';
import {
  evArrival,
  type LocalTime,
  localTime,
  onShift,
  schedules,
  shiftIntensity,
  smoothStep,
} from './schedule.ts';
import { clearSkyIrradiance, smoothNoise, weatherAt } from './weather.ts';

/** Where each quantity lies in an ambient row. */
export const ambientSlots = {
  /** Local hour of the day, with its fraction. */
  h: 0,
  /** Clear-sky irradiance, W/m². */
  irr: 1,
  /** The district's cloud factor. */
  cloudSite: 2,
  /** Outdoor and indoor temperature, °C. */
  tamb: 3,
  tind: 4,
  /** Outdoor relative humidity, %. */
  rh: 5,
  /** Line-to-neutral voltage, V, and frequency, Hz. */
  ugrid: 6,
  fgrid: 7,
  evArrival: 8,
} as const;
/** Followed by whether each schedule is on shift, and how hard it works, in their order. */
export const onShiftSlot = 9;
export const shiftSlot = onShiftSlot + schedules.length;
const ambientWidth = shiftSlot + schedules.length;

/** Districts one environment keeps. */
const districtsMax = 64;
/** Disturbances kept for one district; the oldest go first. */
const disturbancesMax = 32;
/** Seconds kept for one district, a power of two, so that devices of the same time share them. */
const cacheBits = 9;
const cacheSeconds = 1 << cacheBits;
const cloudEdgeS = 600;

/** The shared surroundings. A pure function of seed, district, time and what was injected. */
export interface Environment {
  /** The index of a district; a new one is laid out at its first mention. */
  district(id: string): number;
  /**
   * The conditions in a district at `nowMs`, to the second, laid out by `ambientSlots`. The row is
   * shared: read it at once, never write to it.
   */
  sample(district: number, nowMs: number): Float64Array;
  /** Multiplies the voltage of a district by `factor` in [fromMs, toMs). */
  voltageDip(district: string, fromMs: number, toMs: number, factor: number): void;
  /**
   * Multiplies the cloud factor of a district by `factor` in [fromMs, toMs), coming and going over
   * ten minutes, or half of the interval when that is shorter.
   */
  cloudFront(district: string, fromMs: number, toMs: number, factor: number): void;
}

interface Disturbance {
  readonly kind: 'voltage' | 'cloud';
  readonly fromS: number;
  readonly toS: number;
  readonly factor: number;
}

interface District {
  readonly seed: number;
  readonly cachedSeconds: Float64Array;
  readonly cachedRows: readonly Float64Array[];
  disturbances: readonly Disturbance[];
}

/** An environment in which the same seed gives the same city everywhere. */
export function createEnvironment(options: { readonly seed: number }): Environment {
  const citySeed = hash32(options.seed, seedOf('city'));
  const indices = new Map<string, number>();
  const districts: District[] = [];

  const district = (id: string): number => {
    const known = indices.get(id);
    if (known !== undefined) return known;
    if (districts.length >= districtsMax) {
      throw new RangeError(`an environment has at most ${districtsMax} districts`);
    }
    indices.set(id, districts.length);
    return districts.push(newDistrict(hash32(options.seed, seedOf(id)))) - 1;
  };

  const sample = (index: number, nowMs: number): Float64Array => {
    const seconds = Math.floor(nowMs / 1000);
    const place = districts[index]!;
    const cached = Math.imul(seconds, 0x9e3779b1) >>> (32 - cacheBits);
    const row = place.cachedRows[cached]!;
    if (place.cachedSeconds[cached] !== seconds) {
      fill(row, citySeed, place, seconds);
      place.cachedSeconds[cached] = seconds;
    }
    return row;
  };

  const disturb = (id: string, disturbance: Disturbance): void => {
    const place = districts[district(id)]!;
    place.disturbances = [...place.disturbances, disturbance].slice(-disturbancesMax);
    place.cachedSeconds.fill(Number.NaN);
  };

  return {
    district,
    sample,
    voltageDip: (id, fromMs, toMs, factor) =>
      disturb(id, { kind: 'voltage', fromS: fromMs / 1000, toS: toMs / 1000, factor }),
    cloudFront: (id, fromMs, toMs, factor) =>
      disturb(id, { kind: 'cloud', fromS: fromMs / 1000, toS: toMs / 1000, factor }),
  };
}

function newDistrict(seed: number): District {
  return {
    seed,
    cachedSeconds: new Float64Array(cacheSeconds).fill(Number.NaN),
    cachedRows: Array.from({ length: cacheSeconds }, () => new Float64Array(ambientWidth)),
    disturbances: [],
  };
}

function fill(row: Float64Array, citySeed: number, place: District, seconds: number): void {
  const time = localTime(seconds * 1000);
  const weather = weatherAt(citySeed, place.seed, seconds, time);
  row[ambientSlots.h] = time.hour;
  row[ambientSlots.irr] = clearSkyIrradiance(time);
  row[ambientSlots.cloudSite] = weather.cloud;
  row[ambientSlots.tamb] = weather.outdoorC;
  row[ambientSlots.tind] = weather.indoorC;
  row[ambientSlots.rh] = weather.humidity;
  row[ambientSlots.ugrid] = gridVoltage(place.seed, seconds, time);
  row[ambientSlots.fgrid] = gridFrequency(citySeed, seconds);
  row[ambientSlots.evArrival] = evArrival(time.hour);
  const effort = 1 + 0.03 * smoothNoise(hash32(place.seed, 20), seconds, 3600);
  for (const [index, schedule] of schedules.entries()) {
    row[onShiftSlot + index] = onShift(schedule, time) ? 1 : 0;
    row[shiftSlot + index] = Math.min(1, shiftIntensity(schedule, time) * effort);
  }
  for (const disturbance of place.disturbances) applyDisturbance(row, disturbance, seconds);
}

/** About 230 V: lower while the shops work, with slow drifts and the tap changer's small steps. */
function gridVoltage(seed: number, seconds: number, time: LocalTime): number {
  const drift = 0.9 * smoothNoise(hash32(seed, 10), seconds, 7200);
  const flutter = 0.35 * smoothNoise(hash32(seed, 11), seconds, 60);
  return 231 - 2.2 * shiftIntensity('two', time) + drift + flutter;
}

/** The grid is one: 50 Hz within ±0.05 Hz everywhere. */
function gridFrequency(citySeed: number, seconds: number): number {
  const slow = 0.013 * smoothNoise(hash32(citySeed, 12), seconds, 90);
  const quick = 0.005 * smoothNoise(hash32(citySeed, 13), seconds, 8);
  return Math.min(50.05, Math.max(49.95, 50 + slow + quick));
}

function applyDisturbance(row: Float64Array, disturbance: Disturbance, seconds: number): void {
  const { kind, fromS, toS, factor } = disturbance;
  // A disturbance shorter than a second still shows in the second it falls into.
  if (seconds + 1 <= fromS || seconds >= toS) return;
  if (kind === 'voltage') {
    row[ambientSlots.ugrid] = row[ambientSlots.ugrid]! * factor;
    return;
  }
  const edgeS = Math.min(cloudEdgeS, (toS - fromS) / 2);
  const inside = smoothStep(Math.min(seconds - fromS, toS - seconds) / edgeS);
  row[ambientSlots.cloudSite] = row[ambientSlots.cloudSite]! * (1 + (factor - 1) * inside);
}
