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
  dBm: 'dB{mW}',
  'steps/min': '{step}/min',
  lux: 'lx',
};

/** Characters that UCUM writes in ASCII. */
const spellings: readonly (readonly [RegExp, string])[] = [
  [/²/g, '2'],
  [/³/g, '3'],
  [/[·⋅]/g, '.'],
  [/[μµ]/g, 'u'],
];

/** UCUM is ASCII; a space or a brace would need rules of its own. */
const plainUnit = /^[!-z|~]+$/;

/**
 * The UCUM code of a unit: looked up where it is known to differ, taken over where it may be one
 * already (`kW`, `mm/s`, `m³`), `''` where it cannot be one.
 */
export function ucumOf(unit: string): string {
  const code = Object.hasOwn(codes, unit) ? codes[unit] : undefined;
  if (code !== undefined) return code;
  const spelt = spellings.reduce((text, [from, to]) => text.replace(from, to), unit);
  return plainUnit.test(spelt) ? spelt : '';
}
