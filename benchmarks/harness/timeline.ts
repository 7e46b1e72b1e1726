/** What was seen over a run, a sample a second, kept in columns that grow wider as it goes on. */

import { latencyBucketCount } from '../../model/latency-buckets.ts';
import type { RunTimeline } from '../../model/report.ts';
import { type ProcessGroup, processGroups } from './report-shape.ts';
import type { Usages } from './resources.ts';

/** What happened in a short time; null is what was not known. */
export interface Sample {
  /** How long that time was. */
  readonly seconds: number;
  /** At its end. */
  readonly sessions: number | null;
  readonly waiting: number | null;
  /** Readings in it. */
  readonly acked: number | null;
  readonly stored: number | null;
  /** By bucket of `model/latency-buckets.ts`. */
  readonly connectCounts: readonly number[];
  readonly ackCounts: readonly number[];
  readonly storedCounts: readonly number[];
  /** CPU seconds in it, memory at its end. */
  readonly usage: Usages;
}

/** A sum, and the time over which it was known. */
interface Known {
  sum: number;
  seconds: number;
}

interface Column {
  sessions: number | null;
  waiting: number | null;
  readonly acked: Known;
  readonly stored: Known;
  readonly counts: readonly [connect: number[], ack: number[], stored: number[]];
  readonly cpuS: Readonly<Record<ProcessGroup, Known>>;
  readonly rssBytes: Record<ProcessGroup, number | null>;
}

/** Columns of a timeline. */
export const timelineColumnsMax = 240;

export class Timeline {
  #columns: Column[] = [];
  #columnS = 1;
  #elapsedS = 0;

  /** Adds what came after the sample before. */
  add(sample: Sample): void {
    const middleS = this.#elapsedS + sample.seconds / 2;
    this.#elapsedS += sample.seconds;
    while (middleS / this.#columnS >= timelineColumnsMax) this.#widen();
    const index = Math.floor(middleS / this.#columnS);
    while (this.#columns.length <= index) this.#columns.push(emptyColumn());
    addSample(this.#columns[index]!, sample);
  }

  /** All of it, with what else a report says of the time. Null when nothing was seen. */
  report(phases: RunTimeline['phases'], events: RunTimeline['events']): RunTimeline | null {
    const columns = this.#columns;
    if (columns.length === 0) return null;
    const heat = (which: 0 | 1 | 2) => columns.map(({ counts }) => withoutZeros(counts[which]));
    const groups = processGroups.filter((group) =>
      columns.some(({ rssBytes }) => rssBytes[group] !== null),
    );
    return {
      columnS: this.#columnS,
      phases,
      events,
      sessions: columns.map(({ sessions }) => sessions),
      ackedPerSecond: columns.map(({ acked }) => perSecond(acked)),
      storedPerSecond: columns.map(({ stored }) => perSecond(stored)),
      waiting: columns.map(({ waiting }) => waiting),
      connect: heat(0),
      ack: heat(1),
      stored: heat(2),
      resources: Object.fromEntries(
        groups.map((group) => [
          group,
          {
            cores: columns.map(({ cpuS }) => perSecond(cpuS[group], 1000)),
            rssBytes: columns.map(({ rssBytes }) => rssBytes[group]),
          },
        ]),
      ),
    };
  }

  /** Makes one column of every two. */
  #widen(): void {
    const columns = this.#columns;
    this.#columns = [];
    for (let i = 0; i < columns.length; i += 2) {
      const [one, other] = [columns[i]!, columns[i + 1]];
      if (other !== undefined) addColumn(one, other);
      this.#columns.push(one);
    }
    this.#columnS *= 2;
  }
}

function emptyColumn(): Column {
  const counts = () => new Array<number>(latencyBucketCount).fill(0);
  return {
    sessions: null,
    waiting: null,
    acked: { sum: 0, seconds: 0 },
    stored: { sum: 0, seconds: 0 },
    counts: [counts(), counts(), counts()],
    cpuS: byGroup(() => ({ sum: 0, seconds: 0 })),
    rssBytes: byGroup(() => null),
  };
}

function byGroup<T>(of: (group: ProcessGroup) => T): Record<ProcessGroup, T> {
  return Object.fromEntries(processGroups.map((group) => [group, of(group)])) as Record<
    ProcessGroup,
    T
  >;
}

function addSample(column: Column, sample: Sample): void {
  const { ackCounts, acked, connectCounts, seconds, stored, storedCounts, usage } = sample;
  const known = (sum: number | null): Known =>
    sum === null ? { sum: 0, seconds: 0 } : { sum, seconds };
  addColumn(column, {
    sessions: sample.sessions,
    waiting: sample.waiting,
    acked: known(acked),
    stored: known(stored),
    counts: [[...connectCounts], [...ackCounts], [...storedCounts]],
    cpuS: byGroup((group) => known(usage[group]?.cpuS ?? null)),
    rssBytes: byGroup((group) => usage[group]?.rssBytes ?? null),
  });
}

/** Adds what came later: of gauges the later value counts. */
function addColumn(column: Column, later: Column): void {
  column.sessions = later.sessions ?? column.sessions;
  column.waiting = later.waiting ?? column.waiting;
  addKnown(column.acked, later.acked);
  addKnown(column.stored, later.stored);
  for (const [i, counts] of column.counts.entries()) {
    for (const [bucket, count] of later.counts[i]!.entries()) counts[bucket]! += count;
  }
  for (const group of processGroups) {
    addKnown(column.cpuS[group], later.cpuS[group]);
    column.rssBytes[group] = later.rssBytes[group] ?? column.rssBytes[group];
  }
}

function addKnown(into: Known, more: Known): void {
  into.sum += more.sum;
  into.seconds += more.seconds;
}

/** To a tenth, or another part of one; null when nothing was known. */
function perSecond({ seconds, sum }: Known, parts = 10): number | null {
  return seconds === 0 ? null : Math.round((sum / seconds) * parts) / parts;
}

function withoutZeros(counts: readonly number[]): number[] {
  return counts.slice(0, counts.findLastIndex((count) => count > 0) + 1);
}
