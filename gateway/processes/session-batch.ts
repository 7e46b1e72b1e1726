/**
 * Sessions that opened and ended in a worker, as they cross to the supervisor: in columns, because
 * an object for each session costs both sides five times as much.
 */

/** In the order in which it happened. */
export interface SessionBatch {
  /** The number of each session, which its worker gave it, from 1; negative for its end. */
  readonly numbers: readonly number[];
  /** Client ids of those that opened: `{enterprise}.{subject}` or `{enterprise}.claim.{serial}`. */
  readonly clients: readonly string[];
  /** When they opened, by the monotonic clock of the machine, which all workers share. */
  readonly openedAtMs: readonly number[];
}

/** Gathers what happens until it is taken, in parts. */
export class SessionBatcher {
  #numbers: number[] = [];
  #clients: string[] = [];
  #openedAtMs: number[] = [];

  /** Openings and ends that wait. */
  get size(): number {
    return this.#numbers.length;
  }

  opened(number: number, client: string, atMs: number): void {
    this.#numbers.push(number);
    this.#clients.push(client);
    this.#openedAtMs.push(atMs);
  }

  closed(number: number): void {
    this.#numbers.push(-number);
  }

  /** The first `max` of what waits; null when nothing does. */
  take(max: number): SessionBatch | null {
    if (this.#numbers.length === 0) return null;
    const numbers = this.#numbers.splice(0, max);
    const opened = numbers.reduce((count, number) => (number > 0 ? count + 1 : count), 0);
    const clients = this.#clients.splice(0, opened);
    return { numbers, clients, openedAtMs: this.#openedAtMs.splice(0, opened) };
  }
}
