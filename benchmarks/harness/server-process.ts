/**
 * A server as a child process: started, waited for, taken away and brought back, and ended for
 * sure, whatever becomes of the run.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { type Clock, sleep } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';

/** How a server is started. */
export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** All of its environment but PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly url: string;
  /** Path that answers with a 2xx once it serves. */
  readonly readyPath: string;
  /** Debian's package, for whoever has it not installed. */
  readonly debianPackage: string;
}

const startTimeoutMs = 60_000;
const stopTimeoutMs = 60_000;
const pollMs = 50;
const stderrCharsMax = 10_000;

/** A server whose data stays over `end` and `begin`. */
export class ServerProcess {
  readonly #command: ServerCommand;
  readonly #clock: Clock;
  #child: ChildProcess | null = null;
  /** Settled once the last one that was told to end is gone. */
  #gone: Promise<unknown> = Promise.resolve();
  #stderr = '';

  constructor(command: ServerCommand, clock: Clock) {
    this.#command = command;
    this.#clock = clock;
  }

  get url(): string {
    return this.#command.url;
  }

  /** Null while it is away. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /**
   * Starts it and waits until it answers. It is in a process group of its own, so that Ctrl-C at
   * the terminal does not reach it before the run has ended. It ends when this process does, unless
   * that is killed (SIGKILL).
   * @throws OnrampError `store.unavailable` when it is not installed or does not start
   */
  async begin(): Promise<void> {
    const { args, debianPackage, env, program } = this.#command;
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH ?? '', ...env },
    });
    this.#child = child;
    this.#stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-stderrCharsMax);
    });
    const lastResort = (): void => signalGroup(child, 'SIGKILL');
    process.once('exit', lastResort);
    const failed = new Promise<string>((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        const missing = `${program} is not installed (Debian package ${debianPackage})`;
        resolve(error.code === 'ENOENT' ? missing : error.message);
      });
      child.once('exit', (code, signal) => {
        process.removeListener('exit', lastResort);
        resolve(`${program} ended with ${code ?? signal}: ${this.#stderr.slice(-500)}`);
      });
    });
    const reason = await Promise.race([this.#answers(child), failed]);
    if (reason === null) return;
    await this.end('SIGKILL');
    throw new OnrampError('store.unavailable', reason);
  }

  /**
   * Ends it, in order unless it takes too long; the data stays. Resolves when it is gone, also when
   * somebody else is just ending it.
   */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child !== null && child.pid !== undefined && !hasEnded(child)) {
      this.#gone = new Promise((resolve) => child.once('exit', resolve));
      signalGroup(child, signal);
      const kill = this.#clock.after(stopTimeoutMs, () => signalGroup(child, 'SIGKILL'));
      this.#gone.then(() => kill.cancel());
    }
    await this.#gone;
  }

  /** Null once it answers, else why it did not. */
  async #answers(child: ChildProcess): Promise<string | null> {
    const { program, readyPath, url } = this.#command;
    const endMs = this.#clock.monotonicMs() + startTimeoutMs;
    while (this.#clock.monotonicMs() < endMs && !hasEnded(child)) {
      const signal = AbortSignal.timeout(startTimeoutMs);
      const up = await fetch(url + readyPath, { signal }).then(
        ({ ok }) => ok,
        () => false,
      );
      if (up) return null;
      await sleep(this.#clock, pollMs);
    }
    return `${program} did not answer within ${startTimeoutMs / 1000} s`;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function signalGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined || hasEnded(child)) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has just ended.
  }
}
