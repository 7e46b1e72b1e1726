/** The store of a run: the gateway's embedded one, a server of the run's own, or somebody's. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { GatewaySettingsInput } from '../../gateway/config.ts';
import { startInfluxd } from './influxd.ts';
import type { RunContext } from './run-context.ts';

export interface RunStore {
  readonly settings: NonNullable<GatewaySettingsInput['store']>;
  /** Of the run's own server; null for the others, and while it is away. */
  readonly pid: () => number | null;
  /** Takes the server away and brings it back, same address, same rows; null where that is not ours. */
  readonly outage: { away(): Promise<void>; back(): Promise<void> } | null;
}

/** False where Debian's influxd, or another of its name, is not to be found. */
export function influxdInstalled(): boolean {
  return spawnSync('influxd', ['version'], { stdio: 'ignore' }).status === 0;
}

/** @throws OnrampError `store.unavailable`. */
export async function openRunStore(context: RunContext): Promise<RunStore> {
  const { clock, closers, folder, lastResort, store, unlessAborted } = context;
  if (store === 'embedded') {
    return { settings: { kind: 'embedded' }, pid: () => null, outage: null };
  }
  if (store !== 'influxdb') {
    const settings = { kind: 'influxdb' as const, url: store, database: 'onramp_bench' };
    return { settings, pid: () => null, outage: null };
  }
  const starting = startInfluxd(join(folder, 'influxdb'), clock);
  closers.push(async () => (await starting.catch(() => null))?.stop());
  const influxd = await unlessAborted(starting);
  lastResort.add(influxd.pid);
  return {
    settings: { kind: 'influxdb', url: influxd.url, database: 'onramp' },
    pid: () => influxd.pid,
    outage: null,
  };
}
