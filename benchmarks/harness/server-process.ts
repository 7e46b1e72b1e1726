/**
 * A server as a child process: started, waited for, taken away and brought back, and ended for
 * sure, whatever becomes of the run.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { type Clock, sleep } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import { niceness } from '../../model/process-priority.ts';

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

  #onDied: (reason: string) => void = () => {};

  constructor(command: ServerCommand, clock: Clock) {
    this.#command = command;
    this.#clock = clock;
  }

  /** Has `tell` called when it ends and nobody had told it to. */
  whenItDies(tell: (reason: string) => void): void {
    this.#onDied = tell;
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
   * the terminal does not reach it before the run has ended. It ends when this process does; where
   * `setpriv` is not installed, only unless that is killed (SIGKILL).
   * @throws OnrampError `store.unavailable` when it is not installed or does not start
   */
  async begin(): Promise<void> {
    const { args, debianPackage, env, program } = this.#command;
    const child = spawn(...bound(program, args), {
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
    const missing = `${program} is not installed (Debian package ${debianPackage})`;
    let serves = false;
    const failed = new Promise<string>((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code === 'ENOENT' ? missing : error.message);
      });
      child.once('exit', (code, signal) => {
        process.removeListener('exit', lastResort);
        const reason = `${program} ended with ${code ?? signal}: ${this.#stderr.slice(-500)}`;
        resolve(code === commandNotFound ? missing : reason);
        if (serves && this.#child === child) this.#onDied(reason);
      });
    });
    const reason = await Promise.race([this.#answers(child), failed]);
    if (reason === null) {
      serves = true;
      return;
    }
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

/** How a shell and `setpriv` say that there is no such program (POSIX.1-2017 §2.8.2). */
const commandNotFound = 127;

/**
 * The command, bound to the life of this process and giving way as workers do (compactions can
 * wait, acknowledgements cannot), as far as the machine has the programs for that.
 */
function bound(program: string, args: readonly string[]): [string, string[]] {
  const [first = program, ...rest] = [
    ...prefix('setpriv', '--pdeathsig', 'KILL'),
    ...prefix('nice', '-n', String(niceness)),
    program,
    ...args,
  ];
  return [first, rest];
}

/** The words before a command, nothing where that program cannot do it. */
function prefix(...words: [string, ...string[]]): string[] {
  const [program, ...args] = words;
  return spawnSync(program, [...args, 'true'], { stdio: 'ignore' }).status === 0 ? words : [];
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
