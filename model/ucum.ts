/** Units as people write them, in UCUM (ucum.org) as machines read them. */

/** Units whose UCUM code is another word. */
const codes: Readonly<Record<string, string>> = {
  '': '1',
  '℃': 'Cel',
  '°C': 'Cel',
  '℉': '[degF]',
  '°F': '[degF]',
  '°': 'deg',
  '%RH': '%',
  '‰': '[ppth]',
  ppm: '[ppm]',
  ppb: '[ppb]',
  rpm: '{rev}/min',
  'r/min': '{rev}/min',
  'rev/min': '{rev}/min',
  '1/min': '/min',
  Ω: 'Ohm',
  kΩ: 'kOhm',
  MΩ: 'MOhm',
  ohm: 'Ohm',
  kohm: 'kOhm',
  VA: 'V.A',
  kVA: 'kV.A',
  MVA: 'MV.A',
  var: 'V.A{reactive}',
  kvar: 'kV.A{reactive}',
  Wh: 'W.h',
  kWh: 'kW.h',
  MWh: 'MW.h',
  kvarh: 'kV.A.h{reactive}',
  Ah: 'A.h',
  N·m: 'N.m',
  Nm: 'N.m',
  'm²': 'm2',
  'm³': 'm3',
  'm³/h': 'm3/h',
  'm³/min': 'm3/min',
  'mg/m³': 'mg/m3',
  'μg/m³': 'ug/m3',
  'µg/m³': 'ug/m3',
  μm: 'um',
  µm: 'um',
  dB: 'dB[SPL]',
  dBm: 'dB[mW]',
  lux: 'lx',
};

/** UCUM is ASCII; a space or a brace would need rules of its own. */
const plainUnit = /^[!-z|~]+$/;

/**
 * The UCUM code of a unit: looked up where it is known to differ, taken over where it may be one
 * already (`kW`, `mm/s`), `''` where it cannot be one.
 */
export function ucumOf(unit: string): string {
  const code = Object.hasOwn(codes, unit) ? codes[unit] : undefined;
  return code ?? (plainUnit.test(unit) ? unit : '');
}
