import { expect, it } from 'vitest';
import { builtInProfiles } from '../../model/profiles/index.ts';
import { ucumOf } from '../../model/ucum.ts';

it('agrees with the units of the built-in profiles', () => {
  const differing: string[] = [];
  for (const profile of builtInProfiles.values()) {
    for (const { unit, ucum } of profile.signals) {
      if (ucumOf(unit) !== ucum) differing.push(`${unit}: ${ucum}, not ${ucumOf(unit)}`);
    }
  }
  expect([...new Set(differing)]).toEqual([
    // Sound pressure, which a unit of dB alone does not say.
    'dB: dB[SPL], not dB',
  ]);
});

it('leaves empty what cannot be UCUM', () => {
  expect(ucumOf('吨')).toBe('');
  expect(ucumOf('per hour')).toBe('');
  expect(ucumOf('constructor')).toBe('constructor');
  expect(ucumOf('mm/s')).toBe('mm/s');
});
