/**
 * Counts that lie in one another, kept while devices come and go: of each place, and of each
 * enterprise in it. How deep a device is counted is its depth: 0 not at all, 1 registered,
 * 2 activated, 3 connected, 4 online.
 */

import type { NestedCounts, PlaceCounts } from './onboarding.ts';

export type Depth = 0 | 1 | 2 | 3 | 4;

const depths = 4;
/** Columns of a cell: production devices by depth, then the others. */
const columns = 2 * depths;
const cellsInitial = 64;

interface Place {
  readonly production: number[];
  readonly other: number[];
  readonly enterprises: number[];
}

export class NestedTally {
  readonly #places = new Map<string, Place>();
  /** A cell is one enterprise in one place; by `{place}\n{enterprise}`. */
  readonly #cells = new Map<string, number>();
  readonly #placeOf: Place[] = [];
  #counts = new Int32Array(cellsInitial * columns);

  /** The number of an enterprise's cell in a place, made on first use. */
  cell(place: string, enterprise: string): number {
    const name = `${place}\n${enterprise}`;
    const known = this.#cells.get(name);
    if (known !== undefined) return known;
    const cell = this.#placeOf.length;
    if ((cell + 1) * columns > this.#counts.length) this.#grow();
    this.#cells.set(name, cell);
    this.#placeOf.push(this.#place(place));
    return cell;
  }

  /** One device of a cell went from one depth to another. */
  move(cell: number, production: boolean, from: Depth, to: Depth): void {
    const step = to > from ? 1 : -1;
    const place = this.#placeOf[cell]!;
    const devices = production ? place.production : place.other;
    for (let depth = Math.min(from, to); depth < Math.max(from, to); depth++) {
      const at = cell * columns + depth;
      const before = this.#counts[at]! + this.#counts[at + depths]!;
      this.#counts[at + (production ? 0 : depths)]! += step;
      devices[depth]! += step;
      if (before === 0) place.enterprises[depth]! += 1;
      else if (before + step === 0) place.enterprises[depth]! -= 1;
    }
  }

  /** The counts of every place that ever had a device. */
  places(): Record<string, PlaceCounts> {
    return Object.fromEntries([...this.#places.keys()].map((name) => [name, this.place(name)]));
  }

  place(name: string): PlaceCounts {
    const { production, other, enterprises } = this.#places.get(name) ?? emptyPlace();
    return {
      production: nested(production),
      other: nested(other),
      enterprises: nested(enterprises),
    };
  }

  /** One enterprise in one place. */
  of(place: string, enterprise: string): PlaceCounts {
    const cell = this.#cells.get(`${place}\n${enterprise}`);
    const begin = (cell ?? 0) * columns;
    const counts = this.#counts.subarray(begin, cell === undefined ? begin : begin + columns);
    const production = [...counts.subarray(0, depths)];
    const other = [...counts.subarray(depths)];
    const present = production.map((count, depth) => (count + other[depth]! > 0 ? 1 : 0));
    return { production: nested(production), other: nested(other), enterprises: nested(present) };
  }

  #place(name: string): Place {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const place = emptyPlace();
    this.#places.set(name, place);
    return place;
  }

  #grow(): void {
    const larger = new Int32Array(this.#counts.length * 2);
    larger.set(this.#counts);
    this.#counts = larger;
  }
}

function emptyPlace(): Place {
  const zeros = () => new Array<number>(depths).fill(0);
  return { production: zeros(), other: zeros(), enterprises: zeros() };
}

function nested([registered = 0, activated = 0, connected = 0, online = 0]: readonly number[]) {
  return { registered, activated, connected, online } satisfies NestedCounts;
}
