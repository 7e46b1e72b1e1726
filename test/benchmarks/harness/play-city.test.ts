/** The order in which a city is played, with a bench that only notes what is asked of it. */

import { expect, test, vi } from 'vitest';
import type { Bench } from '../../../benchmarks/harness/bench.ts';
import { watchIsolation } from '../../../benchmarks/harness/isolation-watch.ts';
import { Monitor } from '../../../benchmarks/harness/monitor.ts';
import type { Platform } from '../../../benchmarks/harness/platform.ts';
import { playCity } from '../../../benchmarks/harness/play-city.ts';
import type { RunParameters } from '../../../benchmarks/scenarios/parameters.ts';
import { sleep } from '../../../model/clock.ts';
import type { IsolationReport } from '../../../model/report.ts';
import type { Simulation } from '../../../simulator/simulation.ts';
import { eventually } from '../../helpers/eventually.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

vi.mock('../../../benchmarks/harness/isolation-watch.ts', () => ({ watchIsolation: vi.fn() }));

function notingBench(clock: VirtualClock, done: string[]): Bench {
  const monitor = new Monitor({ clock });
  const note = (what: string) => async () => void done.push(what);
  const bench: Partial<Bench> = {
    size: 'smoke',
    target: null,
    parameters: { duration: 10_000, isolation: true } as RunParameters,
    clock,
    monitor,
    sleep: (milliseconds) => sleep(clock, milliseconds),
    startPlatform: async () => ({}) as Platform,
    register: note('registered'),
    prepareFleet: async () => ({}) as Simulation,
    connect: note('connected'),
    warmUp: note('warm'),
    async steady(_simulation, _platform, during) {
      monitor.phases.enter('steady');
      const found = await during();
      done.push(`window over at ${clock.monotonicMs()}`);
      return found;
    },
    drain: note('drained'),
    settle: note('settled'),
    leave: async () => ({}) as never,
    reconcile: note('reconciled'),
  };
  return bench as Bench;
}

test('the window ends at its time; a round of probes that is not over is waited for afterwards', async () => {
  const clock = new VirtualClock();
  const round = Promise.withResolvers<IsolationReport>();
  const done: string[] = [];
  let left = (): number => 1;
  vi.mocked(watchIsolation).mockImplementation((_bench, _platform, _pauseMs, leftMs) => {
    done.push(`probing from ${clock.monotonicMs()}`);
    left = leftMs;
    return round.promise;
  });
  const played = playCity(notingBench(clock, done));
  for (let i = 0; i < 110; i++) await clock.advanceAsync(100);
  const inWindow = ['probing from 0', 'window over at 10000', 'drained'];
  const until = ['registered', 'connected', 'warm', ...inWindow];
  await eventually(() => done).toEqual(until);
  expect(left()).toBeLessThanOrEqual(0);
  const isolation = { rounds: 1 } as IsolationReport;
  round.resolve(isolation);
  expect(await played).toMatchObject({ isolation });
  expect(done).toEqual([...until, 'settled', 'reconciled']);
});
