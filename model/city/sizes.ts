/** How many devices each enterprise has: three size classes whose totals are hit exactly. */

import type { SizeClass } from '../enterprise.ts';
import type { Random } from '../random.ts';
import { apportion, apportionWithin, deal } from './apportion.ts';

interface SizeClassPlan {
  readonly sizeClass: SizeClass;
  /** Enterprises and production devices of the programme's 10,000 and 100,000. */
  readonly enterprises: number;
  readonly devices: number;
  /** Devices of one enterprise, at the programme's mean of ten. */
  readonly devicesMin: number;
  readonly devicesMax: number;
  /** Standard deviation of the logarithm of the size; 0 makes all alike. */
  readonly sigma: number;
}

/**
 * The distribution that meets the programme's two targets (10,000 enterprises, 100,000 devices).
 * The split into classes is this project's assumption, not a statistic.
 */
export const sizeClasses: readonly SizeClassPlan[] = [
  {
    sizeClass: 'benchmark',
    enterprises: 30,
    devices: 15_000,
    devicesMin: 500,
    devicesMax: 500,
    sigma: 0,
  },
  {
    sizeClass: 'above',
    enterprises: 2_970,
    devices: 65_340,
    devicesMin: 5,
    devicesMax: 180,
    sigma: 0.75,
  },
  {
    sizeClass: 'below',
    enterprises: 7_000,
    devices: 19_660,
    devicesMin: 1,
    devicesMax: 12,
    sigma: 0.6,
  },
];

const programmeMean = 10;

/** One enterprise's size. */
export interface Size {
  readonly sizeClass: SizeClass;
  /** Production devices, at least one. */
  readonly devices: number;
}

/**
 * Sizes of all enterprises in shuffled order; their devices add up to `devices` exactly.
 * Every enterprise has one device, the rest is divided among the classes in proportion to what
 * their means exceed one by: exact at the programme's totals, and possible for any others with
 * 1 ≤ enterprises ≤ devices. The bounds grow and shrink with the mean size.
 */
export function allocateSizes(enterprises: number, devices: number, random: Random): Size[] {
  const counts = apportion(
    enterprises,
    sizeClasses.map((plan) => plan.enterprises),
  );
  const extras = apportion(
    devices - enterprises,
    sizeClasses.map((plan, k) => (plan.devices / plan.enterprises - 1) * counts[k]!),
  );
  const scale = devices / enterprises / programmeMean;
  const sizesByClass = sizeClasses.map((plan, k) =>
    sizesOfClass(plan, counts[k]!, counts[k]! + extras[k]!, scale, random),
  );
  return [...deal(counts, random)].map((k) => ({
    sizeClass: sizeClasses[k]!.sizeClass,
    devices: sizesByClass[k]!.pop()!,
  }));
}

function sizesOfClass(
  plan: SizeClassPlan,
  count: number,
  total: number,
  scale: number,
  random: Random,
): number[] {
  if (count === 0) return [];
  const weights = Array.from({ length: count }, () => Math.exp(plan.sigma * random.normal()));
  const mean = total / count;
  const low = Math.max(1, Math.min(Math.floor(plan.devicesMin * scale), Math.floor(mean)));
  const high = Math.max(Math.ceil(plan.devicesMax * scale), Math.ceil(mean));
  return apportionWithin(total, weights, low, high);
}
