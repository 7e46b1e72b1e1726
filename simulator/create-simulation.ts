/** Who plays a fleet: this process alone, or several. */

import type { Clock } from '../model/clock.ts';
import { LocalSimulation } from './local-simulation.ts';
import type { SimulationOptions } from './options.ts';
import { cityPart } from './shard.ts';
import { processCount, refuseTooMany } from './shards/process-count.ts';
import { ShardedSimulation } from './shards/sharded-simulation.ts';
import type { Simulation, SimulationEvents } from './simulation.ts';

export interface SimulationSurroundings {
  readonly clock: Clock;
  /** Sockets one process may open; as many as it likes when left out. */
  readonly sessionsMax?: number;
  /** Cores of this machine, for `processes: auto`; 1 when left out. */
  readonly cores?: number;
  readonly events?: SimulationEvents;
}

/**
 * Plays in this process when one is asked for or enough, else in processes of their own.
 * @throws OnrampError `config.invalid` when the shard holds no device, fewer than processes, or
 * more than they may open sockets for.
 */
export function createSimulation(
  options: SimulationOptions,
  { clock, sessionsMax = Number.POSITIVE_INFINITY, cores = 1, events }: SimulationSurroundings,
): Simulation {
  const part = cityPart(options);
  const needs = { devices: part.devices.length, sessionsMax, cores };
  const processes = options.processes === 'auto' ? processCount(needs) : options.processes;
  refuseTooMany(needs, processes);
  const settings = { clock, part, ...(events && { events }) };
  if (processes === 1) return new LocalSimulation(options, settings);
  return new ShardedSimulation(options, { ...settings, processes });
}
