/**
 * The one writer to the store: it merges all journals into large writes and advances only over what
 * is stored or dead-lettered.
 */

import { sleep, type Timer } from '../../model/clock.ts';
import { messageOf } from '../../model/errors.ts';
import { LatencyHistogram } from '../../model/histogram.ts';
import type { ShipperStatus } from '../status/status.ts';
import { Backoff } from './backoff.ts';
import { Delivery, type DeliveryOptions } from './delivery.ts';
import type { PendingRecord } from './feed.ts';
import type { Feeds } from './feeds.ts';
import { Gatherer } from './gatherer.ts';
import { Pace } from './pace.ts';

export interface ShipperOptions extends DeliveryOptions {
  readonly feeds: Feeds;
  /** A record waits at most this long for company before it is written. */
  readonly lingerMs: number;
}

/** How soon records are seen after there were none. */
const pollMs = 50;
/** How long a write under way, or the linger, may keep the loop from looking at the journals. */
const restMsMax = 200;
const refreshMs = 500;
/**
 * What was shipped since the last save is shipped again after a crash, harmlessly; each save costs
 * two waits for the disk for each journal, and the workers' commits wait for the same disk.
 */
const saveMs = 2000;
const histogramMs = 60_000;
const endTimeoutMs = 10_000;

export class Shipper {
  readonly #options: ShipperOptions;
  readonly #gatherer: Gatherer;
  readonly #delivery: Delivery;
  readonly #pace: Pace;
  /** Of all minutes before the last. */
  readonly #storedMsEarlier = new LatencyHistogram();
  /** This minute's and the last minute's. */
  #storedMs = new LatencyHistogram();
  #storedMsBefore = new LatencyHistogram();
  #inFlight = 0;
  #state: 'running' | 'draining' | 'stopped' = 'running';
  #loop: Promise<void> = Promise.resolve();
  #turn: Timer | null = null;
  /** Ends the loop's rest. */
  #wake: () => void = () => {};

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#gatherer = new Gatherer(options.feeds);
    this.#delivery = new Delivery(options);
    this.#pace = new Pace(options.store.preference);
  }

  /** Begins to ship; the journals' folder must be there. */
  async start(): Promise<void> {
    const { clock, feeds } = this.#options;
    await feeds.refresh();
    this.#loop = this.#run();
    this.#turn = clock.every(histogramMs, () => {
      this.#storedMsEarlier.add(this.#storedMsBefore);
      this.#storedMsBefore = this.#storedMs;
      this.#storedMs = new LatencyHistogram();
    });
  }

  /** Ships what is left for at most `timeoutMs`, saves how far it came, and ends. */
  async stop(timeoutMs: number): Promise<void> {
    const { clock, feeds } = this.#options;
    this.#turn?.cancel();
    if (this.#state === 'running') this.#state = 'draining';
    this.#wake();
    const timeout = clock.after(timeoutMs, () => this.#end());
    await this.#loop;
    timeout.cancel();
    this.#end();
    const endMs = clock.monotonicMs() + endTimeoutMs;
    while (this.#inFlight > 0 && clock.monotonicMs() < endMs) await sleep(clock, pollMs);
    await feeds.save();
    await feeds.refresh();
    await feeds.close();
  }

  status(): ShipperStatus {
    const storedMs = new LatencyHistogram();
    storedMs.add(this.#storedMs);
    storedMs.add(this.#storedMsBefore);
    return {
      ...this.#delivery.status(),
      linesPerWrite: this.#pace.lines,
      storedMs: storedMs.summary(),
    };
  }

  /** From each reading's timestamp to the store's success answer, since the start. */
  storedMsSinceStart(): LatencyHistogram {
    const storedMs = new LatencyHistogram();
    storedMs.add(this.#storedMsEarlier);
    storedMs.add(this.#storedMsBefore);
    storedMs.add(this.#storedMs);
    return storedMs;
  }

  #end(): void {
    this.#state = 'stopped';
    this.#delivery.cancel();
    this.#wake();
  }

  async #run(): Promise<void> {
    const { clock, feeds, log } = this.#options;
    let [refreshedMs, savedMs] = [clock.monotonicMs(), clock.monotonicMs()];
    while (this.#state !== 'stopped') {
      try {
        if (clock.monotonicMs() - savedMs > saveMs) {
          savedMs = clock.monotonicMs();
          await feeds.save();
        }
        if (clock.monotonicMs() - refreshedMs > refreshMs) {
          refreshedMs = clock.monotonicMs();
          await feeds.refresh();
        }
        // A look that began earlier may have missed what the writers committed last.
        const lastLook = this.#state === 'draining';
        const more = await this.#gatherer.gather(this.#pace.lines);
        if (this.#inFlight < this.#pace.concurrency && this.#due(more)) {
          void this.#ship(this.#gatherer.take(), more);
        } else if (lastLook && this.#nothingLeft(more)) {
          return;
        } else {
          await this.#rest(this.#restMs(more));
        }
      } catch (error) {
        log.warn(`Shipping stumbled and goes on: ${messageOf(error)}`);
        await sleep(clock, 1000);
      }
    }
  }

  /**
   * How long there is nothing to do: until the linger of the oldest record is over, or a write
   * under way ends. What comes in between is read at once then, not piece by piece.
   */
  #restMs(more: boolean): number {
    const { oldestMs } = this.#gatherer;
    if (oldestMs === null || this.#state === 'draining') return pollMs;
    if (more) return restMsMax;
    const ageMs = this.#options.clock.nowMs() - oldestMs;
    return Math.min(restMsMax, Math.max(pollMs, this.#options.lingerMs - ageMs));
  }

  /** Resolves after `restMs`, or earlier when a write has ended or the end is asked for. */
  async #rest(restMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(restMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#wake = () => {};
  }

  #due(more: boolean): boolean {
    const { oldestMs } = this.#gatherer;
    if (oldestMs === null) return false;
    const ageMs = this.#options.clock.nowMs() - oldestMs;
    // A negative age: the clock was set back.
    return more || this.#state === 'draining' || ageMs >= this.#options.lingerMs || ageMs < 0;
  }

  #nothingLeft(more: boolean): boolean {
    return !more && this.#gatherer.oldestMs === null && this.#inFlight === 0;
  }

  /** Ships records however long it takes; gives up only at the end, and then nothing is lost. */
  async #ship(records: PendingRecord[], more: boolean): Promise<void> {
    const { clock, log } = this.#options;
    const backoff = new Backoff();
    this.#inFlight++;
    while (this.#state !== 'stopped') {
      try {
        const { durationMs, repeated, tooLargeLines } = await this.#delivery.deliver(records);
        if (tooLargeLines !== null) this.#pace.tooLarge(tooLargeLines);
        else if (repeated) this.#pace.unavailable();
        else if (more) this.#pace.backlog(durationMs);
        else this.#pace.caughtUp();
        this.#settle(records);
        break;
      } catch (error) {
        // Cancelled at the end, or a fault of ours: then it is tried again.
        log.warn(`A delivery did not end and is repeated: ${messageOf(error)}`);
        await sleep(clock, backoff.next());
      }
    }
    this.#inFlight--;
    this.#wake();
  }

  #settle(records: readonly PendingRecord[]): void {
    const nowMs = this.#options.clock.nowMs();
    for (const pending of records) {
      for (const timestampMs of pending.record.timestampsMs) {
        if (timestampMs > 0) this.#storedMs.record(nowMs - timestampMs);
      }
      pending.done = true;
    }
    for (const { feed } of records) feed.settle();
  }
}
