/**
 * The whole control flow of a worker: messages queue, a batch of them is checked and committed, and
 * only then are they settled, in the order of their arrival. One commit is under way at a time;
 * what arrives meanwhile is the next batch (group commit).
 */

import type { Clock, Timer } from '../../model/clock.ts';
import { type ErrorCode, errorCodeOf } from '../../model/errors.ts';
import { type Limits, limits as systemLimits } from '../../model/limits.ts';
import type { DeviceEventTap } from '../device-events/device-event.ts';
import { JournalShare } from '../fairness/journal-share.ts';
import type { Commit, WorkerCounters } from '../journal/commit.ts';
import { zeroCounters } from '../journal/commit.ts';
import type { JournalBacklog } from '../processes/messages.ts';
import { contentBytes, type MessageSink, type SourceMessage } from '../sources/source.ts';
import { Batch, limitKey, type RulesOf } from './batch.ts';
import { BatchEvents } from './batch-events.ts';
import { RefusalLimiter } from './refusal-limiter.ts';

/** Where commits go: the journal. */
export interface CommitLog {
  /**
   * Resolves when the commit is durable. Rejects with `journal.full` (again later) or anything else
   * (never again).
   */
  append(commit: Commit): Promise<unknown>;
}

export interface PipelineOptions {
  readonly log: CommitLog;
  readonly clock: Clock;
  readonly rulesOf: RulesOf;
  readonly commitIntervalMs: number;
  readonly strict: boolean;
  readonly readingAgeMsMax: number;
  readonly readingAheadMsMax: number;
  /** The journal can no longer be trusted: the process must end and begin a new generation. */
  readonly onFatal: (error: unknown) => void;
  /** Told what became of the messages of watched devices. */
  readonly events?: DeviceEventTap | undefined;
  readonly limits?: Partial<Limits>;
}

/** What begins to arrive after a rest is committed after this time, and then once an interval. */
const firstWaitMs = 5;
const retryFullMs = 250;
const sweepMs = 500;

