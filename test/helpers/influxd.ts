/** Debian's InfluxDB 1.6.7 for tests: its own folder and ports, ended by its process id. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, requireProgram } from './services.ts';

/** Path of influxd, null when it is absent (then skip). */
export const influxdPath = requireProgram('influxd');

/** What the load tests need; the defaults collapse at 100,000 devices. */
const loadSettings = {
  INFLUXDB_DATA_INDEX_VERSION: 'tsi1',
  INFLUXDB_DATA_MAX_VALUES_PER_TAG: '0',
  INFLUXDB_DATA_MAX_SERIES_PER_DATABASE: '0',
  INFLUXDB_DATA_CACHE_SNAPSHOT_MEMORY_SIZE: '800m',
  INFLUXDB_DATA_CACHE_MAX_MEMORY_SIZE: '2g',
  INFLUXDB_DATA_MAX_CONCURRENT_COMPACTIONS: '1',
  INFLUXDB_DATA_WAL_FSYNC_DELAY: '100ms',
};

export interface InfluxdOptions {
  /** Leave the server its defaults, which collapse at 100,000 devices. */
  readonly defaults?: boolean;
  /** More settings, as environment variables of influxd. */
  readonly env?: Readonly<Record<string, string>>;
}

const folderPrefix = 'onramp-influxd-';

/** Removes the data of servers whose test process is gone without `remove`. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(name.slice(folderPrefix.length).split('-')[0]);
    if (!name.startsWith(folderPrefix) || isAlive(pid)) continue;
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A server. Its data stays over `stop`, `kill` and `restart`. */
export class Influxd {
  readonly folder: string;
  readonly port: number;
  readonly url: string;
  readonly #env: Record<string, string>;
  #process: ChildProcess | null = null;
  #log = '';

  /** Starts a server and waits until it answers. */
  static async start(options: InfluxdOptions = {}): Promise<Influxd> {
    removeLeftovers();
    const folder = mkdtempSync(join(tmpdir(), `${folderPrefix}${process.pid}-`));
    const influxd = new Influxd(folder, await freePort(), await freePort(), options);
    await influxd.restart();
    return influxd;
  }

  private constructor(folder: string, port: number, rpcPort: number, options: InfluxdOptions) {
    this.folder = folder;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#env = {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      INFLUXDB_REPORTING_DISABLED: 'true',
      INFLUXDB_BIND_ADDRESS: `127.0.0.1:${rpcPort}`,
      INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${port}`,
      INFLUXDB_HTTP_LOG_ENABLED: 'false',
      INFLUXDB_META_DIR: join(folder, 'meta'),
      INFLUXDB_DATA_DIR: join(folder, 'data'),
      INFLUXDB_DATA_WAL_DIR: join(folder, 'wal'),
      INFLUXDB_MONITOR_STORE_ENABLED: 'false',
      ...(options.defaults ? {} : loadSettings),
      ...options.env,
    };
  }

  /** Process id, for measuring. */
  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error('influxd does not run');
    return pid;
  }

  /** Starts it (again) on the same folder and port. */
  async restart(): Promise<void> {
    await this.#end('SIGTERM');
    // No configuration file: only its defaults and the environment.
    const child = spawn(influxdPath ?? 'influxd', ['run', '-config', '/dev/null'], {
      env: this.#env,
      cwd: this.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    this.#log = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString()).slice(-10_000);
    });
    child.on('error', (error) => {
      this.#log += error.message;
    });
    const deadline = Date.now() + 30_000;
    while (!(await this.#answers())) {
      const ended = child.exitCode !== null || child.signalCode !== null;
      if (ended || Date.now() > deadline) {
        throw new Error(`influxd did not start: ${this.#log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it as a crash does; the data stays. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Ends it in order; the data stays. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.#end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Freezes or thaws it: connections stay open and nothing answers. */
  freeze(frozen: boolean): void {
    process.kill(this.pid, frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Runs InfluxQL; answers the series of its first result. */
  async query(
    statement: string,
    database = 'onramp',
  ): Promise<
    { name: string; tags?: Record<string, string>; columns: string[]; values: unknown[][] }[]
  > {
    const parameters = new URLSearchParams({ db: database, epoch: 'ms', q: statement });
    const answer = await fetch(`${this.url}/query`, { method: 'POST', body: parameters });
    const body = (await answer.json()) as {
      error?: string;
      results?: { error?: string; series?: never[] }[];
    };
    const error = body.error ?? body.results?.[0]?.error;
    if (error !== undefined) throw new Error(error);
    return body.results?.[0]?.series ?? [];
  }

  /** Writes line protocol with timestamps in milliseconds, as another program would. */
  async write(database: string, lines: string): Promise<void> {
    const path = `/write?db=${encodeURIComponent(database)}&precision=ms`;
    const answer = await fetch(`${this.url}${path}`, { method: 'POST', body: lines });
    if (answer.status !== 204) throw new Error(await answer.text());
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/ping`)).status === 204;
    } catch {
      return false;
    }
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}
