/** The fleet of a run, in processes of its own, so that the harness is not the generator. */

import { availableParallelism } from 'node:os';
import { fleetKeyIn } from '../../gateway/data-folder/owner-file.ts';
import { openFilesLimit } from '../../model/open-files-limit.ts';
import { type SimulationOptions, simulationOptions } from '../../simulator/options.ts';
import {
  processCount,
  refuseTooMany,
  sessionsMaxOf,
} from '../../simulator/shards/process-count.ts';
import { ShardedSimulation } from '../../simulator/shards/sharded-simulation.ts';
import type { Simulation, SimulationEvents } from '../../simulator/simulation.ts';
import type { RunParameters } from '../scenarios/parameters.ts';
import { addressesOf, type Platform } from './platform.ts';
import type { RunContext } from './run-context.ts';
import type { TargetSettings } from './target-settings.ts';

/** Devices that come by a claim, and how their first rows are asked for. */
export type Onboard = 'registered' | 'claim';

/** The options of a fleet against the run's own gateway. */
export function optionsOnPlatform(
  parameters: RunParameters,
  { address, files }: Platform,
  onboard: Onboard,
): SimulationOptions {
  const { tls } = parameters;
  const port = tls ? address.mqttTlsPort : address.mqttPort;
  return simulationOptions({
    ...optionsOf(parameters),
    target: `${tls ? 'mqtts' : 'mqtt'}://127.0.0.1:${port}`,
    spreadLoopback: addressesOf(parameters),
    // Who comes by a claim is timed to its first row, and does not wait for the others.
    publishFrom: onboard === 'claim' ? 'session' : 'release',
    fleetKey: fleetKeyIn(files.fleetKey),
    ...(tls && { tlsFingerprint: address.tlsFingerprint }),
    ...(onboard === 'claim' && {
      onboard,
      api: address.httpUrl,
      apiTokenFile: address.operatorToken,
    }),
  });
}

/** … against somebody else's platform. */
export function optionsOnTarget(
  parameters: RunParameters,
  { allowHosts, dialect, fleetKey, tlsCa, url }: TargetSettings,
): SimulationOptions {
  return simulationOptions({
    ...optionsOf(parameters),
    target: url,
    publishFrom: 'release',
    allowHost: [...allowHosts],
    dialect,
    fleetKey,
    ...(tlsCa !== null && { tlsCa }),
  });
}

function optionsOf(parameters: RunParameters): Record<string, unknown> {
  const { connectRate, connectTimeout, connectsInFlight, devices, enterprises } = parameters;
  const { interval, processes, publishDelayMax, qos, report, seed } = parameters;
  return {
    ...{ devices, enterprises, seed, interval, report, qos, processes },
    ...{ connectTimeout, connectsInFlight, publishDelayMax },
    ...(connectRate !== 'fastest' && { connectRate }),
  };
}

/**
 * A fleet in as many processes as asked for, also when that is one, but none without a device.
 * @throws OnrampError `config.invalid` when they may not open sockets for all devices.
 */
export function createFleet(options: SimulationOptions, context: RunContext): Simulation {
  const { clock, closers, fail, monitor } = context;
  const cores = availableParallelism();
  const needs = { devices: options.devices, sessionsMax: sessionsMaxOf(openFilesLimit()), cores };
  const wanted = options.processes === 'auto' ? processCount(needs) : options.processes;
  const processes = Math.min(wanted, options.devices);
  refuseTooMany(needs, processes);
  const events: SimulationEvents = { onState: (state) => monitor.onFleet(state), onFailed: fail };
  const simulation = new ShardedSimulation(options, { clock, processes, events });
  closers.push(() => simulation.stop());
  monitor.watchSimulator(() => simulation.pids);
  return simulation;
}
