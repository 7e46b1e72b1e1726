/**
 * The newest events of the devices somebody looks at, from all workers, told in plain words.
 */

import type { Readable } from 'node:stream';
import type { Clock, Timer } from '../../model/clock.ts';
import { type Limits, limits as systemLimits } from '../../model/limits.ts';
import { heartbeat, SseViewers, sseEvent } from '../api/sse-viewers.ts';
import type { DeviceEvent, DeviceEventHub, ToldDeviceEvent } from './device-event.ts';
import { eventText } from './event-text.ts';

export interface EventHubOptions {
  readonly clock: Clock;
  /** Events of these devices, and of no others, are wanted from now on. */
  readonly watch: (keys: readonly string[]) => void;
  readonly limits?: Partial<Limits>;
}

/** A device that is watched. */
interface Watched {
  /** For a trial: not let go for being looked at by nobody. */
  kept: boolean;
  lookedAtMs: number;
  readonly events: ToldDeviceEvent[];
}

const watchDelayMs = 20;
const heartbeatMs = 15_000;
const sweepMs = 60_000;
const unlookedMsMax = 15 * 60_000;
const reconnectMs = 2000;
const bufferBytesMax = 256 * 1024;

export class EventHub implements DeviceEventHub {
  readonly #options: EventHubOptions;
  readonly #limits: Limits;
  readonly #watched = new Map<string, Watched>();
  readonly #viewers: SseViewers;
  readonly #timers: Timer[];
  #watchTimer: Timer | null = null;
  #closed = false;

  constructor(options: EventHubOptions) {
    this.#options = options;
    this.#limits = { ...systemLimits, ...options.limits };
    const { clock } = options;
    this.#viewers = new SseViewers({
      clock,
      viewersMax: this.#limits.apiViewersMax,
      bufferBytesMax,
      // Who missed something begins anew with the recent events.
      behindMsMax: 0,
      onEmpty: (key) => this.#look(this.#watched.get(key)),
    });
    this.#timers = [
      clock.every(heartbeatMs, () => this.#viewers.send(null, heartbeat)),
      clock.every(sweepMs, () => this.#sweep()),
    ];
  }

  /** The devices whose events are wanted. */
  get watched(): readonly string[] {
    return [...this.#watched.keys()];
  }

  keep(key: string): void {
    this.#of(key).kept = true;
  }

  release(key: string): void {
    const watched = this.#watched.get(key);
    if (watched === undefined) return;
    watched.kept = false;
    this.#look(watched);
  }

  recent(key: string): readonly ToldDeviceEvent[] {
    return [...this.#of(key).events];
  }

  join(key: string): Readable {
    const { events } = this.#of(key);
    const opening = events.map((event) => sseEvent('device', event)).join('');
    return this.#viewers.join(key, `retry: ${reconnectMs}\n\n${opening}`);
  }

  tell(events: readonly DeviceEvent[]): void {
    for (const event of events) {
      const watched = this.#watched.get(event.key);
      if (watched === undefined) continue;
      const told = { ...event, text: eventText(event) };
      remember(watched.events, told, this.#limits.deviceEventsMax);
      if (this.#viewers.has(event.key)) this.#viewers.send(event.key, sseEvent('device', told));
    }
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#watchTimer?.cancel();
    this.#viewers.close();
  }

  /** A device that is looked at: watched from now on, if it was not. */
  #of(key: string): Watched {
    const known = this.#watched.get(key);
    if (known !== undefined) {
      this.#look(known);
      return known;
    }
    if (this.#watched.size >= this.#limits.watchedDevicesMax) this.#letOneGo();
    const made = { kept: false, lookedAtMs: this.#options.clock.monotonicMs(), events: [] };
    this.#watched.set(key, made);
    this.#changed();
    return made;
  }

  #look(watched: Watched | undefined): void {
    if (watched !== undefined) watched.lookedAtMs = this.#options.clock.monotonicMs();
  }

  /** Whom nobody has looked at for longest; a trial only when there is nobody else. */
  #letOneGo(): void {
    let oldest: string | null = null;
    let oldestRank = Infinity;
    for (const [key, { kept, lookedAtMs }] of this.#watched) {
      if (this.#viewers.has(key)) continue;
      // Trials rank behind all others, by their age.
      const rank = kept ? Number.MAX_SAFE_INTEGER / 2 + lookedAtMs : lookedAtMs;
      if (rank >= oldestRank) continue;
      oldest = key;
      oldestRank = rank;
    }
    if (oldest !== null) this.#watched.delete(oldest);
  }

  #sweep(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [key, { kept, lookedAtMs }] of this.#watched) {
      if (kept || this.#viewers.has(key) || nowMs - lookedAtMs < unlookedMsMax) continue;
      this.#watched.delete(key);
      this.#changed();
    }
  }

  /** Many changes at once are told once. */
  #changed(): void {
    if (this.#closed) return;
    this.#watchTimer ??= this.#options.clock.after(watchDelayMs, () => {
      this.#watchTimer = null;
      this.#options.watch(this.watched);
    });
  }
}

/**
 * Adds an event; one like the newest is counted with it, so that what differs is kept for longer.
 */
function remember(events: ToldDeviceEvent[], told: ToldDeviceEvent, eventsMax: number): void {
  const newest = events.at(-1);
  if (
    newest !== undefined &&
    newest.kind === told.kind &&
    newest.code === told.code &&
    newest.detail === told.detail
  ) {
    events[events.length - 1] = { ...told, count: newest.count + told.count };
    return;
  }
  events.push(told);
  if (events.length > eventsMax) events.shift();
}
