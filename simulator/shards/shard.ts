/** One process that plays a part of a fleet, as whoever forked it sees it. */

import { type ChildProcess, fork } from 'node:child_process';
import type { Clock } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import { fromSentError } from '../../model/sent-error.ts';
import { emptyState } from '../fleet-state.ts';
import type { FoundRow } from '../onboarding/row-watch.ts';
import type { SimulationOptions } from '../options.ts';
import type { FleetState } from '../simulation.ts';
import type { FromShard, ShardFound, ShardStep, ToShard } from './messages.ts';

/** A process that was told to stop and still runs after this long is killed. */
const stopTimeoutMs = 5000;

/**
 * Messages are done soon. V8's own choice was no faster with 12,500 sessions that are acknowledged
 * within 20 ms, and took 90 MB more.
 */
const youngSpace = '--max-semi-space-size=4';

export interface ShardSettings {
  /** Of the part. */
  readonly options: SimulationOptions;
  /** For messages, e.g. `3 of 7`. */
  readonly name: string;
  readonly clock: Clock;
  /** A state came, with what was counted since the one before. */
  readonly onState: (state: FleetState) => void;
  /** The process ended although nobody had told it to. */
  readonly onEnded: (error: Error) => void;
}

interface Step {
  readonly resolve: (found: ShardFound | null) => void;
  readonly reject: (error: Error) => void;
}

export class Shard {
  readonly #settings: ShardSettings;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #steps = new Map<number, Step>();
  #state: FleetState;
  #rowsMissing = 0;
  #asked = false;
  #lastId = 0;
  /** Why no more steps are taken. */
  #over: Error | null = null;
  #stopped: Promise<void> | null = null;
  #stopError: Error | null = null;

  /** Forks the process. */
  constructor(settings: ShardSettings, devices: number) {
    this.#settings = settings;
    this.#state = emptyState(devices, settings.options.qos);
    this.#child = fork(new URL('./process.ts', import.meta.url), [], {
      execArgv: [...process.execArgv, youngSpace],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    const end = (how: string): void => {
      this.#ended(how);
      resolve();
    };
    this.#child.on('message', (message: FromShard) => this.#heard(message));
    this.#child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    // Of a process that was made it only says that a message or a signal did not arrive.
    this.#child.on('error', (error) => {
      if (this.#child.pid === undefined) end(error.message);
    });
    this.#send({ type: 'start', options: settings.options });
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** The latest state it told. */
  get state(): FleetState {
    return this.#state;
  }

  /** First rows to be asked for, as it told last. */
  get rowsMissing(): number {
    return this.#rowsMissing;
  }

  /** True while an answer to `ask` is due. */
  get asked(): boolean {
    return this.#asked;
  }

  /** Has it tell its state, unless it still owes an answer. */
  ask(): void {
    if (this.#asked || this.#over !== null) return;
    this.#asked = true;
    this.#send({ type: 'tell' });
  }

  /** Tells it of first rows; devices are numbered as in its part. */
  tellRows(rows: readonly FoundRow[]): void {
    this.#send({ type: 'rows', rows });
  }

  refuseRows(): void {
    this.#send({ type: 'rows-refused' });
  }

  /**
   * Resolves when the step is done.
   * @throws what the step threw; OnrampError `simulate.process-ended`.
   */
  step(step: ShardStep, argument: number): Promise<ShardFound | null> {
    if (this.#over !== null) return Promise.reject(this.#over);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#steps.set(id, { resolve, reject });
      this.#send({ type: 'step', id, step, argument });
    });
  }

  /**
   * Resolves when the process is gone; it is killed when it does not stop by itself. May be called
   * again.
   * @throws OnrampError `config.invalid` when the last of its files could not be written.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const kill = this.#settings.clock.after(stopTimeoutMs, () => this.#child.kill('SIGKILL'));
    this.#send({ type: 'stop' });
    await this.#exited;
    kill.cancel();
    if (this.#stopError !== null) throw this.#stopError;
  }

  #heard(message: FromShard): void {
    if (message.type === 'state') {
      this.#asked = false;
      this.#learn(message);
    } else if (message.type === 'stopped') {
      this.#stopError = message.error === null ? null : fromSentError(message.error);
    } else {
      const step = this.#steps.get(message.id);
      this.#steps.delete(message.id);
      if (message.type === 'failed') {
        step?.reject(fromSentError(message.error));
      } else {
        this.#learn(message);
        step?.resolve(message.found);
      }
    }
  }

  #learn({ rowsMissing, state }: { rowsMissing: number; state: FleetState }): void {
    this.#rowsMissing = rowsMissing;
    this.#state = state;
    this.#settings.onState(state);
  }

  #ended(how: string): void {
    if (this.#over !== null) return;
    const { name, onEnded } = this.#settings;
    this.#asked = false;
    this.#over = new OnrampError(
      'simulate.process-ended',
      `process ${name}, pid ${this.pid ?? 'none'}: ${how}`,
    );
    for (const { reject } of this.#steps.values()) reject(this.#over);
    this.#steps.clear();
    if (this.#stopped === null) onEnded(this.#over);
  }

  #send(message: ToShard): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}
