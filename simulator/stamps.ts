/** Which timestamp each reading of each device had, in few numbers. */

import { limits } from '../model/limits.ts';

/** The readings from `seq` on have `timestampMs`, `timestampMs` + `stepMs` and so on. */
export type StampRun = readonly [seq: number, timestampMs: number, stepMs: number];

/** The longest step of a run: 49 days. */
const stepMsMax = 0xffff_ffff;

/** Numbers of a run. */
const width = 3;

/** A book for another process. */
export interface StampColumns {
  readonly last: Uint32Array;
  readonly seq: Uint32Array;
  readonly timestampMs: Float64Array;
  readonly stepMs: Uint32Array;
  /** Earlier runs of irregular devices: device, seq, timestamp, step, and so on. */
  readonly earlier: Float64Array;
}

/**
 * Twenty bytes a device while its readings keep their interval, and a few more for each time it
 * changes. When all devices together have `runsMax` earlier runs, a device that needs another
 * forgets its oldest.
 */
export class StampBook {
  /** The latest `seq` of each device. */
  readonly #last: Uint32Array;
  /** The run it belongs to. */
  readonly #seq: Uint32Array;
  readonly #timestampMs: Float64Array;
  readonly #stepMs: Uint32Array;
  /** The runs before, for each device that has some. */
  readonly #earlier = new Map<number, number[]>();
  readonly #runsMax: number;
  #runs = 0;

  constructor(devices: number, runsMax: number = limits.stampRunsMax) {
    this.#last = new Uint32Array(devices);
    this.#seq = new Uint32Array(devices);
    this.#timestampMs = new Float64Array(devices);
    this.#stepMs = new Uint32Array(devices);
    this.#runsMax = runsMax;
  }

  /** The device's next reading, which has the next `seq`, from 1 on, and a later timestamp. */
  add(device: number, timestampMs: number): void {
    const seq = ++this.#last[device]!;
    const length = seq - this.#seq[device]!;
    const fromMs = this.#timestampMs[device]!;
    if (length > 1 && timestampMs === fromMs + length * this.#stepMs[device]!) return;
    if (length === 1 && seq > 1 && timestampMs - fromMs <= stepMsMax) {
      this.#stepMs[device] = timestampMs - fromMs;
      return;
    }
    if (seq > 1) this.#set(device);
    this.#seq[device] = seq;
    this.#timestampMs[device] = timestampMs;
    this.#stepMs[device] = 0;
  }

  /** Ascending; the first may begin after `seq` 1 where runs were forgotten. */
  runs(device: number): StampRun[] {
    if (this.#last[device] === 0) return [];
    const runs: StampRun[] = [];
    const earlier = this.#earlier.get(device) ?? [];
    for (let i = 0; i < earlier.length; i += width) {
      runs.push([earlier[i]!, earlier[i + 1]!, earlier[i + 2]!]);
    }
    runs.push([this.#seq[device]!, this.#timestampMs[device]!, this.#stepMs[device]!]);
    return runs;
  }

  columns(): StampColumns {
    const earlier = new Float64Array(this.#runs * (width + 1));
    let at = 0;
    for (const [device, runs] of this.#earlier) {
      for (let i = 0; i < runs.length; i += width) {
        earlier[at] = device;
        earlier.set(runs.slice(i, i + width), at + 1);
        at += width + 1;
      }
    }
    return {
      last: this.#last,
      seq: this.#seq,
      timestampMs: this.#timestampMs,
      stepMs: this.#stepMs,
      earlier,
    };
  }

  static of({ last, seq, timestampMs, stepMs, earlier }: StampColumns): StampBook {
    const book = new StampBook(last.length);
    book.#last.set(last);
    book.#seq.set(seq);
    book.#timestampMs.set(timestampMs);
    book.#stepMs.set(stepMs);
    for (let at = 0; at < earlier.length; at += width + 1) {
      book.#keep(earlier[at]!, earlier[at + 1]!, earlier[at + 2]!, earlier[at + 3]!);
    }
    return book;
  }

  /** Sets the present run aside. */
  #set(device: number): void {
    if (this.#runs >= this.#runsMax) {
      const earlier = this.#earlier.get(device);
      // One without earlier runs forgets the present one.
      if (earlier === undefined) return;
      earlier.splice(0, width);
      this.#runs--;
    }
    this.#keep(device, this.#seq[device]!, this.#timestampMs[device]!, this.#stepMs[device]!);
  }

  #keep(device: number, seq: number, timestampMs: number, stepMs: number): void {
    const earlier = this.#earlier.get(device);
    if (earlier === undefined) this.#earlier.set(device, [seq, timestampMs, stepMs]);
    else earlier.push(seq, timestampMs, stepMs);
    this.#runs++;
  }
}
