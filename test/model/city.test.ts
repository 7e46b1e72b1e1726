import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { productionKinds, productionShares, sensorKind } from '../../model/city/fleet-mix.ts';
import { industries } from '../../model/city/industries.ts';
import { parks } from '../../model/city/parks.ts';
import { platforms } from '../../model/city/platforms.ts';
import { buildCity, type City, type CityOptions } from '../../model/city.ts';
import { districts } from '../../model/enterprise.ts';
import { OnrampError } from '../../model/errors.ts';
import { isDirectoryId } from '../../model/identifiers.ts';
import { builtInProfiles } from '../../model/profiles/index.ts';

const fullSize = { seed: 1, enterprises: 10_000, devices: 100_000, sensors: true } as const;
const fullCity = buildCity(fullSize);
const fullCityWithoutSensors = buildCity({ ...fullSize, sensors: false });

const anyOptions: fc.Arbitrary<CityOptions> = fc
  .record({
    seed: fc.integer(),
    enterprises: fc.integer({ min: 1, max: 300 }),
    extra: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 5000 })),
    sensors: fc.boolean(),
  })
  .map(({ extra, ...options }) => ({ ...options, devices: options.enterprises + extra }));

function digest(city: City): string {
  const hash = createHash('sha256');
  for (const enterprise of city.enterprises) hash.update(JSON.stringify(enterprise));
  for (const device of city.devices()) hash.update(JSON.stringify(device));
  return hash.digest('hex');
}

function countBy<T>(items: Iterable<T>, key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}

describe('any city', () => {
  test('hits both totals exactly, with unique ids, names and indexes', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const city = buildCity(options);
        const devices = [...city.devices()];
        expect(city.enterprises).toHaveLength(options.enterprises);
        expect(city.productionDeviceCount).toBe(options.devices);
        expect(devices.filter((device) => device.production)).toHaveLength(options.devices);
        expect(devices.map((device) => device.index)).toEqual([...devices.keys()]);
        expect(city.deviceCount).toBe(devices.length);
        expect(new Set(devices.map((d) => `${d.enterprise}.${d.device}`)).size).toBe(
          devices.length,
        );
        expect(new Set(city.enterprises.map((e) => e.id)).size).toBe(options.enterprises);
        expect(new Set(city.enterprises.map((e) => e.name.zh)).size).toBe(options.enterprises);
        expect(new Set(city.enterprises.map((e) => e.name.en)).size).toBe(options.enterprises);
      }),
      { numRuns: 60 },
    );
  });

  test('is the same for the same options and another for another seed', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const city = digest(buildCity(options));
        expect(digest(buildCity({ ...options }))).toBe(city);
        expect(digest(buildCity({ ...options, seed: options.seed - 1 }))).not.toBe(city);
      }),
      { numRuns: 30 },
    );
  });

  test('districts have their shares within rounding', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const counts = countBy(buildCity(options).enterprises, (e) => e.district);
        for (const { id, share } of districts) {
          const exact = share * options.enterprises;
          expect(Math.abs((counts.get(id) ?? 0) - exact)).toBeLessThan(1);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('every enterprise has the devices it says, and they are its own', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const city = buildCity(options);
        for (const [i, enterprise] of city.enterprises.entries()) {
          const devices = city.devicesOf(i);
          expect(enterprise.devices).toBe(devices.length);
          expect(city.enterprise(enterprise.id)).toBe(enterprise);
          expect(isDirectoryId(enterprise.id)).toBe(true);
          const owners = new Set(devices.map((d) => `${d.enterprise} ${d.district} ${d.industry}`));
          const { id, district, industry } = enterprise;
          expect([...owners]).toEqual([`${id} ${district} ${industry}`]);
          expect(devices.every((device) => isDirectoryId(device.device))).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('sensors come on top and leave the production devices as they are', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const identities = (sensors: boolean) =>
          [...buildCity({ ...options, sensors }).devices()]
            .filter((device) => device.production)
            .map(({ index: _, ...identity }) => identity);
        expect(identities(true)).toEqual(identities(false));
      }),
      { numRuns: 30 },
    );
  });
});

