/**
 * What one enterprise may send: a token bucket with a burst of two seconds, and the messages that
 * wait for tokens, in the order of their arrival.
 */

import { limits } from '../../model/limits.ts';
import { contentBytes, type SourceMessage } from '../sources/source.ts';

const burstS = 2;
/** One enterprise's burst leaves most of the pipeline to the others. */
const burstMax = limits.workerInFlightMax / 4;
const bytesPerToken = 4096;

/** Tokens a message costs: one for each started 4 KiB. */
export function costOf(message: SourceMessage): number {
  return 1 + Math.floor(contentBytes(message) / bytesPerToken);
}

export class EnterpriseAllowance {
  readonly enterprise: string;
  sessions = 0;
  claimSessions = 0;
  sessionsMax: number;
  /** Messages that arrived since it was last asked, by their cost. */
  offered = 0;
  /** The newest reading of its limits; an older one that comes later is void. */
  reading = 0;
  /** False until its limits were read. */
  known = false;
  #limitPerSecond: number;
  #sharePerSecond: number | null = null;
  #perSecond = 0;
  #burst = 0;
  #tokens: number;
  #refilledAtMs: number;
  #queue: SourceMessage[] = [];
  #head = 0;
  #queuedCost = 0;
  #queuedBytes = 0;

  constructor(enterprise: string, sessionsMax: number, perSecond: number, nowMs: number) {
    this.enterprise = enterprise;
    this.sessionsMax = sessionsMax;
    this.#limitPerSecond = perSecond;
    this.#apply();
    this.#tokens = this.#burst;
    this.#refilledAtMs = nowMs;
  }

  get limitPerSecond(): number {
    return this.#limitPerSecond;
  }

  set limitPerSecond(perSecond: number) {
    this.#limitPerSecond = perSecond;
    this.#apply();
  }

  /** What this worker may take of the limit; null when it is all. */
  get sharePerSecond(): number | null {
    return this.#sharePerSecond;
  }

  set sharePerSecond(perSecond: number | null) {
    this.#sharePerSecond = perSecond;
    this.#apply();
  }

  /** Messages that wait. */
  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  get waitingBytes(): number {
    return this.#queuedBytes;
  }

  /** Tokens come with time, but not while `paused`. */
  refill(nowMs: number, paused: boolean): void {
    if (!paused) {
      const elapsedS = (nowMs - this.#refilledAtMs) / 1000;
      this.#tokens = Math.min(this.#burst, this.#tokens + elapsedS * this.#perSecond);
    }
    this.#refilledAtMs = nowMs;
  }

  /** True when the next message may go. */
  get hasTokens(): boolean {
    return this.#tokens > 0;
  }

  /** A long message may leave a debt: it is paid before the next one goes. */
  spend(cost: number): void {
    this.#tokens -= cost;
  }

  /** True when all that was spent has come back. */
  isRested(nowMs: number): boolean {
    const elapsedS = (nowMs - this.#refilledAtMs) / 1000;
    return this.waiting === 0 && this.#tokens + elapsedS * this.#perSecond >= this.#burst;
  }

  /** More waits than two seconds' worth, or than may be held. */
  get overfull(): boolean {
    return this.#queuedCost >= this.#burst || this.#queuedBytes >= limits.enterpriseWaitingBytesMax;
  }

  push(message: SourceMessage): void {
    this.#queue.push(message);
    this.#queuedCost += costOf(message);
    this.#queuedBytes += contentBytes(message);
  }

  /** The oldest that waits. */
  shift(): SourceMessage | undefined {
    const message = this.#queue[this.#head];
    if (message === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#queue.length || this.#head > 1024) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#leave(message);
    return message;
  }

  /** The newest that waits. */
  pop(): SourceMessage | undefined {
    if (this.waiting === 0) return undefined;
    const message = this.#queue.pop();
    if (message !== undefined) this.#leave(message);
    return message;
  }

  /** Takes out what `leaves`; the others keep their order. */
  takeOut(leaves: (message: SourceMessage) => boolean): SourceMessage[] {
    const out: SourceMessage[] = [];
    const stay: SourceMessage[] = [];
    for (const message of this.#queue.slice(this.#head)) {
      (leaves(message) ? out : stay).push(message);
    }
    if (out.length === 0) return out;
    this.#queue = stay;
    this.#head = 0;
    for (const message of out) this.#leave(message);
    return out;
  }

  #leave(message: SourceMessage): void {
    this.#queuedCost -= costOf(message);
    this.#queuedBytes -= contentBytes(message);
  }

  #apply(): void {
    this.#perSecond = Math.min(this.#limitPerSecond, this.#sharePerSecond ?? Infinity);
    this.#burst = Math.min(burstMax, this.#perSecond * burstS);
  }
}
