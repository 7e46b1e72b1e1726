/** A set of sequence numbers, small when they are nearly consecutive. */

/** Counts distinct sequence numbers in the memory of their gaps. */
export class SeqRanges {
  /** Disjoint, ascending, never adjacent: first, last, first, last, … */
  readonly #bounds: number[] = [];
  #rows = 0;

  /** `seq` is a whole number; adding it again changes `rows` only. */
  add(seq: number): void {
    this.#rows += 1;
    const bounds = this.#bounds;
    const end = bounds.length - 1;
    if (end > 0 && seq === (bounds[end] as number) + 1) {
      bounds[end] = seq;
      return;
    }
    const at = this.#firstRangeEndingAtOrAfter(seq - 1);
    const first = bounds[at];
    const last = bounds[at + 1];
    if (first === undefined || last === undefined || seq + 1 < first) {
      bounds.splice(at, 0, seq, seq);
    } else if (seq + 1 === first) {
      bounds[at] = seq;
    } else if (seq === last + 1) {
      const next = bounds[at + 2];
      if (next === seq + 1) bounds.splice(at + 1, 2);
      else bounds[at + 1] = seq;
    }
  }

  /** How often `add` was called. */
  get rows(): number {
    return this.#rows;
  }

  get distinct(): number {
    let count = 0;
    for (let at = 0; at < this.#bounds.length; at += 2) {
      count += (this.#bounds[at + 1] as number) - (this.#bounds[at] as number) + 1;
    }
    return count;
  }

  /** The smallest; 0 when there is none. */
  get min(): number {
    return this.#bounds[0] ?? 0;
  }

  /** The greatest; 0 when there is none. */
  get max(): number {
    return this.#bounds.at(-1) ?? 0;
  }

  /** Index of the first bound of the first range whose last is `seq` or more. */
  #firstRangeEndingAtOrAfter(seq: number): number {
    let low = 0;
    let high = this.#bounds.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#bounds[middle * 2 + 1] as number) < seq) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }
}
