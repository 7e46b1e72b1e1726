/** The worker processes: started, watched, started again when they die. */

import { type ChildProcess, fork } from 'node:child_process';
import type { Clock } from '../model/clock.ts';
import { type FromWorker, fromFailure, type ToWorker, type WorkerStats } from './messages.ts';
import type { SourceAddress } from './sources/source.ts';

type Start = Extract<ToWorker, { type: 'start' }>;

export interface WorkerPoolOptions {
  readonly count: number;
  readonly clock: Clock;
  /** What a worker is told; `generation` is new for each process. */
  readonly startMessage: (index: number, generation: string) => Start;
  /** A new, never used name of a journal generation. */
  readonly generationName: (index: number) => string;
  /** Last totals of a worker that is gone. */
  readonly onGone: (stats: WorkerStats | null, generation: string) => void;
  readonly log: { warn(message: string): void };
}

interface WorkerSlot {
  readonly index: number;
  process: ChildProcess;
  generation: string;
  stats: WorkerStats | null;
  startedMs: number;
  ready: boolean;
}

const restartDelayMs = 200;
const restartDelayMaxMs = 10_000;
const healthyAfterMs = 10_000;
const stopTimeoutMs = 10_000;

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #slots = new Map<number, WorkerSlot>();
  #addresses: readonly SourceAddress[] = [];
  #restarts = 0;
  #started = false;
  #stopping = false;
  #delayMs = restartDelayMs;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Starts the workers one after the other, so that the first decides ports of 0. */
  async start(): Promise<void> {
    for (let index = 0; index < this.#options.count; index++) {
      this.#addresses = [await this.#spawn(index)];
    }
    this.#started = true;
  }

  get addresses(): readonly SourceAddress[] {
    return this.#addresses;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Totals of the living workers. */
  stats(): WorkerStats[] {
    return [...this.#slots.values()].flatMap((slot) => (slot.stats ? [slot.stats] : []));
  }

  /** Generations whose writer lives. */
  liveGenerations(): ReadonlySet<string> {
    return new Set([...this.#slots.values()].map((slot) => slot.generation));
  }

  /** Tells every worker. */
  broadcast(message: ToWorker): void {
    for (const { process } of this.#slots.values()) send(process, message);
  }

  /** Ends the workers: they commit what waits and close their sessions. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const gone = [...this.#slots.values()].map(
      ({ process }) =>
        new Promise<void>((resolve) => {
          if (process.exitCode !== null || process.signalCode !== null) return resolve();
          const kill = this.#options.clock.after(stopTimeoutMs, () => process.kill('SIGKILL'));
          process.once('exit', () => {
            kill.cancel();
            resolve();
          });
        }),
    );
    this.broadcast({ type: 'stop' });
    await Promise.all(gone);
  }

  #spawn(index: number): Promise<SourceAddress> {
    const { clock, generationName, startMessage } = this.#options;
    const generation = generationName(index);
    const child = fork(new URL('./worker.ts', import.meta.url), [], { serialization: 'advanced' });
    const slot: WorkerSlot = {
      index,
      process: child,
      generation,
      stats: null,
      startedMs: clock.monotonicMs(),
      ready: false,
    };
    this.#slots.set(index, slot);
    return new Promise((resolve, reject) => {
      let failure: Error | null = null;
      child.on('message', (message: FromWorker) => {
        if (message.type === 'ready') {
          slot.ready = true;
          resolve(message.address);
        } else if (message.type === 'stats') slot.stats = message.stats;
        else {
          failure = fromFailure(message);
          if (slot.ready) this.#options.log.warn(`Worker ${index} failed: ${message.message}`);
        }
      });
      child.once('exit', (code, signal) => {
        reject(failure ?? new Error(`worker ${index} ended with ${signal ?? code}`));
        this.#gone(slot, signal ?? String(code));
      });
      send(child, startMessage(index, generation));
    });
  }

  #gone(slot: WorkerSlot, how: string): void {
    const { clock, log, onGone } = this.#options;
    this.#slots.delete(slot.index);
    onGone(slot.stats, slot.generation);
    // A worker that never was ready at the first start is the start's failure.
    if (this.#stopping || (!slot.ready && !this.#started)) return;
    this.#restarts++;
    const lived = clock.monotonicMs() - slot.startedMs;
    this.#delayMs =
      lived > healthyAfterMs ? restartDelayMs : Math.min(this.#delayMs * 2, restartDelayMaxMs);
    log.warn(`Worker ${slot.index} (pid ${slot.process.pid}) ended with ${how}; starting another.`);
    clock.after(this.#delayMs, () => {
      if (this.#stopping) return;
      this.#spawn(slot.index).catch(() => {
        // Its exit has been seen and the next try is scheduled.
      });
    });
  }
}

function send(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => {});
}
