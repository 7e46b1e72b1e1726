/** Gathers what is asked for within a moment, so that many share one wait for the disk. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, sleep } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';

export interface GatheredOptions<Request, Answer> {
  readonly clock: Clock;
  /**
   * Answers up to `provisionBatchMax` requests, each by itself; rejects when it could do nothing.
   */
  readonly write: (requests: readonly Request[]) => Promise<readonly (Answer | OnrampError)[]>;
}

interface Waiting<Request, Answer> {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

const gatherMs = 5;

export class Gathered<Request, Answer> {
  readonly #options: GatheredOptions<Request, Answer>;
  #waiting: Waiting<Request, Answer>[] = [];
  #running = false;

  constructor(options: GatheredOptions<Request, Answer>) {
    this.#options = options;
  }

  /**
   * The answer to one request. Rejects with its own error, with that of the whole write, or with
   * `connect.busy` when too many wait.
   */
  ask(request: Request): Promise<Answer> {
    if (this.#waiting.length >= limits.questionsOpenMax) {
      return Promise.reject(new OnrampError('connect.busy'));
    }
    return new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    await sleep(this.#options.clock, gatherMs);
    while (this.#waiting.length > 0) {
      const part = this.#waiting.slice(0, limits.provisionBatchMax);
      this.#waiting = this.#waiting.slice(part.length);
      await this.#write(part);
      await nextTurn();
    }
    this.#running = false;
  }

  async #write(part: readonly Waiting<Request, Answer>[]): Promise<void> {
    try {
      const answers = await this.#options.write(part.map(({ request }) => request));
      part.forEach(({ reject, resolve }, i) => {
        const answer = answers[i]!;
        if (answer instanceof OnrampError) reject(answer);
        else resolve(answer);
      });
    } catch (error) {
      for (const { reject } of part) reject(error);
    }
  }
}
