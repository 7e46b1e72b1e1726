/** An InfluxDB 1.x of the run's own: Debian's influxd with the settings a large fleet needs. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Clock, sleep } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';

export interface OwnInfluxd {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const startTimeoutMs = 30_000;

/**
 * Starts influxd in `folder` on free loopback ports. The defaults of 1.6 collapse at 100,000
 * devices: an index in memory, a bound on tag values, and small cache snapshots that starve writes.
 * @throws OnrampError `store.unavailable` when it is not installed or does not start.
 */
export async function startInfluxd(folder: string, clock: Clock): Promise<OwnInfluxd> {
  const [http, rpc] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${http}`;
  const child = spawn('influxd', ['run', '-config', '/dev/null'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      INFLUXDB_REPORTING_DISABLED: 'true',
      INFLUXDB_BIND_ADDRESS: `127.0.0.1:${rpc}`,
      INFLUXDB_META_DIR: join(folder, 'meta'),
      INFLUXDB_DATA_DIR: join(folder, 'data'),
      INFLUXDB_DATA_WAL_DIR: join(folder, 'wal'),
      INFLUXDB_DATA_INDEX_VERSION: 'tsi1',
      INFLUXDB_DATA_MAX_VALUES_PER_TAG: '0',
      INFLUXDB_DATA_MAX_SERIES_PER_DATABASE: '0',
      INFLUXDB_DATA_CACHE_SNAPSHOT_MEMORY_SIZE: '800m',
      INFLUXDB_DATA_CACHE_MAX_MEMORY_SIZE: '2g',
      INFLUXDB_DATA_MAX_CONCURRENT_COMPACTIONS: '1',
      INFLUXDB_DATA_WAL_FSYNC_DELAY: '100ms',
      INFLUXDB_DATA_QUERY_LOG_ENABLED: 'false',
      INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${http}`,
      INFLUXDB_HTTP_LOG_ENABLED: 'false',
      INFLUXDB_MONITOR_STORE_ENABLED: 'false',
    },
  });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(new OnrampError('store.unavailable', error.message)));
    child.once('exit', (code) => reject(new OnrampError('store.unavailable', `influxd: ${code}`)));
  });
  failed.catch(() => {});
  await Promise.race([answers(url, clock), failed]);
  return { url, pid: child.pid ?? 0, stop: () => end(child) };
}

async function answers(url: string, clock: Clock): Promise<void> {
  const endMs = clock.monotonicMs() + startTimeoutMs;
  while (clock.monotonicMs() < endMs) {
    const up = await fetch(`${url}/ping`).then(
      ({ status }) => status === 204,
      () => false,
    );
    if (up) return;
    await sleep(clock, 50);
  }
  throw new OnrampError('store.unavailable', 'influxd did not answer within 30 s');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
