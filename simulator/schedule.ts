/** One timer for all devices: when each message is due, and how late the process was. */

import type { Clock, Timer } from '../model/clock.ts';
import { LatencyHistogram } from '../model/histogram.ts';
import { TimingWheel } from './timing-wheel.ts';

/** Due times lie on a grid of this width; intervals are multiples of it. */
export const slotMs = 10;

/**
 * The timer turns at every second slot, and due times lie on these where the interval allows it:
 * waking up costs as much as a few messages. It turns in between when something is due there.
 */
export const turnMs = 2 * slotMs;

/** Due items handled before incoming bytes get their turn, when the process is behind. */
const itemsPerTurn = 500;

/** A wall clock that was set is followed when it differs by more than this. */
const stepMsMax = 100;

export interface ScheduleSettings {
  readonly clock: Clock;
  /** Items are numbered from 0. */
  readonly items: number;
  /** Called at `dueMs` (monotonic) or a little later, never earlier. Must not throw. */
  readonly onDue: (item: number, dueMs: number) => void;
  /** Called once per turn of the timer, for work that can wait for it. */
  readonly onTurn?: (nowMs: number) => void;
}

/**
 * Open load: a message is due by the clock, whatever became of the one before. Every due time is
 * met once and in order; being late changes nothing in what is due later.
 */
export class Schedule {
  /** How late each turn was that the timer was set for: the event loop's lag. */
  readonly lag = new LatencyHistogram();
  /** Turns so late that a whole slot was missed. */
  overruns = 0;
  readonly #settings: ScheduleSettings;
  readonly #wheel: TimingWheel;
  readonly #onDue: (item: number, tick: number) => void;
  #originMs = 0;
  #wallOffsetMs = 0;
  #timer: Timer | null = null;
  /** The tick of the next turn; 0 during a turn, while the process is behind, and stopped. */
  #armedTick = 0;

  constructor(settings: ScheduleSettings) {
    this.#settings = settings;
    this.#wheel = new TimingWheel(settings.items);
    this.#onDue = (item, tick) => settings.onDue(item, this.#originMs + tick * slotMs);
  }

  /** Begins to count; `set` and `wallOf` need it. */
  start(): void {
    const { clock } = this.#settings;
    this.#originMs = clock.monotonicMs();
    this.#wallOffsetMs = clock.nowMs() - this.#originMs;
    this.#armTick(1);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#armedTick = 0;
  }

  /** Makes `item` due at `dueMs` (monotonic), on the grid and not before the next slot. */
  set(item: number, dueMs: number): void {
    const tick = Math.max(Math.round((dueMs - this.#originMs) / slotMs), this.#wheel.tick + 1);
    this.#wheel.set(item, tick);
    if (tick < this.#armedTick) {
      this.#timer?.cancel();
      this.#armTick(tick);
    }
  }

  /**
   * The first due time after `afterMs` of something that is due every `intervalMs`, shifted
   * by `phase` (0 to 1) of the interval. On the grid if `intervalMs` is a multiple of it.
   */
  firstDue(afterMs: number, intervalMs: number, phase: number): number {
    const gridMs = intervalMs % turnMs === 0 ? turnMs : slotMs;
    const shiftMs = Math.floor((phase * intervalMs) / gridMs) * gridMs;
    const baseMs = this.#originMs + shiftMs;
    return baseMs + Math.max(0, Math.floor((afterMs - baseMs) / intervalMs) + 1) * intervalMs;
  }

  /** Wall time of a monotonic time. Follows a clock that is set, so it may step. */
  wallOf(monotonicMs: number): number {
    return Math.round(this.#wallOffsetMs + monotonicMs);
  }

  #armTick(tick: number): void {
    const { clock } = this.#settings;
    const atMs = this.#originMs + tick * slotMs;
    this.#armedTick = tick;
    this.#timer = clock.after(Math.max(0, atMs - clock.monotonicMs()), () => {
      const lateMs = Math.max(0, clock.monotonicMs() - atMs);
      this.lag.record(lateMs);
      if (lateMs >= slotMs) this.overruns++;
      this.#turn();
    });
  }

  /** The tick to turn at after `tick`. */
  #nextTurn(tick: number): number {
    for (let next = tick + 1; ; next++) {
      if ((next * slotMs) % turnMs === 0 || !this.#wheel.isEmptyAt(next)) return next;
    }
  }

  #turn(): void {
    const { clock } = this.#settings;
    const nowMs = clock.monotonicMs();
    const driftMs = clock.nowMs() - nowMs - this.#wallOffsetMs;
    if (Math.abs(driftMs) > stepMsMax) this.#wallOffsetMs += driftMs;
    const tick = Math.floor((nowMs - this.#originMs) / slotMs + tolerance);
    this.#armedTick = 0;
    const reached = this.#wheel.advance(tick, this.#onDue, itemsPerTurn);
    this.#settings.onTurn?.(nowMs);
    if (this.#timer === null) return;
    // Behind, it goes on as soon as it can: that says nothing of how late the timer is.
    if (!reached) this.#timer = clock.after(0, () => this.#turn());
    else this.#armTick(this.#nextTurn(tick));
  }
}

/** Of a slot: a timer that is a rounding error early is on time. */
const tolerance = 1e-6;

/**
 * Phases of devices numbered from 0, spread evenly over 0 to 1 however many there are, neighbours
 * far apart: multiples of the golden ratio (the sequence of lowest discrepancy of its kind).
 */
export function evenPhase(index: number): number {
  return (index * 0.6180339887498949) % 1;
}
