/** Disturbs a city that is being played, and watches it come back. */

import type { Findings } from '../../model/report.ts';
import type { PlatformCity } from './play-city.ts';
import { Recovery, type Seen } from './recovery.ts';

/** Part of the window before the first disturbance, to see what is usual. */
const calmPart = 0.3;

const lookMs = 500;

/** What an undisturbed run is like. */
export interface Usual {
  readonly perSecond: number;
  readonly backlog: number;
}

/** Watches the calm beginning of the window, and proves at its end who is connected. */
export async function watchCalm({ bench, ...city }: PlatformCity): Promise<Usual> {
  const endMs = bench.clock.monotonicMs() + bench.parameters.duration * calmPart;
  let backlog = 0;
  const first = await look({ bench, ...city });
  let last = first;
  while (bench.clock.monotonicMs() < endMs) {
    await bench.sleep(lookMs);
    last = await look({ bench, ...city });
    backlog = Math.max(backlog, last.backlog);
  }
  await bench.prove(city.simulation, city.platform);
  const seconds = Math.max(0.001, (last.atMs - first.atMs) / 1000);
  return { perSecond: (last.stored - first.stored) / seconds, backlog };
}

/**
 * Disturbs, and watches until all is as usual, for `longestMs` after it is over at most.
 * `disturb` resolves when what causes the disturbance is over.
 */
export async function disturb(
  city: PlatformCity,
  usual: Usual,
  disturbs: () => Promise<void>,
  longestMs: number,
): Promise<Findings> {
  const { bench } = city;
  const seen: Seen[] = [];
  const disturbedMs = bench.clock.monotonicMs();
  let over = false;
  const watching = (async () => {
    while (!over) {
      seen.push(await look(city));
      await bench.sleep(lookMs);
    }
  })();
  await Promise.all([
    disturbs().finally(() => {
      over = true;
    }),
    watching,
  ]);
  const overMs = bench.clock.monotonicMs();
  const { devices } = bench.parameters;
  const recovery = new Recovery({ devices, usual, disturbedMs, overMs });
  for (const each of seen) recovery.see(each);
  while (!recovery.over && bench.clock.monotonicMs() - overMs < longestMs) {
    await bench.sleep(lookMs);
    recovery.see(await look(city));
  }
  return recovery.findings();
}

/** Of several disturbances: the slowest return, the largest backlog. */
export function worstOf(all: readonly Findings[]): Findings {
  const worst: Record<string, number | null> = {};
  for (const [name, value] of all.flatMap((findings) => Object.entries(findings))) {
    if (worst[name] === null) continue;
    const least = name === 'drainPerSecond';
    const before = worst[name] ?? value;
    worst[name] = value === null ? null : (least ? Math.min : Math.max)(before, value);
  }
  return worst;
}

/** The gateway's answer, or its last one while it does not answer. */
async function look({ bench, platform, simulation }: PlatformCity): Promise<Seen> {
  const atMs = bench.clock.monotonicMs();
  const progress = await platform.client.progress().catch(() => bench.monitor.gateway);
  const { outstanding, sessions } = simulation.state;
  return {
    atMs,
    sessions,
    stored: progress?.stored ?? 0,
    backlog: (progress?.waiting ?? 0) + outstanding,
  };
}
