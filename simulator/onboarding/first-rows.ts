/** How long after its claim, and after its first reading, each device had its first row. */

import type { Measurements } from '../measurements.ts';
import type { Onboarding } from './onboarding.ts';
import type { FoundRow } from './row-watch.ts';

export interface FirstRowsSettings {
  readonly onboarding: Pick<Onboarding, 'milestones' | 'startedAtMs'>;
  readonly measurements: Measurements;
}

/**
 * Records the first rows that the platform tells of, each device's once. The platform's time of a
 * row and this machine's of a claim are compared: both must go by the same clock. A row older than
 * its claim is counted as a failure instead of recorded.
 */
export class FirstRows {
  readonly #settings: FirstRowsSettings;
  /** Rows that were faster than their acknowledgement, by device. */
  readonly #early = new Map<number, number>();
  #takenCount = 0;
  #lastRowAtMs = 0;

  constructor(settings: FirstRowsSettings) {
    this.#settings = settings;
  }

  /** From the first claim to the latest first row; 0 before there is one. */
  get seconds(): number {
    if (this.#lastRowAtMs === 0) return 0;
    return Math.max(0, this.#lastRowAtMs - this.#settings.onboarding.startedAtMs) / 1000;
  }

  /** Devices whose first reading was acknowledged and whose row is not known. */
  missing(): number {
    this.#retry();
    return this.#settings.measurements.counters.firstAcked - this.#takenCount;
  }

  take({ index, atMs }: FoundRow): void {
    const { measurements, onboarding } = this.#settings;
    const milestones = onboarding.milestones(index);
    if (milestones === null) {
      this.#early.set(index, atMs);
      return;
    }
    this.#takenCount++;
    if (atMs < milestones.claimAtMs) {
      measurements.recordFailure({ stage: 'row', code: 'older-than-claim' });
      return;
    }
    this.#lastRowAtMs = Math.max(this.#lastRowAtMs, atMs);
    measurements.counters.firstRows++;
    measurements.latencies.firstRow.record(atMs - milestones.claimAtMs);
    measurements.latencies.row.record(atMs - milestones.readingAtMs);
  }

  #retry(): void {
    for (const [index, atMs] of this.#early) {
      if (this.#settings.onboarding.milestones(index) === null) continue;
      this.#early.delete(index);
      this.take({ index, atMs });
    }
  }
}
