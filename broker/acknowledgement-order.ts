/**
 * Acknowledgements leave in the order in which their publishes arrived [MQTT-4.6.0-2], in whichever
 * order those are done with: a reply that needs no commit waits for the readings before it.
 */

type Acknowledge = () => void;

/** The order of one session. It holds no more than the session may have in flight. */
export class AcknowledgementOrder {
  #arrived = 0;
  #acknowledged = 0;
  /** Done with before their turn, by their place; most sessions never have any. */
  #held: Map<number, Acknowledge> | null = null;

  /** The place of a publish that arrives. */
  next(): number {
    return this.#arrived++;
  }

  /**
   * The publish of that place is done with: acknowledges it, and those that waited for it, when it
   * is its turn. Until then `acknowledge` is kept, which must not hold on to a payload.
   */
  done(place: number, acknowledge: Acknowledge): void {
    if (place !== this.#acknowledged) {
      this.#held ??= new Map();
      this.#held.set(place, acknowledge);
      return;
    }
    this.#acknowledged++;
    acknowledge();
    while (this.#held !== null) {
      const next = this.#held.get(this.#acknowledged);
      if (next === undefined) return;
      this.#held.delete(this.#acknowledged++);
      if (this.#held.size === 0) this.#held = null;
      next();
    }
  }
}
