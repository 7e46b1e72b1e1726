/** Debian's InfluxDB 1.6.7 for tests: its own folder and ports, ended by its process id. */

import { rmSync } from 'node:fs';
import { type InfluxdOptions, influxdCommand } from '../../benchmarks/harness/influxd.ts';
import { ServerProcess } from '../../benchmarks/harness/server-process.ts';
import { systemClock } from '../../model/clock.ts';
import { ownFolder } from './own-folder.ts';
import { freePort, requireProgram } from './services.ts';

/** Path of influxd, null when it is absent (then skip). */
export const influxdPath = requireProgram('influxd');

/** A server. Its data stays over `stop`, `kill` and `restart`. */
export class Influxd {
  readonly folder: string;
  readonly port: number;
  readonly url: string;
  readonly #rpcPort: number;
  #process: ServerProcess;

  /** Starts a server and waits until it answers. */
  static async start(options: InfluxdOptions = {}): Promise<Influxd> {
    const folder = ownFolder('onramp-influxd-');
    const influxd = new Influxd(folder, await freePort(), await freePort(), options);
    await influxd.restart();
    return influxd;
  }

  private constructor(folder: string, port: number, rpcPort: number, options: InfluxdOptions) {
    this.folder = folder;
    this.port = port;
    this.#rpcPort = rpcPort;
    this.url = `http://127.0.0.1:${port}`;
    this.#process = this.#withOptions(options);
  }

  #withOptions(options: InfluxdOptions): ServerProcess {
    const ports = { http: this.port, rpc: this.#rpcPort };
    return new ServerProcess(influxdCommand(this.folder, ports, options), systemClock);
  }

  /** Process id, for measuring. */
  get pid(): number {
    const { pid } = this.#process;
    if (pid === null) throw new Error('influxd does not run');
    return pid;
  }

  /** Starts it (again) on the same folder and port; `options` take the place of those before. */
  async restart(options?: InfluxdOptions): Promise<void> {
    await this.#process.end();
    if (options !== undefined) this.#process = this.#withOptions(options);
    await this.#process.begin();
  }

  /** Ends it as a crash does; the data stays. */
  kill(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  /** Ends it in order; the data stays. */
  stop(): Promise<void> {
    return this.#process.end();
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.#process.end('SIGKILL');
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
}
