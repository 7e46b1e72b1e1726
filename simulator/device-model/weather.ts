/** Sun, clouds, temperature and humidity of a district of Changzhou (31.8° N, 120° E). */

import { hash32, normalAt } from '../../model/random.ts';
import { type LocalTime, smoothStep } from './schedule.ts';

const latitude = (31.8 * Math.PI) / 180;
const daysOfYear = 365.2425;

/**
 * Smooth noise of about unit variance that is a pure function of seed and time: normal deviates
 * on a lattice of `periodS`, joined smoothly.
 */
export function smoothNoise(seed: number, seconds: number, periodS: number): number {
  const position = seconds / periodS;
  const from = Math.floor(position);
  const a = normalAt(seed, from);
  const b = normalAt(seed, from + 1);
  // The mean of two deviates varies less than one of them; 1.25 makes up for it.
  return 1.25 * (a + (b - a) * smoothStep(position - from));
}

/** Whole years since 1970, with the fraction that is the season. */
const years = ({ day, hour }: LocalTime): number => (day + hour / 24) / daysOfYear;

/**
 * Clear-sky irradiance on the horizontal, W/m². Haurwitz (1945): 1098 cos z exp(-0.059 / cos z),
 * declination after Cooper (1969). Local time is solar time within a minute or two at 120° E, but
 * for the equation of time.
 */
export function clearSkyIrradiance(time: LocalTime): number {
  const dayOfYear = (years(time) % 1) * daysOfYear + 1;
  const declination = ((23.45 * Math.PI) / 180) * Math.sin((2 * Math.PI * (284 + dayOfYear)) / 365);
  const hourAngle = ((time.hour - 12) * Math.PI) / 12;
  const cosZenith =
    Math.sin(latitude) * Math.sin(declination) +
    Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle);
  return cosZenith <= 0.005 ? 0 : 1098 * cosZenith * Math.exp(-0.059 / cosZenith);
}

/** What the sky over a district is like. */
export interface Weather {
  /** Share of the clear-sky irradiance that arrives, 0.25 to 1. */
  readonly cloud: number;
  readonly outdoorC: number;
  readonly indoorC: number;
  /** Outdoor relative humidity, %. */
  readonly humidity: number;
}

/**
 * The weather at one moment. What the whole city shares comes from `citySeed` and reaches a
 * district up to 20 minutes late, as fronts do; the rest comes from `districtSeed`.
 */
export function weatherAt(
  citySeed: number,
  districtSeed: number,
  seconds: number,
  time: LocalTime,
): Weather {
  const citySeconds = seconds - (districtSeed % 1200);
  const city = (lane: number, periodS: number) =>
    smoothNoise(hash32(citySeed, lane), citySeconds, periodS);
  const local = (lane: number, periodS: number) =>
    smoothNoise(hash32(districtSeed, lane), seconds, periodS);

  const days = city(1, 36 * 3600);
  const fronts = city(2, 2 * 3600);
  const cloud = clamp(0.75 + 0.25 * days + 0.1 * fronts + 0.05 * local(3, 600), 0.25, 1);

  // Monthly means from 3 °C in January to 29 °C in July.
  const season = -Math.cos(2 * Math.PI * ((years(time) % 1) - 0.055));
  const daytime = Math.cos((2 * Math.PI * (time.hour - 14.5)) / 24);
  const slowC = 16 + 12.5 * season + 1.8 * city(4, 3 * 86_400);
  const swingC = (2 + 3 * cloud) * daytime;
  const outdoorC = clamp(slowC + swingC + 0.4 * local(5, 3600), -9, 40);
  const indoorC = clamp(21.5 + 0.5 * (slowC - 16) + 0.3 * swingC + 0.5 * local(6, 7200), 10, 36);
  const humidity = clamp(
    73 - 11 * daytime - 14 * (cloud - 0.8) + 4 * season + 5 * city(7, 86_400) + 2 * local(8, 3600),
    25,
    98,
  );
  return { cloud, outdoorC, indoorC, humidity };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
