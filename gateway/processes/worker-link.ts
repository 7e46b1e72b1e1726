/**
 * A worker's side of the bus: reports of sessions in small batches, questions with their answers,
 * and what it remembers of those who were shut out.
 */

import type { Clock, Timer } from '../../model/clock.ts';
import { type ErrorCode, OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { Question } from '../onboarding/questions.ts';
import type { SessionReports } from '../sources/session-reports.ts';
import { type FromWorker, fromFailure, type SessionChange, type ToWorker } from './messages.ts';
import { ShutOuts } from './shut-outs.ts';

const batchMs = 10;
const batchMax = 1000;
const answerTimeoutMs = 10_000;

interface Asked {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timeout: Timer;
}

export interface WorkerLinkOptions {
  readonly clock: Clock;
  readonly send: (message: FromWorker) => void;
}

export class WorkerLink implements SessionReports {
  readonly #options: WorkerLinkOptions;
  readonly #shutOuts = new ShutOuts();
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;
  #changes: SessionChange[] = [];
  #flush: Timer | null = null;

  constructor(options: WorkerLinkOptions) {
    this.#options = options;
  }

  report(change: SessionChange): void {
    this.#changes.push(change);
    if (this.#changes.length >= batchMax) this.flush();
    else this.#flush ??= this.#options.clock.after(batchMs, () => this.flush());
  }

  shutOut(key: string, lookedUpAtMs: number): ErrorCode | null {
    return this.#shutOuts.since(key, lookedUpAtMs);
  }

  /** Remembers a shut-out from now on. */
  noteShutOut(key: string, code: ErrorCode): void {
    this.#shutOuts.note(key, code, this.#options.clock.monotonicMs());
  }

  /** Sends the changes that are gathered. */
  flush(): void {
    this.#flush?.cancel();
    this.#flush = null;
    if (this.#changes.length === 0) return;
    const changes = this.#changes;
    this.#changes = [];
    this.#options.send({ type: 'sessions', changes });
  }

  /**
   * The supervisor's answer. Rejects with what it rejected with, or with `connect.busy` when there
   * is none in time or too many questions are open: then the machine may ask again.
   */
  readonly ask = <Answer>(question: Question): Promise<Answer> => {
    const { clock, send } = this.#options;
    if (this.#asked.size >= limits.questionsOpenMax) {
      return Promise.reject(new OnrampError('connect.busy'));
    }
    const id = ++this.#lastId;
    return new Promise<unknown>((resolve, reject) => {
      const timeout = clock.after(answerTimeoutMs, () => {
        this.#asked.delete(id);
        reject(new OnrampError('connect.busy'));
      });
      this.#asked.set(id, { resolve, reject, timeout });
      send({ type: 'ask', id, question });
    }) as Promise<Answer>;
  };

  /** An answer that comes too late is nobody's. */
  answered({ id, answer, failure }: Extract<ToWorker, { type: 'answer' }>): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    asked.timeout.cancel();
    if (failure === null) asked.resolve(answer);
    else asked.reject(fromFailure(failure));
  }
}
