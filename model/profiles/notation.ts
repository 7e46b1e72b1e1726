/** Shorthand for writing profiles: quantities with their unit, and the commonest dynamics. */

import type { Dynamics, Signal } from '../profile.ts';

type Quantity = Pick<Signal, 'unit' | 'ucum' | 'type' | 'range' | 'precision' | 'values'>;
type Lag = Extract<Dynamics, { kind: 'lag' }>;

/** Every unit of the built-in profiles: how people write it, and the same in UCUM. */
const units = {
  unitless: { unit: '1', ucum: '1' },
  percent: { unit: '%', ucum: '%' },
  celsius: { unit: '°C', ucum: 'Cel' },
  second: { unit: 's', ucum: 's' },
  hour: { unit: 'h', ucum: 'h' },
  metre: { unit: 'm', ucum: 'm' },
  millimetre: { unit: 'mm', ucum: 'mm' },
  degree: { unit: 'deg', ucum: 'deg' },
  radian: { unit: 'rad', ucum: 'rad' },
  metrePerSecond: { unit: 'm/s', ucum: 'm/s' },
  millimetrePerSecond: { unit: 'mm/s', ucum: 'mm/s' },
  millimetrePerMinute: { unit: 'mm/min', ucum: 'mm/min' },
  kilometrePerHour: { unit: 'km/h', ucum: 'km/h' },
  revolutionPerMinute: { unit: 'rpm', ucum: '{rev}/min' },
  stepPerMinute: { unit: 'steps/min', ucum: '{step}/min' },
  perMinute: { unit: '1/min', ucum: '/min' },
  watt: { unit: 'W', ucum: 'W' },
  kilowatt: { unit: 'kW', ucum: 'kW' },
  kilovoltAmpere: { unit: 'kVA', ucum: 'kV.A' },
  kilovar: { unit: 'kvar', ucum: 'kV.A{reactive}' },
  kilowattHour: { unit: 'kWh', ucum: 'kW.h' },
  kilovarHour: { unit: 'kvarh', ucum: 'kV.A.h{reactive}' },
  volt: { unit: 'V', ucum: 'V' },
  ampere: { unit: 'A', ucum: 'A' },
  kiloohm: { unit: 'kΩ', ucum: 'kOhm' },
  hertz: { unit: 'Hz', ucum: 'Hz' },
  pascal: { unit: 'Pa', ucum: 'Pa' },
  kilopascal: { unit: 'kPa', ucum: 'kPa' },
  megapascal: { unit: 'MPa', ucum: 'MPa' },
  bar: { unit: 'bar', ucum: 'bar' },
  newton: { unit: 'N', ucum: 'N' },
  kilonewton: { unit: 'kN', ucum: 'kN' },
  kilogram: { unit: 'kg', ucum: 'kg' },
  tonnePerHour: { unit: 't/h', ucum: 't/h' },
  cubicMetre: { unit: 'm³', ucum: 'm3' },
  cubicMetrePerHour: { unit: 'm³/h', ucum: 'm3/h' },
  cubicMetrePerMinute: { unit: 'm³/min', ucum: 'm3/min' },
  specificPower: { unit: 'kW/(m³/min)', ucum: 'kW/(m3/min)' },
  milligramPerCubicMetre: { unit: 'mg/m³', ucum: 'mg/m3' },
  microgramPerCubicMetre: { unit: 'µg/m³', ucum: 'ug/m3' },
  partPerMillion: { unit: 'ppm', ucum: '[ppm]' },
  partPerBillion: { unit: 'ppb', ucum: '[ppb]' },
  lux: { unit: 'lx', ucum: 'lx' },
  decibel: { unit: 'dB', ucum: 'dB[SPL]' },
  decibelMilliwatt: { unit: 'dBm', ucum: 'dB{mW}' },
} as const satisfies Record<string, Pick<Signal, 'unit' | 'ucum'>>;

/** A number with a fraction, in `range`; simulated values are rounded to `precision` decimals. */
export function float(
  unit: keyof typeof units,
  range: readonly [number, number],
  precision: number,
): Quantity {
  return { ...units[unit], type: 'float', range, precision };
}

/** A whole number in `range`. */
export function int(unit: keyof typeof units, range: readonly [number, number]): Quantity {
  return { ...units[unit], type: 'int', range };
}

/** One of `values`. */
export function enumeration(...values: readonly string[]): Quantity {
  return { ...units.unitless, type: 'enum', values };
}

export const bool: Quantity = { ...units.unitless, type: 'bool' };

export const text: Quantity = { ...units.unitless, type: 'string' };

/** Follows the expression `target` as a first-order lag with time constant `tauS`, in seconds. */
export function lag(
  target: string,
  tauS: number,
  options: Pick<Lag, 'noise' | 'clamp' | 'start'> = {},
): Lag {
  return { kind: 'lag', target, tauS, ...options };
}
