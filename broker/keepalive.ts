/**
 * Finds clients that are silent for one and a half times their keepalive [MQTT-3.1.2-24]. A timer
 * for each of many thousand sessions, moved with each packet, costs more than the packets' way
 * through the front door; here a packet only notes a number, and each session is looked at once in
 * the time that it may be silent.
 */

import type { Clock, Timer } from '../model/clock.ts';

const tickMs = 500;

/** What the wheel keeps with a session. */
export interface Watched {
  /** The tick of its newest packet; to be set to `Keepalive.tick` with each. */
  heardAtTick: number;
  /** Ticks it may be silent for; 0 for ever. */
  silentTicksMax: number;
  /** Where the wheel has it; the wheel's own. */
  dueTick: number;
}

export class Keepalive<Session extends Watched> {
  /** Counts up while time goes by. */
  tick = 0;
  readonly #onSilent: (session: Session) => void;
  /** Whom to look at, by the tick when. */
  readonly #due = new Map<number, Set<Session>>();
  readonly #clock: Clock;
  /** Runs while there is anybody to watch. */
  #timer: Timer | null = null;

  /** `onSilent` is called once, at most a second after the time is over. */
  constructor(clock: Clock, onSilent: (session: Session) => void) {
    this.#onSilent = onSilent;
    this.#clock = clock;
  }

  /** Begins to watch; a keepalive of 0 means that it may be silent for ever. */
  watch(session: Session, keepaliveS: number): void {
    session.heardAtTick = this.tick;
    session.silentTicksMax = keepaliveS === 0 ? 0 : Math.ceil((keepaliveS * 1500) / tickMs) + 1;
    if (session.silentTicksMax === 0) return;
    this.#enter(session);
    this.#timer ??= this.#clock.every(tickMs, () => this.#turn());
  }

  forget(session: Session): void {
    const due = this.#due.get(session.dueTick);
    if (due?.delete(session) && due.size === 0) this.#due.delete(session.dueTick);
    if (this.#due.size === 0) this.#rest();
  }

  stop(): void {
    this.#due.clear();
    this.#rest();
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #enter(session: Session): void {
    session.dueTick = session.heardAtTick + session.silentTicksMax;
    const due = this.#due.get(session.dueTick);
    if (due === undefined) this.#due.set(session.dueTick, new Set([session]));
    else due.add(session);
  }

  #turn(): void {
    this.tick++;
    const due = this.#due.get(this.tick);
    if (due === undefined) return;
    // Kept until all have been looked at: who is silent may be forgotten, and others still wait.
    for (const session of due) {
      due.delete(session);
      if (session.heardAtTick + session.silentTicksMax > this.tick) this.#enter(session);
      else this.#onSilent(session);
    }
    this.#due.delete(this.tick);
    if (this.#due.size === 0) this.#rest();
  }
}
