/** A forked process that is started again when it ends, after a delay that grows. */

import type { ChildProcess } from 'node:child_process';
import type { Clock, Timer } from '../../model/clock.ts';
import { messageOf } from '../../model/errors.ts';

/** How soon a process that ended is started again. */
export interface RestartPace {
  /** Before the first try; doubled for each process that ends soon, up to `delayMaxMs`. */
  readonly delayMs: number;
  readonly delayMaxMs: number;
  /** One that lived longer than this was healthy: the delay begins anew. */
  readonly healthyAfterMs: number;
}

/** What a message of a process says of its life: that it is ready, or why it will end. */
export type Heard<Address> = { readonly ready: Address } | { readonly failed: Error };

/** How a process ended, or that it could not be made. */
export interface Ended {
  /** The reason it gave, else the signal or the exit code, for people. */
  readonly how: string;
  /** Undefined when it could not be made. */
  readonly pid: number | undefined;
  /** Another will be started. */
  readonly again: boolean;
}

export interface RestartedProcessOptions<Address, From, To> {
  /** For messages, e.g. `worker 0`. */
  readonly name: string;
  readonly clock: Clock;
  readonly pace: RestartPace;
  /** A process that was told to stop and still runs after this long is killed. */
  readonly stopTimeoutMs: number;
  /** Makes a process. Throwing is as good as its end. */
  readonly fork: () => ChildProcess;
  /** What each process is told first. */
  readonly greeting: () => To;
  /** Called for each message; null when it says nothing of the process's life. */
  readonly hear: (message: From) => Heard<Address> | null;
  /** Called when a process is ready. */
  readonly onReady?: (address: Address, restarted: boolean) => void;
  /** Called for each end, also of a process that could not be made. */
  readonly onEnded: (ended: Ended) => void;
}

export class RestartedProcess<Address, From, To> {
  readonly #options: RestartedProcessOptions<Address, From, To>;
  #child: ChildProcess | null = null;
  #nextDelayMs: number;
  #again: Timer | null = null;
  /** Once it was ready, it is kept running. */
  #keepRunning = false;
  #stopped: Promise<void> | null = null;
  #onGone: () => void = () => {};

  constructor(options: RestartedProcessOptions<Address, From, To>) {
    this.#options = options;
    this.#nextDelayMs = options.pace.delayMs;
  }

  /**
   * Resolves when the process is ready. Rejects with its failure when it ends before that, and
   * then it is not started again. Call once.
   */
  async start(): Promise<Address> {
    const address = await this.#live();
    this.#options.onReady?.(address, false);
    return address;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Tells the process, when there is one. */
  send(message: To | { readonly type: 'stop' }): void {
    if (this.#child?.connected) this.#child.send(message as object, () => {});
  }

  /** Ends the process, when there is one, whatever it does; another takes its place. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Tells the process to stop and resolves when it is gone for good. May be called again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { clock, stopTimeoutMs } = this.#options;
    this.#keepRunning = false;
    this.#again?.cancel();
    const child = this.#child;
    if (child === null) return;
    const gone = new Promise<void>((resolve) => {
      this.#onGone = resolve;
    });
    const kill = clock.after(stopTimeoutMs, () => child.kill('SIGKILL'));
    this.send({ type: 'stop' });
    await gone;
    kill.cancel();
  }

  /** The life of one process. Rejects when it ends before it was ready. */
  #live(): Promise<Address> {
    const { clock, fork, greeting, hear, name } = this.#options;
    const startedMs = clock.monotonicMs();
    return new Promise((resolve, reject) => {
      let failure: Error | null = null;
      let over = false;
      const end = (how: string, pid?: number): void => {
        if (over) return;
        over = true;
        reject(failure ?? new Error(`${name} ended with ${how} before it was ready`));
        this.#ended(failure?.message ?? how, pid, clock.monotonicMs() - startedMs);
      };
      const child = this.#fork(fork, end);
      if (child === null) return;
      this.#child = child;
      child.on('message', (message: From) => {
        const heard = over ? null : hear(message);
        if (heard === null) return;
        if ('failed' in heard) {
          failure = heard.failed;
          return;
        }
        this.#keepRunning = this.#stopped === null;
        resolve(heard.ready);
      });
      child.once('exit', (code, signal) => end(signal ?? `code ${code}`, child.pid));
      // Of a process that was made it only says that a message or a signal did not arrive.
      child.on('error', (error) => {
        if (child.pid === undefined) end(error.message);
      });
      this.send(greeting());
    });
  }

  /** Depending on what the system is short of, `fork` throws or its process emits an error. */
  #fork(fork: () => ChildProcess, end: (how: string) => void): ChildProcess | null {
    try {
      return fork();
    } catch (error) {
      end(messageOf(error));
      return null;
    }
  }

  #ended(how: string, pid: number | undefined, livedMs: number): void {
    const { clock, onEnded, onReady, pace } = this.#options;
    const again = this.#keepRunning;
    this.#child = null;
    this.#onGone();
    onEnded({ how, pid, again });
    if (!again) return;
    if (livedMs > pace.healthyAfterMs) this.#nextDelayMs = pace.delayMs;
    this.#again = clock.after(this.#nextDelayMs, () => {
      this.#live().then(
        (address) => onReady?.(address, true),
        () => {
          // Its end has been told and the next try is scheduled.
        },
      );
    });
    this.#nextDelayMs = Math.min(this.#nextDelayMs * 2, pace.delayMaxMs);
  }
}
