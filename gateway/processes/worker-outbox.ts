/**
 * The supervisor's side of the bus: which sessions end, and answers, gathered for a moment for each
 * worker, so that a storm costs a message for many.
 */

import type { Clock, Timer } from '../../model/clock.ts';
import type { ErrorCode } from '../../model/errors.ts';
import type { Answered, ToWorker } from './messages.ts';

export interface WorkerOutboxOptions {
  readonly clock: Clock;
  readonly send: (worker: number, message: ToWorker) => void;
}

interface Waiting {
  readonly ends: Map<ErrorCode, number[]>;
  answers: Answered[];
}

const gatherMs = 1;
/** Sessions or answers in one message. */
const partMax = 1000;

export class WorkerOutbox {
  readonly #options: WorkerOutboxOptions;
  readonly #waiting = new Map<number, Waiting>();
  #timer: Timer | null = null;

  constructor(options: WorkerOutboxOptions) {
    this.#options = options;
  }

  /** The session of that number is to end. */
  end(worker: number, number: number, code: ErrorCode): void {
    const { ends } = this.#of(worker);
    const known = ends.get(code);
    if (known === undefined) ends.set(code, [number]);
    else known.push(number);
  }

  answer(worker: number, answered: Answered): void {
    this.#of(worker).answers.push(answered);
  }

  /** Its process is gone: what waits is for nobody. */
  forget(worker: number): void {
    this.#waiting.delete(worker);
  }

  /** What waits goes out. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const { send } = this.#options;
    for (const [worker, { answers, ends }] of this.#waiting) {
      for (const [code, all] of ends) {
        for (const numbers of parts(all)) send(worker, { type: 'end-sessions', code, numbers });
      }
      for (const part of parts(answers)) send(worker, { type: 'answers', answers: part });
    }
    this.#waiting.clear();
  }

  #of(worker: number): Waiting {
    this.#timer ??= this.#options.clock.after(gatherMs, () => this.flush());
    const known = this.#waiting.get(worker);
    if (known !== undefined) return known;
    const made = { ends: new Map<ErrorCode, number[]>(), answers: [] };
    this.#waiting.set(worker, made);
    return made;
  }
}

function* parts<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += partMax) yield all.slice(at, at + partMax);
}
