/** Which kinds of device the city's fleet has, in what proportion, and how their ids begin. */

/** One kind of device in the fleet. */
export interface FleetKind {
  /** Id of the profile. */
  readonly profile: string;
  /** Ids of devices are this, a dash and a number. */
  readonly idPrefix: string;
  /** Share of the whole fleet, sensors included, as in the profile's `behaviour.mix`. */
  readonly mix: number;
}

/** The production kinds. Assumed shares, not statistics. */
export const productionKinds: readonly FleetKind[] = [
  { profile: 'ev-charger-dc', idPrefix: 'evc', mix: 0.08 },
  { profile: 'pv-inverter', idPrefix: 'pvi', mix: 0.1 },
  { profile: 'power-meter', idPrefix: 'pwm', mix: 0.22 },
  { profile: 'transformer-10kv', idPrefix: 'trf', mix: 0.03 },
  { profile: 'laser-cutter', idPrefix: 'lsr', mix: 0.06 },
  { profile: 'cnc-machining-centre', idPrefix: 'cnc', mix: 0.12 },
  { profile: 'injection-moulding', idPrefix: 'imm', mix: 0.07 },
  { profile: 'rehab-gait-trainer', idPrefix: 'rgt', mix: 0.02 },
  { profile: 'industrial-robot', idPrefix: 'rob', mix: 0.05 },
  { profile: 'air-compressor', idPrefix: 'cmp', mix: 0.05 },
  { profile: 'agv', idPrefix: 'agv', mix: 0.03 },
  { profile: 'air-jet-loom', idPrefix: 'ajl', mix: 0.09 },
  { profile: 'boiler-cems', idPrefix: 'blr', mix: 0.01 },
];

/** The environment sensor: not production equipment, on top of the production devices. */
export const sensorKind: FleetKind = { profile: 'env-sensor', idPrefix: 'env', mix: 0.07 };

const productionMix = productionKinds.reduce((sum, kind) => sum + kind.mix, 0);

/** Each production kind's share of the production devices; they add up to 1. */
export const productionShares: readonly number[] = productionKinds.map(
  (kind) => kind.mix / productionMix,
);

/** Sensors that make up their share of the fleet beside `productionDevices`. */
export function sensorCount(productionDevices: number): number {
  return Math.round((productionDevices * sensorKind.mix) / productionMix);
}
