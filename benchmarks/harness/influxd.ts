/** An InfluxDB 1.x of one's own: Debian's influxd with the settings a large fleet needs. */

import { join } from 'node:path';
import type { Clock } from '../../model/clock.ts';
import { freeLowPort } from './free-port.ts';
import { type ServerCommand, ServerProcess } from './server-process.ts';

/**
 * The defaults of 1.6 collapse at 100,000 devices: an index in memory, a bound on tag values, and
 * small cache snapshots that starve writes. Go's collector takes half of its CPU, unless the heap
 * may grow fourfold. A write that was given up after the 10 s of the defaults goes on all the same,
 * and is then made again: on a busy machine it is better to wait as long as the gateway does.
 */
const largeFleet = {
  GOGC: '400',
  INFLUXDB_DATA_INDEX_VERSION: 'tsi1',
  INFLUXDB_DATA_MAX_VALUES_PER_TAG: '0',
  INFLUXDB_DATA_MAX_SERIES_PER_DATABASE: '0',
  INFLUXDB_DATA_CACHE_SNAPSHOT_MEMORY_SIZE: '800m',
  INFLUXDB_DATA_CACHE_MAX_MEMORY_SIZE: '2g',
  INFLUXDB_DATA_MAX_CONCURRENT_COMPACTIONS: '1',
  INFLUXDB_DATA_WAL_FSYNC_DELAY: '100ms',
  INFLUXDB_COORDINATOR_WRITE_TIMEOUT: '30s',
};

export interface InfluxdOptions {
  /** Leaves the server its defaults. */
  readonly defaults?: boolean;
  /** More settings, as environment variables of influxd; may be changed between starts. */
  readonly env?: Readonly<Record<string, string>>;
}

/** influxd on loopback, with its data in `folder`. */
export function influxdCommand(
  folder: string,
  ports: { readonly http: number; readonly rpc: number },
  { defaults = false, env = {} }: InfluxdOptions = {},
): ServerCommand {
  return {
    program: 'influxd',
    debianPackage: 'influxdb',
    // No configuration file: only its defaults and the environment.
    args: ['run', '-config', '/dev/null'],
    url: `http://127.0.0.1:${ports.http}`,
    readyPath: '/ping',
    env: {
      HOME: folder,
      INFLUXDB_REPORTING_DISABLED: 'true',
      INFLUXDB_BIND_ADDRESS: `127.0.0.1:${ports.rpc}`,
      INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${ports.http}`,
      INFLUXDB_HTTP_LOG_ENABLED: 'false',
      INFLUXDB_META_DIR: join(folder, 'meta'),
      INFLUXDB_DATA_DIR: join(folder, 'data'),
      INFLUXDB_DATA_WAL_DIR: join(folder, 'wal'),
      INFLUXDB_DATA_QUERY_LOG_ENABLED: 'false',
      INFLUXDB_MONITOR_STORE_ENABLED: 'false',
      ...(defaults ? {} : largeFleet),
      ...env,
    },
  };
}

/** An influxd that is not started yet, on free ports. */
export async function ownInfluxd(folder: string, clock: Clock): Promise<ServerProcess> {
  const ports = { http: await freeLowPort(), rpc: await freeLowPort() };
  return new ServerProcess(influxdCommand(folder, ports), clock);
}
