/** The store of a run: the gateway's embedded one, a server of the run's own, or somebody's. */

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GatewaySettingsInput } from '../../gateway/config.ts';
import { OnrampError } from '../../model/errors.ts';
import { ownInfluxd } from './influxd.ts';
import type { RunContext } from './run-context.ts';
import { checkStore, detectStore } from './store-server.ts';
import { ownVictoriaMetrics } from './victoria-metrics.ts';

export interface RunStore {
  readonly settings: NonNullable<GatewaySettingsInput['store']>;
  /** Of the run's own server; null for the others, and while it is away. */
  readonly pid: () => number | null;
  /** Takes the server away and brings it back, same address, same rows; null where it is not ours. */
  readonly outage: { away(): Promise<void>; back(): Promise<void> } | null;
}

const ownServers = { influxdb: ownInfluxd, victoriametrics: ownVictoriaMetrics };

/** Servers that a run can start by itself. */
export type OwnServerName = keyof typeof ownServers;

export const ownServerNames = Object.keys(ownServers) as OwnServerName[];

/** A database that is not that of the gateway in daily use. */
const database = 'onramp_bench';

/** False where Debian's influxd, or another of its name, is not to be found. */
export function influxdInstalled(): boolean {
  return spawnSync('influxd', ['version'], { stdio: 'ignore' }).status === 0;
}

/**
 * `embedded`, the name of a server that the run starts, or the URL of an InfluxDB or a
 * VictoriaMetrics that must have room for `devices` devices.
 * @throws OnrampError `store.unavailable`, `store.unsupported`, `store.unauthorized`,
 *   `store.misconfigured`, `store.limits-too-small`
 */
export async function openRunStore(context: RunContext, devices: number): Promise<RunStore> {
  const { clock, closers, fail, folder, store, unlessAborted } = context;
  const notOurs = { pid: () => null, outage: null };
  if (store === 'embedded') return { settings: { kind: 'embedded' }, ...notOurs };
  if (store.includes('://')) {
    const kind = await unlessAborted(detectStore(store, clock));
    const settings = { kind, url: store, database };
    await unlessAborted(checkStore(settings, devices, clock));
    return { settings, ...notOurs };
  }
  const kind = store as OwnServerName;
  const data = join(folder, kind);
  mkdirSync(data);
  const server = await ownServers[kind](data, clock);
  closers.push(() => server.end());
  server.whenItDies((reason) => fail(new OnrampError('store.unavailable', reason)));
  await unlessAborted(server.begin());
  return {
    settings: { kind, url: server.url, database },
    pid: () => server.pid,
    outage: { away: () => server.end(), back: () => server.begin() },
  };
}
