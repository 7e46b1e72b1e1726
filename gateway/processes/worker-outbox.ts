/**
 * The supervisor's side of the bus: which sessions end, answers and commands, gathered for a moment
 * for each worker, so that a storm costs a message for many.
 */

import type { Clock, Timer } from '../../model/clock.ts';
import type { ErrorCode } from '../../model/errors.ts';
import type { OutgoingCommand } from '../device-commands/device-command.ts';
import type { Answered, ToWorker } from './messages.ts';

export interface WorkerOutboxOptions {
  readonly clock: Clock;
  readonly send: (worker: number, message: ToWorker) => void;
}

interface Waiting {
  readonly ends: Map<ErrorCode, number[]>;
  readonly answers: Answered[];
  readonly commands: OutgoingCommand[];
}

const gatherMs = 1;
/** Sessions or answers in one message. */
const partMax = 1000;
/** Commands in one message: 1 MiB at most. */
const commandsPartMax = 64;

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

  command(worker: number, command: OutgoingCommand): void {
    this.#of(worker).commands.push(command);
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
    for (const [worker, waiting] of this.#waiting) {
      for (const [code, all] of waiting.ends) {
        for (const numbers of parts(all, partMax)) {
          send(worker, { type: 'end-sessions', code, numbers });
        }
      }
      for (const answers of parts(waiting.answers, partMax)) {
        send(worker, { type: 'answers', answers });
      }
      for (const commands of parts(waiting.commands, commandsPartMax)) {
        send(worker, { type: 'commands', commands });
      }
    }
    this.#waiting.clear();
  }

  #of(worker: number): Waiting {
    this.#timer ??= this.#options.clock.after(gatherMs, () => this.flush());
    const known = this.#waiting.get(worker);
    if (known !== undefined) return known;
    const made: Waiting = { ends: new Map(), answers: [], commands: [] };
    this.#waiting.set(worker, made);
    return made;
  }
}

function* parts<T>(all: readonly T[], max: number): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += max) yield all.slice(at, at + max);
}
