import fc from 'fast-check';
import { expect, test } from 'vitest';
import { processGroups } from '../../../benchmarks/harness/report-shape.ts';
import type { Usages } from '../../../benchmarks/harness/resources.ts';
import { type Sample, Timeline, timelineColumnsMax } from '../../../benchmarks/harness/timeline.ts';

const nobody = Object.fromEntries(processGroups.map((group) => [group, null])) as Usages;

function sample(more: Partial<Sample> = {}): Sample {
  return {
    seconds: 1,
    sessions: null,
    waiting: null,
    acked: null,
    stored: null,
    connectCounts: [],
    ackCounts: [],
    storedCounts: [],
    usage: nobody,
    ...more,
  };
}

test('nothing seen is no timeline', () => {
  expect(new Timeline().report([], [])).toBe(null);
});

test('rates are of the time in which they were known; what was not known is null', () => {
  const timeline = new Timeline();
  const store = { cpuS: 0.5, rssBytes: 100, busiestCpuS: 0.5 };
  timeline.add(sample({ sessions: 5, acked: 30, ackCounts: [0, 2], usage: { ...nobody, store } }));
  timeline.add(sample({ stored: 10, waiting: 7, seconds: 1 }));
  expect(timeline.report([], [])).toEqual({
    columnS: 1,
    phases: [],
    events: [],
    sessions: [5, null],
    ackedPerSecond: [30, null],
    storedPerSecond: [null, 10],
    waiting: [null, 7],
    connect: [[], []],
    ack: [[0, 2], []],
    stored: [[], []],
    resources: { store: { cores: [0.5, null], rssBytes: [100, null] } },
  });
});

test('however long a run is, columns are few and nothing is lost in them', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 9 }),
      (count, each) => {
        const timeline = new Timeline();
        for (let i = 0; i < count; i++) {
          timeline.add(sample({ acked: each, ackCounts: [each], sessions: i }));
        }
        const report = timeline.report([], [])!;
        expect(report.ack.length).toBeLessThanOrEqual(timelineColumnsMax);
        expect(report.columnS * report.ack.length).toBeGreaterThanOrEqual(count);
        expect(report.columnS * (report.ack.length - 1)).toBeLessThan(count);
        const acked = report.ack.reduce((sum, [first = 0]) => sum + first, 0);
        expect(acked).toBe(count * each);
        expect(report.ackedPerSecond.every((rate) => rate === each)).toBe(true);
        expect(report.sessions.at(-1)).toBe(count - 1);
      },
    ),
    { numRuns: 50 },
  );
});

test('a gap in the looks is an empty column', () => {
  const timeline = new Timeline();
  timeline.add(sample({ acked: 1 }));
  timeline.add(sample({ acked: 4, seconds: 4 }));
  expect(timeline.report([], [])!.ackedPerSecond).toEqual([1, null, null, 1]);
});
