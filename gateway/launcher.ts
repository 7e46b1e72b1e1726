/** Runs a supervisor and starts it again when it dies: the outermost process of a gateway. */

import { type ChildProcess, fork } from 'node:child_process';
import { type Clock, systemClock } from '../model/clock.ts';
import type { GatewaySettings } from './config.ts';
import { fromFailure } from './messages.ts';
import type { GatewayAddress } from './supervisor.ts';
import type { FromSupervisor, ToSupervisor } from './supervisor-process.ts';

export interface LauncherOptions {
  readonly settings: GatewaySettings;
  /** Called at the first start and after every restart. */
  readonly onReady?: (address: GatewayAddress, restarted: boolean) => void;
  readonly onDied?: (how: string) => void;
  readonly clock?: Clock;
}

const restartDelayMs = 500;
const restartDelayMaxMs = 30_000;
const healthyAfterMs = 20_000;
const stopTimeoutMs = 60_000;

/** A gateway in processes of its own. */
export class GatewayLauncher {
  readonly #options: LauncherOptions;
  readonly #clock: Clock;
  #child: ChildProcess | null = null;
  #stopping = false;
  #delayMs = restartDelayMs;
  #ended: () => void = () => {};

  constructor(options: LauncherOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Resolves when devices can connect. @throws OnrampError what the supervisor's start throws. */
  async start(): Promise<GatewayAddress> {
    const address = await this.#spawn();
    this.#options.onReady?.(address, false);
    return address;
  }

  /** Pid of the supervisor. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Ends the gateway in order: what was accepted is shipped or stays in the journal. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === null) return;
    const gone = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    const kill = this.#clock.after(stopTimeoutMs, () => child.kill('SIGKILL'));
    send(child, { type: 'stop' });
    await gone;
    kill.cancel();
  }

  #spawn(): Promise<GatewayAddress> {
    const child = fork(new URL('./supervisor-process.ts', import.meta.url), [], {
      serialization: 'advanced',
    });
    this.#child = child;
    const startedMs = this.#clock.monotonicMs();
    return new Promise((resolve, reject) => {
      let ready = false;
      child.on('message', (message: FromSupervisor) => {
        if (message.type === 'ready') {
          ready = true;
          resolve(message.address);
        } else {
          reject(fromFailure(message));
        }
      });
      child.once('exit', (code, signal) => {
        this.#child = null;
        const how = signal ?? `code ${code}`;
        reject(new Error(`the supervisor ended with ${how} before it was ready`));
        this.#ended();
        if (ready && !this.#stopping) this.#restart(how, this.#clock.monotonicMs() - startedMs);
      });
      send(child, { type: 'start', settings: this.#options.settings });
    });
  }

  #restart(how: string, livedMs: number): void {
    this.#options.onDied?.(how);
    this.#delayMs =
      livedMs > healthyAfterMs ? restartDelayMs : Math.min(this.#delayMs * 2, restartDelayMaxMs);
    this.#clock.after(this.#delayMs, () => {
      if (this.#stopping) return;
      this.#spawn().then(
        (address) => this.#options.onReady?.(address, true),
        (error: Error) => {
          if (!this.#stopping) this.#restart(error.message, 0);
        },
      );
    });
  }
}

function send(child: ChildProcess, message: ToSupervisor): void {
  if (child.connected) child.send(message, () => {});
}
