/** The phases of a run, in their order, and when each began. */

import type { Clock } from '../../model/clock.ts';
import type { RunTimeline } from '../../model/report.ts';

export const phaseNames = [
  /** Store and gateway. */
  'starting',
  'registering',
  /** The fleet's processes; its machines are brought into the middle of their day. */
  'preparing',
  'connecting',
  /** Readings flow and are accounted for, but their times are not measured yet. */
  'warming-up',
  /** The measured window. */
  'steady',
  /** Nothing more comes due; what is on its way is acknowledged. */
  'draining',
  /** Everything accepted is stored. */
  'settling',
  /** Sessions end. */
  'leaving',
  'reconciling',
] as const;

export type Phase = (typeof phaseNames)[number];

export class Phases {
  readonly #clock: Clock;
  readonly #onEnter: (name: Phase) => void;
  readonly #entered: { readonly name: Phase; readonly atMs: number }[] = [];
  #endedMs: number | null = null;
  #done: number | null = null;

  constructor(clock: Clock, onEnter: (name: Phase) => void = () => {}) {
    this.#clock = clock;
    this.#onEnter = onEnter;
  }

  enter(name: Phase): void {
    this.#entered.push({ name, atMs: this.#clock.monotonicMs() });
    this.#done = null;
    this.#onEnter(name);
  }

  end(): void {
    this.#endedMs ??= this.#clock.monotonicMs();
  }

  /** Notes how much of the present one is done, 0 to 1. */
  progress(done: number): void {
    this.#done = done;
  }

  /** As noted; null when it was not. */
  get done(): number | null {
    return this.#done;
  }

  /** The present one; null before the first. */
  get current(): Phase | null {
    return this.#entered.at(-1)?.name ?? null;
  }

  /** Since the present one began. */
  get elapsedMs(): number {
    const last = this.#entered.at(-1);
    return last === undefined ? 0 : this.#clock.monotonicMs() - last.atMs;
  }

  /** Since the first one began. */
  get totalMs(): number {
    const first = this.#entered[0];
    return first === undefined ? 0 : this.#clock.monotonicMs() - first.atMs;
  }

  /** In seconds since `originMs`; what lies before it is left out. */
  since(originMs: number): RunTimeline['phases'] {
    const nowMs = this.#endedMs ?? this.#clock.monotonicMs();
    return this.#entered.flatMap(({ name, atMs }, i) => {
      const toMs = this.#entered[i + 1]?.atMs ?? nowMs;
      if (toMs <= originMs) return [];
      const fromS = Math.max(0, atMs - originMs) / 1000;
      return [{ name, fromS, toS: (toMs - originMs) / 1000 }];
    });
  }
}
