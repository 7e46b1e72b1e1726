/** When each device connects: the ramp at first, back-off after failures, never too many at once. */

import { TimingWheel } from './timing-wheel.ts';

/** Back-off is counted in ticks of this width. */
const tickMs = 100;

export interface ConnectorSettings {
  /** Devices are numbered from 0; each is waiting, connecting or neither. */
  readonly devices: number;
  /** Attempts begun per second; null for as many as `inFlightMax` lets through. */
  readonly ratePerSecond: number | null;
  /** Attempts under way at the same time. */
  readonly inFlightMax: number;
  /** Back-off after the first failure; doubled by each further one up to `backoffMsMax`. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Begins an attempt; `settle` must follow, not during this call. */
  readonly connect: (device: number) => void;
}

/**
 * Admits connection attempts in the order they were asked for. After failure number n in a row a
 * device waits between half and the whole of `backoffMs · 2^(n−1)`, so that devices that lost
 * their connections together do not return together.
 */
export class Connector {
  readonly #settings: ConnectorSettings;
  readonly #waiting: number[] = [];
  /** Index in `#waiting` of the first that waits. */
  #head = 0;
  readonly #retries: TimingWheel;
  readonly #failures: Uint8Array;
  #inFlight = 0;
  /** Attempts the rate allows now. */
  #allowance = 1;
  #originMs: number | null = null;
  #beforeMs = 0;

  constructor(settings: ConnectorSettings) {
    this.#settings = settings;
    this.#retries = new TimingWheel(settings.devices, 1024);
    this.#failures = new Uint8Array(settings.devices);
  }

  /** Asks for an attempt as soon as may be. */
  request(device: number): void {
    this.#waiting.push(device);
  }

  /** An attempt is over: the session was accepted, or it failed and is to be tried again later. */
  settle(device: number, accepted: boolean, nowMs: number): void {
    this.#inFlight--;
    if (accepted) this.#failures[device] = 0;
    else this.retry(device, nowMs);
  }

  /** Asks for an attempt after the back-off that the device's failures in a row demand. */
  retry(device: number, nowMs: number): void {
    const { backoffMs, backoffMsMax, random } = this.#settings;
    const failures = this.#failures[device]!;
    if (failures < 255) this.#failures[device] = failures + 1;
    const longestMs = Math.min(backoffMs * 2 ** failures, backoffMsMax);
    const delayMs = longestMs * (0.5 + random() / 2);
    this.#retries.set(device, Math.ceil((nowMs + delayMs - this.#origin(nowMs)) / tickMs));
  }

  /** Begins what may begin by now. */
  turn(nowMs: number): void {
    const { ratePerSecond, inFlightMax, connect } = this.#settings;
    const tick = Math.floor((nowMs - this.#origin(nowMs)) / tickMs);
    this.#retries.advance(tick, (device) => this.request(device));
    if (ratePerSecond !== null) {
      const earned = ((nowMs - this.#beforeMs) / 1000) * ratePerSecond;
      this.#allowance = Math.min(this.#allowance + earned, Math.max(1, ratePerSecond / 10));
      this.#beforeMs = nowMs;
    }
    while (this.#head < this.#waiting.length && this.#inFlight < inFlightMax) {
      if (ratePerSecond !== null && this.#allowance < 1) break;
      this.#allowance--;
      this.#inFlight++;
      connect(this.#waiting[this.#head++]!);
    }
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Forgets everything that waits. */
  clear(): void {
    this.#head = this.#waiting.length;
  }

  #origin(nowMs: number): number {
    if (this.#originMs === null) this.#originMs = this.#beforeMs = nowMs;
    return this.#originMs;
  }
}
