/** The store `embedded`: DuckDB in a thread of this process, and this the side that talks to it. */

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { messageOf, OnrampError } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import type { StoreContext } from '../context.ts';
import type {
  DeviceLedger,
  LedgerQuery,
  LineBatch,
  ReadingsQuery,
  Store,
  StoredReading,
  StoreTotals,
  WriteResult,
} from '../store.ts';
import type {
  Operation,
  Operations,
  ThreadAnswer,
  ThreadOptions,
  ThreadRequest,
} from './messages.ts';
import type { EmbeddedSettings } from './settings.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class EmbeddedStore implements Store {
  readonly preference = { linesInitial: 5000, linesMax: limits.writeLinesMax, concurrencyMax: 1 };
  readonly #settings: EmbeddedSettings;
  readonly #context: StoreContext;
  #description = 'embedded';
  #thread: Worker | null = null;
  #stopped = false;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting>();

  constructor(settings: EmbeddedSettings, context: StoreContext) {
    this.#settings = settings;
    this.#context = context;
  }

  get description(): string {
    return this.#description;
  }

  async start(): Promise<void> {
    this.#stopped = false;
    if (this.#thread === null) await this.#startThread();
  }

  async write(batch: LineBatch): Promise<WriteResult> {
    try {
      if (this.#thread === null && !this.#stopped) await this.#startThread();
      // A copy of its own: posting a view would copy the whole buffer it is a view of.
      const lines = new Uint8Array(batch.lines);
      return await this.#ask('write', lines, [lines.buffer]);
    } catch (error) {
      return { status: 'unavailable', reason: messageOf(error) };
    }
  }

  totals(fromMs: number): Promise<StoreTotals> {
    return this.#ask('totals', fromMs);
  }

  readings(query: ReadingsQuery): Promise<StoredReading[]> {
    return this.#ask('readings', query);
  }

  ledger(query: LedgerQuery): Promise<DeviceLedger[]> {
    return this.#ask('ledger', query);
  }

  async prune(beforeMs: number): Promise<void> {
    await this.#ask('prune', beforeMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const thread = this.#thread;
    if (thread === null) return;
    try {
      await this.#ask('stop', null);
    } finally {
      this.#thread = null;
      await thread.terminate();
    }
  }

  async #startThread(): Promise<void> {
    const { file, memoryLimit, threads, queryTimeoutMs } = this.#settings;
    const path = file ?? join(this.#context.dataFolder, 'readings.duckdb');
    const options: ThreadOptions = { file: path, memoryLimit, threads, queryTimeoutMs };
    const thread = new Worker(new URL('./embedded-thread.ts', import.meta.url), {
      workerData: options,
    });
    this.#thread = thread;
    thread.on('message', (answer: ThreadAnswer) => this.#settle(answer));
    thread.on('error', (error) =>
      this.#context.logger.error(`The store's thread: ${error.message}`),
    );
    thread.on('exit', () => this.#lose(thread));
    try {
      this.#description = `embedded (DuckDB ${await this.#ask('start', null)})`;
    } catch (error) {
      if (this.#thread === thread) this.#thread = null;
      await thread.terminate();
      throw error;
    }
  }

  async #ask<Name extends Operation>(
    operation: Name,
    argument: Operations[Name]['takes'],
    transfer: ArrayBuffer[] = [],
  ): Promise<Operations[Name]['answers']> {
    const thread = this.#thread;
    if (thread === null) throw new OnrampError('store.unavailable', 'the store is not started');
    if (operation !== 'write' && this.#waiting.size >= limits.storeReadsWaitingMax) {
      throw new OnrampError('store.unavailable', 'too many queries wait for the store');
    }
    this.#lastId += 1;
    const request: ThreadRequest<Name> = { id: this.#lastId, operation, argument };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, {
        resolve: resolve as (value: unknown) => void,
        reject,
      });
      thread.postMessage(request, transfer);
    });
  }

  #settle(answer: ThreadAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.ok) waiting?.resolve(answer.value);
    else waiting?.reject(new OnrampError(answer.code, answer.detail));
  }

  /** The next write starts another thread. */
  #lose(thread: Worker): void {
    if (this.#thread !== thread) return;
    this.#thread = null;
    for (const { reject } of this.#waiting.values()) {
      reject(new OnrampError('store.unavailable', "the store's thread ended"));
    }
    this.#waiting.clear();
  }
}
