/**
 * What the supervisor knows of each device and gateway, in columns: some 70 bytes each, and a key.
 */

const rowsInitial = 1024;

/** Bits of `flags`. */
export const flag = {
  /** The registry has it; else something was only heard of it. */
  known: 1,
  gateway: 2,
  production: 4,
  /** It has a session of its own. */
  session: 8,
  /** A row of it was stored before it was known. */
  rowWaits: 16,
} as const;

export class LifeColumns {
  readonly keys: string[] = [];
  readonly #rows = new Map<string, number>();
  #capacity = rowsInitial;
  /** Index in `deviceStates`. */
  state = new Uint8Array(rowsInitial);
  flags = new Uint8Array(rowsInitial);
  depth = new Uint8Array(rowsInitial);
  /** NaN where there is none, as in the next two. */
  activatedAtMs = new Float64Array(rowsInitial);
  lastRowAtMs = new Float64Array(rowsInitial);
  /** The `lastRowAtMs` that the registry has. */
  notedAtMs = new Float64Array(rowsInitial);
  /** Row of the gateway that speaks for it; -1 for none, as in the next three. */
  gateway = new Int32Array(rowsInitial);
  /** The devices of a gateway, linked both ways. */
  firstCarried = new Int32Array(rowsInitial);
  nextCarried = new Int32Array(rowsInitial);
  previousCarried = new Int32Array(rowsInitial);
  /** Where it is counted. */
  cityCell = new Int32Array(rowsInitial);
  districtCell = new Int32Array(rowsInitial);
  industryCell = new Int32Array(rowsInitial);

  find(key: string): number | undefined {
    return this.#rows.get(key);
  }

  /** The row of a key, made on first use: nothing known, no time, no other row. */
  rowOf(key: string): number {
    const found = this.#rows.get(key);
    if (found !== undefined) return found;
    const row = this.keys.length;
    if (row === this.#capacity) this.#grow();
    this.keys.push(key);
    this.#rows.set(key, row);
    this.activatedAtMs[row] = Number.NaN;
    this.lastRowAtMs[row] = Number.NaN;
    this.notedAtMs[row] = Number.NaN;
    this.gateway[row] = -1;
    this.firstCarried[row] = -1;
    this.nextCarried[row] = -1;
    this.previousCarried[row] = -1;
    return row;
  }

  has(row: number, bit: number): boolean {
    return (this.flags[row]! & bit) !== 0;
  }

  set(row: number, bit: number, value: boolean): void {
    if (value) this.flags[row]! |= bit;
    else this.flags[row]! &= ~bit;
  }

  /** Names the gateway (its row, or -1) that speaks for a device. */
  carry(row: number, gateway: number): void {
    if (this.gateway[row] === gateway) return;
    this.#unlink(row);
    this.gateway[row] = gateway;
    if (gateway < 0) return;
    const next = this.firstCarried[gateway]!;
    this.nextCarried[row] = next;
    if (next >= 0) this.previousCarried[next] = row;
    this.firstCarried[gateway] = row;
  }

  /** Rows of the devices a gateway speaks for. */
  *carriedBy(gateway: number): Generator<number> {
    for (let row = this.firstCarried[gateway]!; row >= 0; row = this.nextCarried[row]!) yield row;
  }

  #unlink(row: number): void {
    const gateway = this.gateway[row]!;
    if (gateway < 0) return;
    const previous = this.previousCarried[row]!;
    const next = this.nextCarried[row]!;
    if (previous >= 0) this.nextCarried[previous] = next;
    else this.firstCarried[gateway] = next;
    if (next >= 0) this.previousCarried[next] = previous;
    this.nextCarried[row] = -1;
    this.previousCarried[row] = -1;
  }

  #grow(): void {
    this.#capacity *= 2;
    const bytes = (column: Uint8Array) => copied(column, new Uint8Array(this.#capacity));
    const times = (column: Float64Array) => copied(column, new Float64Array(this.#capacity));
    const rows = (column: Int32Array) => copied(column, new Int32Array(this.#capacity));
    this.state = bytes(this.state);
    this.flags = bytes(this.flags);
    this.depth = bytes(this.depth);
    this.activatedAtMs = times(this.activatedAtMs);
    this.lastRowAtMs = times(this.lastRowAtMs);
    this.notedAtMs = times(this.notedAtMs);
    this.gateway = rows(this.gateway);
    this.firstCarried = rows(this.firstCarried);
    this.nextCarried = rows(this.nextCarried);
    this.previousCarried = rows(this.previousCarried);
    this.cityCell = rows(this.cityCell);
    this.districtCell = rows(this.districtCell);
    this.industryCell = rows(this.industryCell);
  }
}

function copied<To extends { set(from: ArrayLike<number>): void }>(
  from: ArrayLike<number>,
  to: To,
): To {
  to.set(from);
  return to;
}