export class Pipeline implements MessageSink {
  readonly counters: WorkerCounters = { ...zeroCounters };
  readonly refusals = new Map<ErrorCode, number>();
  readonly #options: PipelineOptions;
  readonly #limits: Limits;
  readonly #sweep: Timer;
  readonly #limiter: RefusalLimiter;
  readonly #share = new JournalShare();
  #queue: SourceMessage[] = [];
  #queueHead = 0;
  #queuedBytes = 0;
  /** Messages of the commit under way, not yet settled. */
  #committing: SourceMessage[] = [];
  #running = false;
  /** Nothing new is taken; what waits is still committed. */
  #closing = false;
  #stopped = false;
  /** Bytes the journal may still grow by; null when nobody limits it. */
  #roomBytes: number | null = null;
  #roomArrived: (() => void) | null = null;
  #blockedSinceMs: number | null = null;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#limits = { ...systemLimits, ...options.limits };
    const { refusalsBurstMax, refusalsPerSecondMax } = this.#limits;
    this.#limiter = new RefusalLimiter(refusalsPerSecondMax, refusalsBurstMax);
    this.#sweep = options.clock.every(sweepMs, () => this.#closeWhoWaitsTooLong());
  }

  /** Messages that wait for their commit, those of the commit under way included. */
  get waiting(): number {
    return this.#queue.length - this.#queueHead + this.#committing.length;
  }

  /** Since when nothing could be committed, on the monotonic clock; null while all is well. */
  get blockedSinceMs(): number | null {
    return this.#blockedSinceMs;
  }

  /** Enterprises that have written since the journal's backlog began, two at most. */
  get backlogWriters(): readonly string[] {
    return this.#share.writers;
  }

  /** True while `enterprise` may add nothing more to the journal. */
  exceedsJournalShare(enterprise: string): boolean {
    return this.#share.exceededBy(enterprise);
  }

  get accepting(): boolean {
    return (
      !this.#closing &&
      this.#blockedSinceMs === null &&
      this.waiting < this.#limits.workerInFlightMax / 2 &&
      this.#queuedBytes < this.#limits.workerInFlightBytesMax / 2
    );
  }

  submit(message: SourceMessage): void {
    const reason = this.#reasonAgainst(message);
    if (reason !== null) {
      this.turnAway(message, reason);
      return;
    }
    this.#queue.push(message);
    this.#queuedBytes += contentBytes(message);
    if (this.#running || this.#stopped) return;
    this.#running = true;
    const { clock, commitIntervalMs } = this.#options;
    clock.after(Math.min(commitIntervalMs, firstWaitMs), () => void this.#run());
  }

  /**
   * The supervisor's grant: the journal may grow by `bytes` from now on; while there is a backlog,
   * each enterprise by its share.
   */
  grantRoom(bytes: number, backlog: JournalBacklog | null = null): void {
    this.#roomBytes = bytes;
    this.#share.set(backlog);
    if (bytes > 0) this.#roomArrived?.();
  }

  /** Commits what is queued, then accepts nothing more. Waits at most `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    this.#closing = true;
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + timeoutMs;
    while (this.waiting > 0 && clock.monotonicMs() < endMs) {
      await new Promise<void>((resolve) => clock.after(10, resolve));
    }
    this.#stopped = true;
    this.#sweep.cancel();
    this.#roomArrived?.();
  }

  async #run(): Promise<void> {
    const { clock, commitIntervalMs } = this.#options;
    while (!this.#stopped && this.#queueHead < this.#queue.length) {
      const startedMs = clock.monotonicMs();
      const events = this.#options.events?.active ? new BatchEvents(this.#options.events) : null;
      const batch = this.#takeBatch(events);
      if (!(await this.#commit(batch))) return;
      const durable = this.#committing;
      this.#committing = [];
      for (const message of durable) message.settle('durable');
      events?.tell();
      const restMs = commitIntervalMs - (clock.monotonicMs() - startedMs);
      if (restMs > 1) await new Promise<void>((resolve) => clock.after(restMs, resolve));
    }
    this.#running = false;
  }

  #takeBatch(events: BatchEvents | null): Batch {
    const { clock, rulesOf, strict, readingAgeMsMax, readingAheadMsMax } = this.#options;
    const context = {
      nowMs: clock.nowMs(),
      strict,
      ageMsMax: readingAgeMsMax,
      aheadMsMax: readingAheadMsMax,
    };
    const batch = new Batch(
      context,
      rulesOf,
      this.counters,
      (code) => this.#count(code),
      this.#limiter,
      events,
    );
    while (!batch.full && this.#queueHead < this.#queue.length) {
      const message = this.#queue[this.#queueHead++] as SourceMessage;
      this.#queuedBytes -= contentBytes(message);
      const bytesBefore = batch.bytes;
      batch.add(message);
      this.#share.spend(message.enterprise, batch.bytes - bytesBefore);
      this.#committing.push(message);
    }
    if (this.#queueHead === this.#queue.length) {
      this.#queue = [];
      this.#queueHead = 0;
    } else if (this.#queueHead > 4096) {
      this.#queue = this.#queue.slice(this.#queueHead);
      this.#queueHead = 0;
    }
    return batch;
  }

  /** Keeps trying until the batch is durable; false when the pipeline ends before. */
  async #commit(batch: Batch): Promise<boolean> {
    const { clock, log } = this.#options;
    for (;;) {
      if (this.#stopped) return false;
      if (this.#roomBytes === null || this.#roomBytes > 0) {
        try {
          await log.append(batch.toCommit());
          this.#blockedSinceMs = null;
          if (this.#roomBytes !== null) this.#roomBytes -= batch.bytes;
          return true;
        } catch (error) {
          if (errorCodeOf(error) !== 'journal.full') {
            this.#stopped = true;
            this.#options.onFatal(error);
            return false;
          }
        }
      }
      if (this.#blockedSinceMs === null) {
        this.#blockedSinceMs = clock.monotonicMs();
        this.#count('journal.full');
      }
      await new Promise<void>((resolve) => {
        this.#roomArrived = resolve;
        clock.after(retryFullMs, resolve);
      });
      this.#roomArrived = null;
    }
  }

  /** Why a message cannot be taken, or null. */
  #reasonAgainst(message: SourceMessage): ErrorCode | null {
    if (message.excess || (message.bestEffort ? !this.accepting : this.#overfull())) {
      return 'publish.in-flight-exceeded';
    }
    if (this.#share.exceededBy(message.enterprise)) return 'enterprise.journal-share-exceeded';
    if (!this.#limiter.active) return null;
    const nowMs = this.#options.clock.nowMs();
    const flooding = this.#limiter.exhausted(limitKey(message), nowMs);
    return flooding ? 'publish.refused-too-often' : null;
  }

  #overfull(): boolean {
    return (
      this.#closing ||
      this.waiting >= this.#limits.workerInFlightMax ||
      this.#queuedBytes >= this.#limits.workerInFlightBytesMax
    );
  }

  /** A message that never entered counts as one reading: nobody has looked inside. */
  turnAway(message: SourceMessage, withheld: ErrorCode): void {
    this.counters.received++;
    this.#tellTurnedAway(message, withheld);
    if (message.bestEffort) {
      this.counters.dropped++;
      this.#count('publish.dropped');
      message.settle('dropped');
    } else {
      this.counters.withheld++;
      message.settle({ withheld });
    }
  }

  /**
   * Closes the sessions of messages that waited too long. Those already in the commit under way
   * will be stored when it succeeds, unacknowledged; those still in the queue are forgotten.
   */
  #closeWhoWaitsTooLong(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const tooLong = (message: SourceMessage): boolean =>
      nowMs - message.arrivedAtMs > message.ackWaitMs;
    // Nobody waits for a QoS 0 message.
    const isLate = (message: SourceMessage): boolean => !message.bestEffort && tooLong(message);
    const late = this.#committing.filter(isLate);
    if (late.length > 0) {
      this.#committing = this.#committing.filter((message) => !isLate(message));
      for (const message of late) message.settle({ withheld: 'publish.ack-wait-exceeded' });
    }
    const waiting = this.#queue.slice(this.#queueHead);
    if (!waiting.some(tooLong)) return;
    this.#queue = waiting.filter((message) => !tooLong(message));
    this.#queueHead = 0;
    for (const message of waiting) {
      if (!tooLong(message)) continue;
      this.#queuedBytes -= contentBytes(message);
      this.turnAway(message, 'publish.ack-wait-exceeded');
    }
  }

  #tellTurnedAway(message: SourceMessage, code: ErrorCode): void {
    const { events } = this.#options;
    if (events?.active !== true) return;
    events.note({ key: limitKey(message), kind: 'refused', code, detail: message.topic });
  }

  #count(code: ErrorCode): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }
}
