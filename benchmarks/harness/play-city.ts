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
  /** `during` proves who is connected, before it disturbs them. */
  readonly proves?: true;
  /** During the window, which lasts as long, and as `duration` at least. */
  readonly during?: (city: PlayedCity) => Promise<Finding>;
  /** After everything is reconciled. */
  readonly after?: (city: PlayedCity, outcome: SimulationOutcome) => Promise<Finding>;
}

/** At smoke size nothing is timed. */
const probePauseMs = { smoke: 0, full: 150 };

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
  await bench.warmUp(simulation);
  const found = await bench.steady(simulation, platform, () => window(city, script));
  await bench.drain(simulation, onboard);
  if (platform !== null) await bench.settle(platform);
  const outcome = await bench.leave(simulation);
  if (platform !== null) await bench.reconcile(platform, outcome);
  return merged([found, await script.after?.(city, outcome)]);
}

/** The scenario's own part, the proof in the middle, and then probes of the walls. */
async function window(city: PlayedCity, { during, proves }: CityScript): Promise<Finding> {
  const { bench, platform, simulation } = city;
  const { duration, isolation } = bench.parameters;
  const endMs = bench.clock.monotonicMs() + duration;
  const isOver = () => bench.clock.monotonicMs() >= endMs;
  const watched = async () => {
    await bench.sleep(duration / 2);
    if (!proves) await bench.prove(simulation, platform);
    if (!isolation || platform === null) return {};
    return {
      isolation: await watchIsolation(platform, bench.clock, probePauseMs[bench.size], isOver),
    };
  };
  const [found, probed] = await Promise.all([during?.(city), watched(), bench.sleep(duration)]);
  return merged([found, probed]);
}

function merged(parts: readonly (Finding | undefined)[]): Finding {
  const all = Object.assign({}, ...parts) as Finding;
  const findings = Object.assign({}, ...parts.map((part) => part?.findings));
  return { ...all, findings };
}
