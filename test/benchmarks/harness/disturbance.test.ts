/** A disturbance of a gateway that does not always answer, on a clock of the test's. */

import { expect, test } from 'vitest';
import type { Bench } from '../../../benchmarks/harness/bench.ts';
import { disturb, watchCalm } from '../../../benchmarks/harness/disturbance.ts';
import type { PlatformCity } from '../../../benchmarks/harness/play-city.ts';
import { sleep } from '../../../model/clock.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

const perSecond = 100;

/** 100 readings a second are stored; the gateway does not answer while `isAway` says so. */
function cityOn(clock: VirtualClock, isAway: (atMs: number) => boolean): PlatformCity {
  const sleeping = (milliseconds: number) => sleep(clock, milliseconds);
  const bench: Partial<Bench> = {
    clock,
    parameters: { devices: 10, duration: 30_000 } as Bench['parameters'],
    sleep: sleeping,
  };
  const progress = async () => {
    const atMs = clock.monotonicMs();
    if (isAway(atMs)) throw new Error('read ECONNRESET');
    return { stored: Math.round((atMs * perSecond) / 1000), waiting: 0 };
  };
  return {
    bench,
    simulation: { state: { sessions: 10, outstanding: 0 } },
    platform: { client: { progress } },
  } as unknown as PlatformCity;
}

/** Lets the clock run until `work` is done. */
async function played<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let over = false;
  const ended = work.finally(() => {
    over = true;
  });
  ended.catch(() => {});
  while (!over) await clock.advanceAsync(100);
  return ended;
}

test('what is usual is known although the gateway did not answer at the begin or at the end', async () => {
  const clock = new VirtualClock();
  const isAway = (atMs: number) => atMs < 700 || (atMs > 8000 && atMs < 9700);
  const usual = await played(clock, watchCalm(cityOn(clock, isAway)));
  expect(usual.perSecond).toBeCloseTo(perSecond, 0);
});

test('a gateway that never answers is an error, not a city without readings', async () => {
  const clock = new VirtualClock();
  const calm = watchCalm(cityOn(clock, () => true));
  await expect(played(clock, calm)).rejects.toThrow('ECONNRESET');
});

test('rows are not back at once because the gateway did not answer for a look', async () => {
  const clock = new VirtualClock();
  const city = cityOn(clock, (atMs) => atMs > 100 && atMs < 4000);
  // Nothing is stored at the usual rate: five times as much is usual.
  const usual = { perSecond: 5 * perSecond, backlog: 0 };
  const disturbs = () => city.bench.sleep(3000);
  const findings = await played(clock, disturb(city, usual, disturbs, 20_000));
  expect(findings).toMatchObject({ rowsBackS: null, recoveryS: null });
});
