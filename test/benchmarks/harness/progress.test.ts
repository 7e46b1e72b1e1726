import { expect, test } from 'vitest';
import { ProgressWriter, progressParts, type View } from '../../../benchmarks/harness/progress.ts';
import { processGroups } from '../../../benchmarks/harness/report-shape.ts';
import type { Usages } from '../../../benchmarks/harness/resources.ts';
import { timeLeftMs } from '../../../benchmarks/harness/time-left.ts';
import { parseParameters } from '../../helpers/run-parameters.ts';

const nobody = Object.fromEntries(processGroups.map((group) => [group, null])) as Usages;
const simulator = { cpuS: 1.4, rssBytes: 0, busiestCpuS: 0.5 };

const view = {
  scenario: 'city',
  phase: 'steady',
  elapsedMs: 72_000,
  leftMs: 228_000,
  fleet: {
    devices: 1000,
    sessions: 990,
    untried: 0,
    sent: 10,
    skipped: 0,
    provisioned: null,
    firstRows: null,
    failures: [],
  },
  gateway: { waiting: 5, storeAway: null },
  sample: {
    seconds: 1,
    acked: 100,
    stored: 90,
    connectCounts: [],
    ackCounts: [0, 0, 100],
    usage: { ...nobody, simulator },
  },
} as unknown as View;

test('says the phase and its time, the fleet, the rates and the cores', () => {
  expect(progressParts(view)).toEqual([
    'city: steady 1:12, 3:48 left',
    '990/1000 sessions',
    '100 acked/s, 90 stored/s, 5 waiting, PUBACK p50 0.4 ms p99 0.4 ms',
    'cores: simulator 1.40; the generator keeps up',
  ]);
});

test('says when the generator does not keep up, and what is not known is left out', () => {
  const busy = { ...simulator, busiestCpuS: 0.95 };
  const { sample } = view;
  const at = (more: object) =>
    progressParts({ ...view, ...more } as View).find((part) => part.startsWith('cores'));
  expect(at({ sample: { ...sample, usage: { ...nobody, simulator: busy } } })).toContain(
    'the generator is at its limit',
  );
  expect(at({ fleet: { ...view.fleet, skipped: 3 } })).toContain('skipped 3 readings');
  expect(progressParts({ ...view, fleet: null, gateway: null, leftMs: null })[0]).toBe(
    'city: steady 1:12',
  );
});

test('a line at each phase and every five seconds, where there is no terminal', () => {
  const written: string[] = [];
  const writer = new ProgressWriter({ write: (text: string) => written.push(text) });
  writer.entered('city', 'steady');
  for (let elapsedMs = 1000; elapsedMs <= 10_000; elapsedMs += 1000) {
    writer.show({ ...view, elapsedMs });
  }
  writer.end();
  expect(written.map((text) => text.slice(0, 16))).toEqual([
    'city: steady\n',
    'city: steady 5s,',
    'city: steady 10s',
    '',
  ]);
});

test('on a terminal the same lines are drawn anew, cut to its width', () => {
  const written: string[] = [];
  const output = { isTTY: true, columns: 20, write: (text: string) => written.push(text) };
  const writer = new ProgressWriter(output);
  writer.show(view);
  writer.show(view);
  writer.end();
  expect(written[0]!.split('\n').every((line) => line.length < 20)).toBe(true);
  expect(written[1]!.startsWith('\u001b[4A\u001b[J')).toBe(true);
  expect(written.at(-1)).toBe('\u001b[4A\u001b[J');
});

test('the time left is known, estimated, or not', () => {
  const parameters = parseParameters({ duration: '10s' });
  const left = (phase: string, more: object = {}, done: number | null = null) =>
    timeLeftMs({ phase, elapsedMs: 4000, done } as never, { ...view, ...more }, parameters);
  expect(left('steady')).toBe(6000);
  expect(left('connecting', { fleet: { ...view.fleet, untried: 500 } })).toBe(4000);
  expect(left('settling', { gateway: { waiting: 900 } })).toBe(10_000);
  expect(left('reconciling', {}, 0.25)).toBe(12_000);
  expect(left('registering')).toBe(null);
});
