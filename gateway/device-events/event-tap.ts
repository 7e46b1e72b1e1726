/**
 * A worker's events of watched devices. The first of a kind goes out within 50 ms; what is like it
 * is counted and told once a second, so that a flood costs no more than a trickle.
 */

import type { Clock, Timer } from '../../model/clock.ts';
import { limits } from '../../model/limits.ts';
import type { DeviceEvent, DeviceEventTap } from './device-event.ts';

export interface EventTapOptions {
  readonly clock: Clock;
  readonly send: (events: readonly DeviceEvent[]) => void;
}

type Noted = Omit<DeviceEvent, 'atMs' | 'count'>;

/** Events alike, of one device. */
interface Gathered {
  event: Noted;
  /** When the newest of them happened. */
  atMs: number;
  /** Not told yet. */
  count: number;
  /** On the monotonic clock; null before the first time. */
  toldAtMs: number | null;
}

const tickMs = 50;
const toldEveryMs = 1000;
/** Of one kind and code: a value that changes with every reading would be a new one each time. */
const detailsMax = 4;
const detailCharsMax = 1000;

export class EventTap implements DeviceEventTap {
  readonly #options: EventTapOptions;
  #watched: ReadonlySet<string> = new Set();
  readonly #gathered = new Map<string, Gathered[]>();
  #size = 0;
  #timer: Timer | null = null;

  constructor(options: EventTapOptions) {
    this.#options = options;
  }

  /** Events of these devices, and of no others, are wanted. */
  watch(keys: readonly string[]): void {
    this.#watched = new Set(keys);
    for (const key of [...this.#gathered.keys()]) {
      if (!this.#watched.has(key)) this.#drop(key);
    }
  }

  get active(): boolean {
    return this.#watched.size > 0;
  }

  watches(key: string): boolean {
    return this.#watched.has(key);
  }

  note(event: Noted): void {
    if (!this.#watched.has(event.key)) return;
    const alike = this.#alike(event);
    if (alike === null) return;
    alike.atMs = this.#options.clock.nowMs();
    alike.count++;
    this.#timer ??= this.#options.clock.every(tickMs, () => this.#tick());
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#gathered.clear();
    this.#size = 0;
  }

  /** Where an event is counted; null when there is no more room. */
  #alike(event: Noted): Gathered | null {
    const detail = event.detail.slice(0, detailCharsMax);
    const ofDevice = this.#gathered.get(event.key) ?? [];
    let sameCode = 0;
    let newest: Gathered | null = null;
    for (const gathered of ofDevice) {
      if (gathered.event.kind !== event.kind || gathered.event.code !== event.code) continue;
      if (gathered.event.detail === detail) return gathered;
      sameCode++;
      newest = gathered;
    }
    if (newest !== null && sameCode >= detailsMax) {
      newest.event = { ...event, detail };
      return newest;
    }
    const { deviceEventsGatheredMax, workerEventsGatheredMax } = limits;
    if (ofDevice.length >= deviceEventsGatheredMax || this.#size >= workerEventsGatheredMax) {
      return newest;
    }
    const made: Gathered = { event: { ...event, detail }, atMs: 0, count: 0, toldAtMs: null };
    ofDevice.push(made);
    this.#gathered.set(event.key, ofDevice);
    this.#size++;
    return made;
  }

  #tick(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const events: DeviceEvent[] = [];
    for (const [key, ofDevice] of this.#gathered) {
      const kept = ofDevice.filter((gathered) => this.#tell(gathered, nowMs, events));
      this.#size -= ofDevice.length - kept.length;
      if (kept.length === 0) this.#gathered.delete(key);
      else if (kept.length < ofDevice.length) this.#gathered.set(key, kept);
    }
    if (this.#gathered.size === 0) this.close();
    if (events.length > 0) this.#options.send(events);
  }

  /** Adds to `events` what is due; false when there is nothing more to remember. */
  #tell(gathered: Gathered, nowMs: number, events: DeviceEvent[]): boolean {
    const { toldAtMs } = gathered;
    if (toldAtMs !== null && nowMs - toldAtMs < toldEveryMs) return true;
    if (gathered.count === 0) return false;
    events.push({ ...gathered.event, atMs: gathered.atMs, count: gathered.count });
    gathered.count = 0;
    gathered.toldAtMs = nowMs;
    return true;
  }

  #drop(key: string): void {
    this.#size -= this.#gathered.get(key)?.length ?? 0;
    this.#gathered.delete(key);
  }
}