test('the smallest city', () => {
  const city = buildCity({ seed: 0, enterprises: 1, devices: 1, sensors: false });
  expect(city.enterprises[0]).toMatchObject({ id: 'e1', devices: 1 });
  expect([...city.devices()]).toHaveLength(1);
  expect(city.enterprise('e2')).toBeUndefined();
  expect(() => city.devicesOf(1)).toThrow(RangeError);
});

test('a seed gives this city on every machine', () => {
  const city = buildCity({ seed: 42, enterprises: 50, devices: 500, sensors: true });
  expect(digest(city)).toBe('16a8b46e6bd36d4735faff54580df4e1a1aecff56603747d7e4ce2099b85761c');
});

test('bad options are refused together', () => {
  const refusal = (options: Partial<CityOptions>): readonly string[] => {
    try {
      buildCity({ ...fullSize, ...options });
    } catch (error) {
      if (error instanceof OnrampError && error.code === 'config.invalid') return error.details;
      throw error;
    }
    return [];
  };
  expect(refusal({ seed: 0.5, enterprises: 0, devices: Number.NaN })).toHaveLength(3);
  expect(refusal({ enterprises: 11, devices: 10 })).toHaveLength(1);
  expect(refusal({ enterprises: 1e6, devices: 1e9 })).toHaveLength(2);
});

describe('the full city', () => {
  test('has the size classes of the programme', () => {
    const classes = (['benchmark', 'above', 'below'] as const).map((sizeClass) => {
      const sizes = fullCityWithoutSensors.enterprises
        .filter((enterprise) => enterprise.sizeClass === sizeClass)
        .map((enterprise) => enterprise.devices);
      return {
        enterprises: sizes.length,
        devices: sizes.reduce((a, b) => a + b, 0),
        min: Math.min(...sizes),
        max: Math.max(...sizes),
      };
    });
    expect(classes).toEqual([
      { enterprises: 30, devices: 15_000, min: 500, max: 500 },
      { enterprises: 2_970, devices: 65_340, min: 5, max: 180 },
      { enterprises: 7_000, devices: 19_660, min: 1, max: 12 },
    ]);
  });

  test('has ids of five digits', () => {
    expect(fullCity.enterprises[41]?.id).toBe('e00042');
    expect(fullCity.enterprises.at(-1)?.id).toBe('e10000');
  });

  test('has the mix of the fleet', () => {
    const counts = countBy(fullCity.devices(), (device) => device.profile);
    for (const [k, kind] of productionKinds.entries()) {
      const exact = productionShares[k]! * fullSize.devices;
      expect(Math.abs((counts.get(kind.profile) ?? 0) - exact)).toBeLessThan(3);
    }
    expect((counts.get(sensorKind.profile) ?? 0) / fullCity.deviceCount).toBeCloseTo(0.07, 4);
  });

  test('gives machines to the trades that use them', () => {
    const looms = [...fullCity.devices()].filter((device) => device.profile === 'air-jet-loom');
    expect(looms.every((loom) => ['17', '18'].includes(loom.industry))).toBe(true);
  });

  test('places enterprises in parks of their district, on known platforms, in known industries', () => {
    const parkOf = new Map(parks.map((park) => [park.id, park.district]));
    const platformIds = new Set<string>(platforms.map((platform) => platform.id));
    const misplaced = fullCity.enterprises.filter(
      (enterprise) =>
        parkOf.get(enterprise.park) !== enterprise.district ||
        !platformIds.has(enterprise.platform) ||
        industries[enterprise.industry] === undefined,
    );
    expect(misplaced).toEqual([]);
    expect(new Set(fullCity.enterprises.map((e) => e.park)).size).toBe(parks.length);
    expect(new Set(fullCity.enterprises.map((e) => e.platform)).size).toBe(platforms.length);
  });
});

test('the mix agrees with the profiles', () => {
  const profiles = [...builtInProfiles.values()].filter((profile) => profile.behaviour);
  expect(
    new Set(
      profiles.map(({ id, behaviour, production }) => `${id} ${behaviour?.mix} ${production}`),
    ),
  ).toEqual(
    new Set([
      ...productionKinds.map((kind) => `${kind.profile} ${kind.mix} true`),
      `${sensorKind.profile} ${sensorKind.mix} false`,
    ]),
  );
});
