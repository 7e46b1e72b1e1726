/** Debian's VictoriaMetrics for tests: its own folder and port, ended by its process id. */

import { rmSync } from 'node:fs';
import { ServerProcess } from '../../benchmarks/harness/server-process.ts';
import { victoriaMetricsCommand } from '../../benchmarks/harness/victoria-metrics.ts';
import { systemClock } from '../../model/clock.ts';
import { ownFolder } from './own-folder.ts';
import { freePort, requireProgram } from './services.ts';

/** Path of victoria-metrics, null when it is absent (then skip). */
export const victoriaMetricsPath = requireProgram('victoria-metrics');

/** A server. Its data stays over `kill` and `begin`. */
export class VictoriaMetrics extends ServerProcess {
  readonly #folder: string;

  /** Starts a server and waits until it answers. */
  static async start(flags?: readonly string[]): Promise<VictoriaMetrics> {
    const folder = ownFolder('onramp-victoriametrics-');
    const server = new VictoriaMetrics(folder, await freePort(), flags);
    await server.begin();
    return server;
  }

  private constructor(folder: string, port: number, flags?: readonly string[]) {
    super(victoriaMetricsCommand(folder, port, flags), systemClock);
    this.#folder = folder;
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
