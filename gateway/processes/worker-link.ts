/**
 * A worker's side of the bus: reports of sessions, questions and what became of commands in
 * batches, answers, and what it remembers of those who were shut out. A supervisor that is busy
 * gets its batches one after the other when it reads again; until then they wait here, and beyond a
 * bound no session is let in.
 */

import type { Clock, Timer } from '../../model/clock.ts';
import { type ErrorCode, OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import { fromSentError } from '../../model/sent-error.ts';
import type { CommandOutcome } from '../device-commands/device-command.ts';
import type { Question } from '../onboarding/questions.ts';
import type { SessionReports } from '../sources/session-reports.ts';
import type { Answered, Asked, FromWorker } from './messages.ts';
import { SessionBatcher } from './session-batch.ts';
import { ShutOuts } from './shut-outs.ts';

/** Nobody waits for a report of sessions, and a message costs more than what is in it. */
const reportsGatherMs = 50;
const questionsGatherMs = 5;
/** Openings, ends or questions in one message. */
const partMax = 1000;
/** What became of commands, in one message: 1 MiB of replies at most. */
const outcomesPartMax = 64;
const answerTimeoutMs = 10_000;

interface Open {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timeout: Timer;
}

export interface WorkerLinkOptions {
  readonly clock: Clock;
  /** Sends a message; `onSent` is called when it has left this process, or never will. */
  readonly send: (message: FromWorker, onSent: () => void) => void;
}

export class WorkerLink implements SessionReports {
  readonly #options: WorkerLinkOptions;
  readonly #shutOuts = new ShutOuts();
  readonly #sessions = new SessionBatcher();
  #questions: Asked[] = [];
  #outcomes: CommandOutcome[] = [];
  readonly #open = new Map<number, Open>();
  #lastId = 0;
  #timer: Timer | null = null;
  #timerAtMs = Number.POSITIVE_INFINITY;
  /** Messages that have not left this process. */
  #leaving = 0;

  constructor(options: WorkerLinkOptions) {
    this.#options = options;
  }

  /** False while the supervisor is behind: who comes now could not be told of in time. */
  get accepting(): boolean {
    return this.#sessions.size < limits.sessionReportsWaitingMax;
  }

  opened(number: number, client: string, atMs: number): void {
    this.#sessions.opened(number, client, atMs);
    this.#gathered(this.#sessions.size, reportsGatherMs);
  }

  closed(number: number): void {
    this.#sessions.closed(number);
    this.#gathered(this.#sessions.size, reportsGatherMs);
  }

  shutOut(key: string, lookedUpAtMs: number): ErrorCode | null {
    return this.#shutOuts.since(key, lookedUpAtMs);
  }

  /** Remembers a shut-out from now on. */
  noteShutOut(key: string, code: ErrorCode): void {
    this.#shutOuts.note(key, code, this.#options.clock.monotonicMs());
  }

  /**
   * The supervisor's answer. Rejects with what it rejected with, or with `connect.busy` when there
   * is none in time or too many questions are open: then the machine may ask again.
   */
  readonly ask = <Answer>(question: Question): Promise<Answer> => {
    if (this.#open.size >= limits.questionsOpenMax) {
      return Promise.reject(new OnrampError('connect.busy'));
    }
    const id = ++this.#lastId;
    return new Promise<unknown>((resolve, reject) => {
      const timeout = this.#options.clock.after(answerTimeoutMs, () => {
        this.#open.delete(id);
        reject(new OnrampError('connect.busy'));
      });
      this.#open.set(id, { resolve, reject, timeout });
      this.#questions.push({ id, question });
      this.#gathered(this.#questions.length, questionsGatherMs);
    }) as Promise<Answer>;
  };

  /** What became of a command; told if there is room for it, for nobody relies on it. */
  commandOutcome(outcome: CommandOutcome): void {
    if (this.#outcomes.length >= limits.commandOutcomesWaitingMax) return;
    this.#outcomes.push(outcome);
    this.#gathered(this.#outcomes.length, questionsGatherMs);
  }

  /** Takes answers in; one that comes too late is nobody's. */
  answered(answers: readonly Answered[]): void {
    for (const { answer, failure, id } of answers) {
      const open = this.#open.get(id);
      if (open === undefined) continue;
      this.#open.delete(id);
      open.timeout.cancel();
      if (failure === null) open.resolve(answer);
      else open.reject(fromSentError(failure));
    }
  }

  /** Sends everything that waits, whether the supervisor keeps up or not: before the end. */
  flush(): void {
    while (this.#waits()) this.#send();
  }

  /** So many of a kind wait now, and longer than `gatherMs` none of them is to. */
  #gathered(many: number, gatherMs: number): void {
    if (many >= partMax && this.#leaving === 0) {
      this.#send();
      return;
    }
    const { clock } = this.#options;
    const atMs = clock.monotonicMs() + gatherMs;
    if (this.#timerAtMs <= atMs) return;
    this.#timer?.cancel();
    this.#timer = clock.after(gatherMs, () => this.#due());
    this.#timerAtMs = atMs;
  }

  #due(): void {
    this.#noTimer();
    if (this.#leaving === 0) this.#send();
  }

  #noTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
  }

  #waits(): boolean {
    return this.#most() > 0;
  }

  #most(): number {
    return Math.max(this.#sessions.size, this.#questions.length, this.#outcomes.length);
  }

  /** A part of what waits; the next one when it has left. */
  #send(): void {
    this.#noTimer();
    const batch = this.#sessions.take(partMax);
    if (batch !== null) this.#tell({ type: 'sessions', batch });
    if (this.#questions.length > 0) {
      this.#tell({ type: 'questions', questions: this.#questions.splice(0, partMax) });
    }
    if (this.#outcomes.length > 0) {
      const outcomes = this.#outcomes.splice(0, outcomesPartMax);
      this.#tell({ type: 'command-outcomes', outcomes });
    }
  }

  #tell(message: FromWorker): void {
    this.#leaving++;
    this.#options.send(message, () => {
      this.#leaving--;
      if (this.#waits()) this.#gathered(this.#most(), questionsGatherMs);
    });
  }
}
