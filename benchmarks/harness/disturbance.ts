/** Disturbs a city that is being played, and watches it come back. */

import type { GatewayProgress } from '../../gateway/api/progress.ts';
import type { Findings } from '../../model/report.ts';
import { answered } from './answered.ts';
import type { PlatformCity } from './play-city.ts';
import { Recovery, type Seen } from './recovery.ts';

/** Part of the window before the first disturbance, to see what is usual. */
const calmPart = 0.3;

const lookMs = 500;

/**
 * `publishDelayMax` of scenarios that tell how long a recovery took: tens of seconds, in which all
 * devices come back at once. A generator that is a second late meanwhile does not change them.
 */
export const recoveryDelayMax = '1s';

/** What an undisturbed run is like. */
export interface Usual {
  readonly perSecond: number;
  readonly backlog: number;
}

/** Watches the calm beginning of the window. */
export async function watchCalm({ bench, ...city }: PlatformCity): Promise<Usual> {
  const { clock } = bench;
  const { client } = city.platform;
  const endMs = clock.monotonicMs() + bench.parameters.duration * calmPart;
  const first = seenIn({ bench, ...city }, await answered(client, bench));
  let { backlog } = first;
  while (clock.monotonicMs() < endMs) {
    await bench.sleep(lookMs);
    backlog = Math.max(backlog, (await look({ bench, ...city }))?.backlog ?? 0);
  }
  const last = seenIn({ bench, ...city }, await answered(client, bench));
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
  const seen: (Seen | null)[] = [];
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
  for (const each of seen) if (each !== null) recovery.see(each);
  while (!recovery.over && bench.clock.monotonicMs() - overMs < longestMs) {
    await bench.sleep(lookMs);
    const each = await look(city);
    if (each !== null) recovery.see(each);
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

/** Null while the gateway does not answer: what it stored meanwhile is not known. */
async function look(city: PlatformCity): Promise<Seen | null> {
  const progress = await city.platform.client.progress().catch(() => null);
  return progress === null ? null : seenIn(city, progress);
}

function seenIn(
  { bench, simulation }: PlatformCity,
  { stored, waiting }: Pick<GatewayProgress, 'stored' | 'waiting'>,
): Seen {
  const { outstanding, sessions } = simulation.state;
  return { atMs: bench.clock.monotonicMs(), sessions, stored, backlog: waiting + outstanding };
}
