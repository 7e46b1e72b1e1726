/** How many workers, how many sessions each: whatever the machine. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type GatewaySize,
  gatewaySize,
  type MachineSize,
  type WantedSize,
} from '../../../gateway/processes/sizing.ts';
import { OnrampError } from '../../../model/errors.ts';

const city: WantedSize = {
  workers: 'auto',
  sessionsExpected: 100_000,
  sessionsMax: null,
  listeners: 16,
};
const machine: MachineSize = { openFilesMax: 20_000, cores: 2, sharesPorts: true };

function refusal(wanted: WantedSize, on: MachineSize): readonly string[] {
  try {
    gatewaySize(wanted, on);
  } catch (error) {
    expect((error as OnrampError).code).toBe('config.open-files-limit');
    return (error as OnrampError).details;
  }
  throw new Error('it was accepted');
}

/** The size, or null where none fits. */
function sizeOrNull(wanted: WantedSize, on: MachineSize): GatewaySize | null {
  try {
    return gatewaySize(wanted, on);
  } catch (error) {
    if (error instanceof OnrampError) return null;
    throw error;
  }
}

describe('a gateway for the city', () => {
  test('has 8 workers where a process may open 20,000 files', () => {
    expect(gatewaySize(city, machine)).toEqual({
      workers: 8,
      sessionsMax: 18_884,
      connectionsMax: 19_140,
    });
  });

  test('has fewer without such a limit, and more where there are cores for them', () => {
    const openFilesMax = Number.POSITIVE_INFINITY;
    expect(gatewaySize(city, { ...machine, openFilesMax }).workers).toBe(5);
    expect(gatewaySize(city, { ...machine, openFilesMax, cores: 16 }).workers).toBe(15);
    expect(gatewaySize(city, { ...machine, openFilesMax, cores: 96 }).workers).toBe(20);
  });

  test('says which limit is needed where even 64 workers would not do', () => {
    const details = refusal(city, { ...machine, openFilesMax: 1024 });
    expect(details).toEqual([
      'sessions: 100000, workers: 64, ulimit -n: 1024',
      'ulimit -n 2405 would do',
      'workers: 151 would do, but 64 is the most',
    ]);
    expect(gatewaySize(city, { ...machine, openFilesMax: 2405 }).workers).toBe(64);
  });

  test('says so too when somebody chose too few workers', () => {
    const details = refusal({ ...city, workers: 4 }, machine);
    expect(details).toContain('workers: 8 would do');
    const needed = Number(/ulimit -n (\d+) would do/.exec(details.join())![1]);
    const fits = (openFilesMax: number) =>
      sizeOrNull({ ...city, workers: 4 }, { ...machine, openFilesMax });
    expect(fits(needed)).toMatchObject({ workers: 4 });
    expect(fits(needed - 1)).toBeNull();
  });

  test('where processes cannot share a port there is one, if that will do', () => {
    const alone = { ...machine, sharesPorts: false };
    expect(gatewaySize({ ...city, sessionsExpected: 15_000 }, alone).workers).toBe(1);
    expect(refusal(city, alone).join('\n')).toMatch(/workers: 1.*\n.*workers: 8 would do, but 1/s);
  });
});

test('without a word one worker will do, and takes what its descriptors allow', () => {
  const wanted = { ...city, sessionsExpected: null };
  expect(gatewaySize(wanted, machine).workers).toBe(1);
  const one = { ...wanted, workers: 1 };
  expect(gatewaySize(one, { ...machine, openFilesMax: 1024 })).toMatchObject({ sessionsMax: 856 });
  expect(gatewaySize(one, { ...machine, openFilesMax: 1e6 })).toMatchObject({
    sessionsMax: 50_000,
  });
  const few = { ...one, workers: 2, sessionsMax: 1 };
  expect(gatewaySize(few, machine)).toMatchObject({ workers: 2, sessionsMax: 1 });
  expect(refusal(one, { ...machine, openFilesMax: 100 })).toContain('ulimit -n 124 would do');
});

test('sessions that somebody sets count, but never more than the descriptors allow', () => {
  expect(gatewaySize({ ...city, sessionsMax: 5000 }, machine)).toMatchObject({
    workers: 31,
    sessionsMax: 5000,
  });
  const tooMany = { ...city, workers: 8, sessionsMax: 100_000 };
  expect(gatewaySize(tooMany, machine)).toMatchObject({ sessionsMax: 18_884 });
});

const wantedSizes = fc.record({
  workers: fc.constant('auto' as const),
  sessionsExpected: fc.option(fc.integer({ min: 1, max: 1_000_000 })),
  sessionsMax: fc.option(fc.integer({ min: 1, max: 1_000_000 }), { freq: 2 }),
  listeners: fc.integer({ min: 1, max: 512 }),
});
const machineSizes = fc.record({
  openFilesMax: fc.oneof(
    fc.integer({ min: 1, max: 2_000_000 }),
    fc.integer({ min: 1, max: 30_000 }),
    fc.constant(Number.POSITIVE_INFINITY),
  ),
  cores: fc.integer({ min: 1, max: 256 }),
  sharesPorts: fc.boolean(),
});

test('whatever is wanted and given: all sessions fit, also with two workers dead', () => {
  fc.assert(
    fc.property(wantedSizes, machineSizes, (wanted, on) => {
      const size = sizeOrNull(wanted, on);
      if (size === null) return;
      const { connectionsMax, sessionsMax, workers } = size;
      const expected = wanted.sessionsExpected ?? 12_500;
      expect(workers).toBeGreaterThanOrEqual(1);
      expect(workers).toBeLessThanOrEqual(64);
      expect(connectionsMax).toBeGreaterThanOrEqual(sessionsMax);
      expect(connectionsMax + wanted.listeners).toBeLessThan(on.openFilesMax);
      expect(workers * sessionsMax).toBeGreaterThanOrEqual(expected);
      if (workers > 1) {
        expect((workers - 2) * sessionsMax).toBeGreaterThanOrEqual(expected);
        expect(expected / workers).toBeLessThanOrEqual(0.65 * on.openFilesMax);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a higher limit never needs more workers, and what is refused names a limit that does', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300_000 }),
      fc.integer({ min: 200, max: 30_000 }),
      fc.integer({ min: 1, max: 30_000 }),
      (sessionsExpected, openFilesMax, more) => {
        const wanted = { ...city, sessionsExpected };
        const sizeWith = (files: number) => sizeOrNull(wanted, { ...machine, openFilesMax: files });
        const [less, larger] = [sizeWith(openFilesMax), sizeWith(openFilesMax + more)];
        if (less !== null) expect(larger!.workers).toBeLessThanOrEqual(less.workers);
        else {
          const [, needed] = /ulimit -n (\d+) would/.exec(
            refusal(wanted, { ...machine, openFilesMax }).join(),
          )!;
          expect(sizeWith(Number(needed))).not.toBeNull();
        }
      },
    ),
    { numRuns: 300 },
  );
});
