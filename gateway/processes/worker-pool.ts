/** The worker processes: started, watched, started again when they die or hang. */

import { fork } from 'node:child_process';
import type { Clock, Timer } from '../../model/clock.ts';
import { type Limits, limits as systemLimits } from '../../model/limits.ts';
import { fromSentError } from '../../model/sent-error.ts';
import type { SourceAddress } from '../sources/source.ts';
import type { FromWorker, ToWorker, WorkerStats } from './messages.ts';
import { type Ended, RestartedProcess, type RestartPace } from './restarted-process.ts';
import { workerMemoryFlags } from './worker-memory.ts';

type Start = Extract<ToWorker, { type: 'start' }>;

export interface WorkerPoolOptions {
  readonly count: number;
  /** Of each worker. */
  readonly sessionsMax: number;
  readonly clock: Clock;
  /** Where workers keep their compiled code, so that the next one starts in a third of the time. */
  readonly compiledFolder: string;
  /** What a worker is told; `generation` is new for each process. */
  readonly startMessage: (index: number, generation: string) => Start;
  /** A new, never used name of a journal generation. */
  readonly generationName: (index: number) => string;
  /** What a worker says, but of its life; its totals have been taken in before. */
  readonly onMessage: (index: number, message: FromWorker) => void;
  /** A worker can be told; another process than before when the last one had died. */
  readonly onReady: (index: number) => void;
  /** Last totals of a worker that is gone; its generation is no longer live. */
  readonly onGone: (index: number, stats: WorkerStats | null) => void;
  readonly log: { warn(message: string): void };
  readonly limits?: Partial<Limits>;
}

/** Totals of the worker in one place; another process in the same place has the same index. */
export interface IndexedStats extends WorkerStats {
  /** From 0. */
  readonly index: number;
}

interface WorkerSlot {
  readonly index: number;
  readonly process: RestartedProcess<SourceAddress, FromWorker, ToWorker>;
  /** Of the living process; null between two. */
  generation: string | null;
  stats: WorkerStats | null;
  /** How long it has said nothing, while this process could listen. */
  silentMs: number;
}

const pace: RestartPace = { delayMs: 200, delayMaxMs: 10_000, healthyAfterMs: 10_000 };
const stopTimeoutMs = 10_000;
const watchIntervalMs = 1000;

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #slots: readonly WorkerSlot[];
  #watch: Timer | null = null;
  #addresses: readonly SourceAddress[] = [];
  #restarts = 0;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.count }, (_, index) => this.#slot(index));
  }

  /** Starts the first worker, which decides ports of 0, and then the others together. */
  async start(): Promise<void> {
    const [first, ...others] = this.#slots;
    this.#watch = this.#options.clock.every(watchIntervalMs, () => this.#endSilent());
    this.#addresses = [await first!.process.start()];
    await Promise.all(others.map(({ process }) => process.start()));
  }

  get addresses(): readonly SourceAddress[] {
    return this.#addresses;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Totals of the living workers, in the order of their index. */
  stats(): IndexedStats[] {
    return this.#slots.flatMap(({ index, stats }) => (stats ? [{ index, ...stats }] : []));
  }

  /** Generations whose writer lives. */
  liveGenerations(): ReadonlySet<string> {
    return new Set(this.#slots.flatMap(({ generation }) => (generation ? [generation] : [])));
  }

  /** Tells one worker. What was said to a process that has died does not reach the next one. */
  send(index: number, message: ToWorker): void {
    this.#slots[index]?.process.send(message);
  }

  /** Tells every worker. */
  broadcast(message: ToWorker): void {
    for (const { process } of this.#slots) process.send(message);
  }

  /** Ends the workers: they commit what waits and close their sessions. May be called again. */
  async stop(): Promise<void> {
    this.#watch?.cancel();
    await Promise.all(this.#slots.map(({ process }) => process.stop()));
  }

  #slot(index: number): WorkerSlot {
    const { clock, compiledFolder, generationName, onMessage, onReady, sessionsMax, startMessage } =
      this.#options;
    const env = { ...process.env, NODE_COMPILE_CACHE: compiledFolder };
    const slot: WorkerSlot = {
      index,
      generation: null,
      stats: null,
      silentMs: 0,
      process: new RestartedProcess({
        name: `worker ${index}`,
        clock,
        pace,
        stopTimeoutMs,
        fork: () =>
          fork(new URL('../worker.ts', import.meta.url), [], {
            serialization: 'advanced',
            env,
            execArgv: [...workerMemoryFlags(sessionsMax), ...process.execArgv],
          }),
        greeting: () => {
          slot.generation = generationName(index);
          slot.silentMs = 0;
          return startMessage(index, slot.generation);
        },
        hear: (message) => {
          slot.silentMs = 0;
          if (message.type === 'ready') return { ready: message.address };
          if (message.type === 'failed') return { failed: fromSentError(message) };
          if (message.type === 'stats') slot.stats = message.stats;
          onMessage(index, message);
          return null;
        },
        onReady: () => onReady(index),
        onEnded: (ended) => this.#ended(slot, ended),
      }),
    };
    return slot;
  }

  /**
   * Ends workers that hang. A turn that comes late counts as one: when this process is busy, what
   * workers say waits, and they are not to be blamed.
   */
  #endSilent(): void {
    const { log } = this.#options;
    const { workerSilentMsMax, workerStartMsMax } = { ...systemLimits, ...this.#options.limits };
    for (const slot of this.#slots) {
      if (slot.generation === null) continue;
      slot.silentMs += watchIntervalMs;
      const silentMsMax = slot.stats === null ? workerStartMsMax : workerSilentMsMax;
      if (slot.silentMs <= silentMsMax) continue;
      const seconds = Math.round(slot.silentMs / 1000);
      const { pid } = slot.process;
      log.warn(`Worker ${slot.index} (pid ${pid}) has said nothing for ${seconds} s; ending it.`);
      slot.silentMs = 0;
      slot.process.kill();
    }
  }

  #ended(slot: WorkerSlot, { again, how, pid }: Ended): void {
    const { log, onGone } = this.#options;
    const { stats } = slot;
    slot.generation = null;
    slot.stats = null;
    onGone(slot.index, stats);
    if (!again) return;
    this.#restarts++;
    const who = pid === undefined ? `${slot.index}` : `${slot.index} (pid ${pid})`;
    log.warn(`Worker ${who} ended with ${how}; starting another.`);
  }
}
