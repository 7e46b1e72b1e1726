/** A hashed timing wheel: due ticks of many items, at a constant cost for each. */

const none = -1;

/**
 * Holds at most one due tick for each of the items 0 to `items` − 1. A tick is whatever the owner
 * makes it. Items of one tick come due in the order they were set. Memory is fixed: 16 bytes an
 * item. See G. Varghese and T. Lauck, "Hashed and hierarchical timing wheels" (1987), scheme 6.
 */
export class TimingWheel {
  readonly #slots: number;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #next: Int32Array;
  /** NaN when the item is not set. */
  readonly #due: Float64Array;
  #tick = 0;

  /** Ticks further ahead than `slots` (a power of two) are allowed, but visited once per turn. */
  constructor(items: number, slots = 4096) {
    if (slots < 1 || (slots & (slots - 1)) !== 0) throw new RangeError(`slots: ${slots}`);
    this.#slots = slots;
    this.#first = new Int32Array(slots).fill(none);
    this.#last = new Int32Array(slots).fill(none);
    this.#next = new Int32Array(items).fill(none);
    this.#due = new Float64Array(items).fill(Number.NaN);
  }

  /** The tick up to which everything came due. */
  get tick(): number {
    return this.#tick;
  }

  isSet(item: number): boolean {
    return !Number.isNaN(this.#due[item]!);
  }

  /** False when anything may be due at `tick`, which is to come. */
  isEmptyAt(tick: number): boolean {
    return this.#first[tick % this.#slots] === none;
  }

  /** Makes `item` due at `tick`; a tick that has passed is due at the next. The item is not set. */
  set(item: number, tick: number): void {
    if (this.isSet(item)) throw new Error(`item ${item} is set already`);
    const due = Math.max(tick, this.#tick + 1);
    this.#due[item] = due;
    this.#append(item, due);
  }

  /**
   * Calls `onDue` for every item due up to `tick`, tick by tick. `onDue` may set items, also the
   * one it got; those due by `tick` come due in the same call. After a tick in which at least
   * `itemsMax` items have come due it stops early. Returns true when it has reached `tick`.
   */
  advance(
    tick: number,
    onDue: (item: number, tick: number) => void,
    itemsMax = Number.POSITIVE_INFINITY,
  ): boolean {
    let left = itemsMax;
    while (this.#tick < tick) {
      if (left <= 0) return false;
      this.#tick++;
      left -= this.#turn(onDue);
    }
    return true;
  }

  #turn(onDue: (item: number, tick: number) => void): number {
    const slot = this.#tick & (this.#slots - 1);
    let item = this.#first[slot]!;
    this.#first[slot] = this.#last[slot] = none;
    let count = 0;
    while (item !== none) {
      const next = this.#next[item]!;
      const due = this.#due[item]!;
      if (due > this.#tick) {
        this.#append(item, due);
      } else {
        this.#due[item] = Number.NaN;
        count++;
        onDue(item, due);
      }
      item = next;
    }
    return count;
  }

  #append(item: number, tick: number): void {
    const slot = tick % this.#slots;
    const last = this.#last[slot]!;
    this.#next[item] = none;
    if (last === none) this.#first[slot] = item;
    else this.#next[last] = item;
    this.#last[slot] = item;
  }
}
