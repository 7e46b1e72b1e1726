/** A process and everything it starts, marked by a variable of their environment (Linux). */

import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

let runs = 0;

/** A marked process, and how to find whoever lives of it and of those it started. */
export class MarkedProcess {
  readonly child: ChildProcess;
  readonly #mark: string;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#mark = `ONRAMP_TEST_RUN=${process.pid}-${runs++}`;
    const [name, value] = this.#mark.split('=') as [string, string];
    this.child = spawn(process.execPath, args, {
      env: { ...process.env, ...environment, [name]: value },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.on('data', (bytes) => {
      this.stdout += bytes;
    });
    this.child.stderr!.on('data', (bytes) => {
      this.stderr += bytes;
    });
  }

  /** Resolves with the exit code when it is gone and all it wrote is read. */
  ended(): Promise<number | null> {
    return new Promise((resolve) => this.child.once('close', (code) => resolve(code)));
  }

  /** Command lines of those that live, also of orphans. */
  living(): string[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
          if (!environment.split('\0').includes(this.#mark)) return [];
          return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
        } catch {
          return [];
        }
      });
  }
}
