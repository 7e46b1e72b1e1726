import { expect, test } from 'vitest';
import { blankDraft } from '../../../benchmarks/harness/draft.ts';
import { environmentOf } from '../../../benchmarks/harness/environment.ts';
import { type RunPlan, runReport } from '../../../benchmarks/harness/run-report.ts';
import { table } from '../../../benchmarks/harness/table.ts';
import { parseThresholds } from '../../../benchmarks/harness/thresholds.ts';
import { parseParameters } from '../../../benchmarks/scenarios/parameters.ts';

const plan: RunPlan = {
  scenario: 'city',
  question: { en: 'Does it?', zh: '?' },
  size: 'full',
  parameters: parseParameters({}),
  thresholds: parseThresholds(['ledger.lost == 0', 'connect.failed == 0'], []),
  target: null,
};
const environment = environmentOf(null);

test('a report can be made when nothing has happened yet: what is not known is null', () => {
  const report = runReport(plan, blankDraft(0), environment);
  expect(report).toMatchObject({
    startedAt: '1970-01-01T00:00:00.000Z',
    parameters: { devices: 200, size: 'full' },
    fleet: { devices: 200, sessions: 0 },
    connect: { attempted: 0, proof: { client: null, store: null } },
    telemetry: { acked: null, ackMs: null, storedMs: null },
    ledger: { stored: null, lost: null, late: null },
    timeline: null,
  });
  expect(report.thresholds.map(({ ok }) => ok)).toEqual([null, true]);
  expect(table(report)).toContain('not reconciled');
});

test('before the fleet has reported, what was last heard of it counts', () => {
  const draft = blankDraft(0);
  draft.interrupted = true;
  draft.invalidReasons = ['the run was interrupted while connecting'];
  draft.fleet = {
    ...{ devices: 200, untried: 50, connected: 140, sessions: 139, sent: 7, acked: 6 },
    ...{ skipped: 0, outstanding: 1, provisioned: null, firstRows: null },
    failures: [{ stage: 'tcp', code: 'refused', count: 10 }],
    ackCounts: [],
    connectCounts: [],
  };
  const report = runReport(plan, draft, environment);
  expect(report).toMatchObject({
    verdict: 'invalid',
    interrupted: true,
    connect: { attempted: 150, connected: 140, failed: 10 },
    telemetry: { sent: 7, acked: 6 },
    failures: [{ stage: 'tcp', code: 'refused', count: 10 }],
  });
  expect(table(report)).toContain('INVALID: the run was interrupted while connecting');
});

test('a generator that could not keep up voids a full run, and no smoke', () => {
  const draft = blankDraft(0);
  const reasons = ['2 of 2 simulator processes used over 90 % of a core'];
  draft.simulated = {
    invalidReasons: reasons,
    generator: { eventLoopLagMs: null, overruns: 3 },
    telemetry: { perSecond: 0 },
    durationS: 1,
  } as never;
  const full = runReport(plan, draft, environment);
  expect(full).toMatchObject({ verdict: 'invalid', invalidReasons: reasons });
  const smoke = runReport({ ...plan, size: 'smoke', thresholds: [] }, draft, environment);
  expect(smoke).toMatchObject({ verdict: 'pass', invalidReasons: [] });
});

test('what could not be judged is named, and voids a run that was not ended early', () => {
  const draft = blankDraft(0);
  const report = runReport(plan, draft, environment);
  expect(report).toMatchObject({
    verdict: 'invalid',
    invalidReasons: ['ledger.lost == 0 could not be judged'],
  });
  expect(table(report)).toContain('not known  ledger.lost == 0');
  draft.invalidReasons = ['the run was interrupted while connecting'];
  expect(runReport(plan, draft, environment).invalidReasons).toEqual(draft.invalidReasons);
});

test('what was switched off is not asked', () => {
  const parameters = parseParameters({ isolation: false });
  const thresholds = parseThresholds(['isolation.leaks == 0'], []);
  const report = runReport({ ...plan, parameters, thresholds }, blankDraft(0), environment);
  expect(report).toMatchObject({ verdict: 'pass', invalidReasons: [] });
  expect(table(report)).toContain('not asked  isolation.leaks == 0');
});
