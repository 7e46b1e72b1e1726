/** How a platform comes back after a disturbance. Fed with what is seen every second; pure. */

import type { Findings } from '../../model/report.ts';

/** What is seen at a moment. */
export interface Seen {
  readonly atMs: number;
  readonly sessions: number;
  /** Readings since the beginning. */
  readonly stored: number;
  /** Readings that are accepted and not stored, or made and not accepted. */
  readonly backlog: number;
}

export interface RecoveryOptions {
  readonly devices: number;
  /** Readings that come due a second, and the backlog of an undisturbed run. */
  readonly usual: { readonly perSecond: number; readonly backlog: number };
  /** When it began, and when what causes it was over. */
  readonly disturbedMs: number;
  readonly overMs: number;
}

/** Of the sessions that are to be back. */
const sessionsPart = 0.99;
/** Of the usual rate that counts as the rate before. */
const ratePart = 0.9;
/** The rate of rows is taken over this time. */
const rateMs = 3000;
/** A backlog of so many seconds of readings, or twice the usual one, is none. */
const backlogS = 2;

/** Sees until sessions are back, rows flow, and nothing waits that did not wait before. */
export class Recovery {
  readonly #options: RecoveryOptions;
  #recent: Seen[] = [];
  #sessionsLost = false;
  #sessionsBackMs: number | null = null;
  #rowsBackMs: number | null = null;
  #drainedMs: number | null = null;
  #backlogMax = 0;
  #storedAtOver: number | null = null;
  #storedAtDrained = 0;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Takes what is seen, in the order of time; from `disturbedMs` on. */
  see(seen: Seen): void {
    const { devices, overMs, usual } = this.#options;
    const { atMs, backlog, sessions, stored } = seen;
    this.#backlogMax = Math.max(this.#backlogMax, backlog);
    this.#recent = [...this.#recent.filter((each) => atMs - each.atMs <= rateMs), seen];
    const enough = sessions >= devices * sessionsPart;
    this.#sessionsLost ||= !enough;
    if (atMs < overMs) return;
    this.#storedAtOver ??= stored;
    if (enough) this.#sessionsBackMs ??= atMs;
    if (this.#sessionsBackMs === null) return;
    if (this.#rate() >= usual.perSecond * ratePart) this.#rowsBackMs ??= atMs;
    if (backlog <= Math.max(usual.perSecond * backlogS, usual.backlog * 2)) {
      if (this.#drainedMs === null) this.#storedAtDrained = stored;
      this.#drainedMs ??= atMs;
    }
  }

  get over(): boolean {
    return this.#rowsBackMs !== null && this.#drainedMs !== null;
  }

  /** What did not happen is null; sessions that were never away are not spoken of. */
  findings(): Findings {
    const { disturbedMs, overMs } = this.#options;
    const since = (atMs: number | null, fromMs: number) =>
      atMs === null ? null : Math.round(atMs - fromMs) / 1000;
    const drainS = since(this.#drainedMs, overMs);
    const drained = this.#storedAtDrained - (this.#storedAtOver ?? 0);
    return {
      ...(this.#sessionsLost && { sessionsBackS: since(this.#sessionsBackMs, disturbedMs) }),
      rowsBackS: since(this.#rowsBackMs, disturbedMs),
      recoveryS: this.over
        ? since(Math.max(this.#rowsBackMs!, this.#drainedMs!), disturbedMs)
        : null,
      drainS,
      drainPerSecond: drainS === null || drainS === 0 ? null : Math.round(drained / drainS),
      backlogMax: this.#backlogMax,
    };
  }

  #rate(): number {
    const [first, last] = [this.#recent[0], this.#recent.at(-1)];
    if (first === undefined || last === undefined || last.atMs === first.atMs) return 0;
    return ((last.stored - first.stored) * 1000) / (last.atMs - first.atMs);
  }
}
