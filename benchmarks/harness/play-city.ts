/** How a city is played, from its first process to its last row. */

import type { Simulation, SimulationOutcome } from '../../simulator/simulation.ts';
import type { Bench } from './bench.ts';
import type { Finding } from './finding.ts';
import type { Onboard } from './fleet.ts';
import { watchIsolation } from './isolation-watch.ts';
import type { Platform } from './platform.ts';

/** A city that is being played; `platform` is null where it plays against a target. */
export interface PlayedCity {
  readonly bench: Bench;
  readonly simulation: Simulation;
  readonly platform: Platform | null;
}

export type PlatformCity = PlayedCity & { readonly platform: Platform };

/** The part of a scenario that needs the run's own gateway, as `CityScript.during`. */
export function onPlatform(
  during: (city: PlatformCity) => Promise<Finding>,
): (city: PlayedCity) => Promise<Finding> {
  return async ({ platform, ...city }) => (platform === null ? {} : during({ ...city, platform }));
}

/** What a scenario does that is not done to every city. */
export interface CityScript {
  /** The gateway needs a TLS port, whatever the parameters say. */
  readonly tls?: true;
  readonly onboard?: Onboard;
  /** When the gateway runs and nothing is connected. */
  readonly before?: (platform: Platform) => Promise<void>;
  /** During the window, which lasts as long, and as `duration` at least. */
  readonly during?: (city: PlayedCity) => Promise<Finding>;
  /** After everything is reconciled. */
  readonly after?: (city: PlayedCity, outcome: SimulationOutcome) => Promise<Finding>;
}

/**
 * Pauses between two attempts of an identity for which there is time in a window: one round of
 * probes then takes most of it, and the load stays what it is. At smoke size nothing is timed.
 */
const pausesOfWindow = 667;

/** Plays the city of the parameters; what all cities find is noted by the bench. */
export async function playCity(bench: Bench, script: CityScript = {}): Promise<Finding> {
  const { onboard = 'registered' } = script;
  const platform = bench.target === null ? await bench.startPlatform(script.tls) : null;
  if (platform !== null) {
    await bench.register(platform, onboard);
    await script.before?.(platform);
  }
  const simulation = await bench.prepareFleet(platform, onboard);
  const city = { bench, simulation, platform };
  await bench.connect(simulation, onboard);
  await bench.warmUp(simulation, platform);
  let watched: Promise<Finding> = Promise.resolve({});
  const found = await bench.steady(simulation, platform, () => {
    watched = watchWalls(city);
    // The window may fail first.
    watched.catch(() => {});
    return window(city, script);
  });
  // The window is over when its time is; a round of probes may end while nothing comes due.
  const [probed] = await Promise.all([watched, bench.drain(simulation, onboard)]);
  if (platform !== null) await bench.settle(platform);
  const outcome = await bench.leave(simulation);
  if (platform !== null) await bench.reconcile(platform, outcome);
  return merged([found, probed, await script.after?.(city, outcome)]);
}

/** The scenario's own part, for as long as the window lasts at least. */
async function window(city: PlayedCity, { during }: CityScript): Promise<Finding> {
  const { bench } = city;
  const [found] = await Promise.all([during?.(city), bench.sleep(bench.parameters.duration)]);
  return found ?? {};
}

/** Probes the walls while the window lasts; a round that has begun is finished. */
async function watchWalls({ bench, platform }: PlayedCity): Promise<Finding> {
  const { duration, isolation } = bench.parameters;
  if (!isolation || platform === null) return {};
  const endMs = bench.clock.monotonicMs() + duration;
  const leftMs = () => endMs - bench.clock.monotonicMs();
  const pauseMs = bench.size === 'full' ? duration / pausesOfWindow : 0;
  return { isolation: await watchIsolation(bench, platform, pauseMs, leftMs) };
}

function merged(parts: readonly (Finding | undefined)[]): Finding {
  const all = Object.assign({}, ...parts) as Finding;
  const findings = Object.assign({}, ...parts.map((part) => part?.findings));
  return { ...all, findings };
}
