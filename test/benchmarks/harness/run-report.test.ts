import { expect, test } from 'vitest';
import { blankDraft } from '../../../benchmarks/harness/draft.ts';
import { environmentOf } from '../../../benchmarks/harness/environment.ts';
import { type RunPlan, runReport } from '../../../benchmarks/harness/run-report.ts';
import { table } from '../../../benchmarks/harness/table.ts';
import { parseThresholds } from '../../../benchmarks/harness/thresholds.ts';
import { commandWords } from '../../../benchmarks/report/panels/repeat.ts';
import type { OnboardingReport } from '../../../model/report.ts';
import type { SimulationReport } from '../../../simulator/report.ts';
import { parseParameters } from '../../helpers/run-parameters.ts';
import { sampleReport } from '../report/sample-report.ts';

const plan: RunPlan = {
  scenario: 'city',
  question: { en: 'Does it?', zh: '?' },
  size: 'full',
  parameters: parseParameters({}),
  thresholds: parseThresholds(['ledger.lost == 0', 'connect.failed == 0'], []),
  store: 'embedded',
  target: null,
};
const environment = environmentOf(null);

/** What a fleet says of a run in which all went well. */
function simulated(more: Partial<SimulationReport> = {}): SimulationReport {
  const { connect, fairness, fleet, generator, message, telemetry } = sampleReport({ columns: 20 });
  const { acked, sent } = telemetry;
  return {
    ...{ schema: 'onramp-simulation/1', seed: 1, startedAt: '', durationS: 10, interrupted: false },
    ...{ target: '', fleet, message, connect, onboarding: null, fairness, recovery: null },
    telemetry: {
      ...{ ...telemetry, due: sent, sent, unsent: 0, skipped: 0, resent: 0 },
      unacknowledged: sent - (acked ?? 0),
    },
    events: { due: 0, sent: 0, acked: 0, skipped: 0 },
    generator: { ...generator, cpuS: 1, rssBytesMax: 1, valid: true, processes: [] },
    invalidReasons: [],
    failures: [],
    ...more,
  };
}

test('a report can be made when nothing has happened yet: what is not known is null', () => {
  const report = runReport(plan, blankDraft(0), environment);
  expect(report).toMatchObject({
    startedAt: '1970-01-01T00:00:00.000Z',
    parameters: { devices: 200, size: 'full' },
    fleet: { devices: 200, sessions: 0 },
    connect: { attempted: 0, proof: { client: null, store: null } },
    telemetry: { due: null, unsent: null, acked: null, ackMs: null, storedMs: null },
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

test('a generator that could not keep up voids a full run, and a smoke that is timed', () => {
  const draft = blankDraft(0);
  const reasons = ['2 of 2 simulator processes used over 90 % of a core'];
  draft.simulated = simulated({ invalidReasons: reasons });
  const run = (size: RunPlan['size'], ...expressions: string[]) =>
    runReport({ ...plan, size, thresholds: parseThresholds(expressions, []) }, draft, environment);
  const fellBehind = { valid: false, reasons };
  expect(run('full')).toMatchObject({ verdict: 'invalid', invalidReasons: reasons });
  const smoke = run('smoke', 'connect.failed == 0');
  expect(smoke).toMatchObject({ verdict: 'pass', invalidReasons: [], generator: fellBehind });
  expect(table(smoke)).toContain(reasons[0]);
  for (const timed of ['telemetry.ackMs.p99 <= 5000', 'telemetry.perSecond >= 1']) {
    expect(run('smoke', timed)).toMatchObject({ verdict: 'invalid', generator: fellBehind });
  }
});

test('before the fleet has spoken nobody knows whether it kept up', () => {
  expect(runReport(plan, blankDraft(0), environment).generator.valid).toBe(null);
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

test.each([
  ['all are acknowledged', { due: 100, sent: 100, acked: 100 }, 'pass', 'due'],
  ['a worker does not answer', { due: 100, sent: 100, acked: 98 }, 'fail', '98 acknowledged'],
  ['some are never sent', { due: 100, sent: 98, unsent: 2, acked: 98 }, 'fail', '2 never sent'],
  ['some are never made', { due: 100, skipped: 2, sent: 98, acked: 98 }, 'fail', '2 never made'],
])('readings: %s', (_what, counts, verdict, said) => {
  const draft = blankDraft(0);
  const usual = simulated();
  draft.simulated = { ...usual, telemetry: { ...usual.telemetry, ...counts } };
  const thresholds = parseThresholds(['telemetry.acked == telemetry.due'], []);
  const report = runReport({ ...plan, size: 'smoke', thresholds }, draft, environment);
  expect(report).toMatchObject({ verdict, telemetry: counts });
  expect(table(report)).toContain(said);
});

test('at QoS 0 nothing was promised, and none can be lost', () => {
  const draft = blankDraft(0);
  const usual = simulated();
  const message = { ...usual.message, qos: 0 as const };
  draft.simulated = { ...usual, message, telemetry: { ...usual.telemetry, acked: null } };
  draft.reconciled = {
    ...{ sent: 9, acked: 0, devices: 3, stored: 7, duplicated: 0, overwritten: 0, lost: 0 },
    examples: [],
  };
  const thresholds = parseThresholds(['ledger.lost == 0', 'telemetry.acked == telemetry.due'], []);
  const of = (qos: 0 | 1) =>
    runReport({ ...plan, parameters: parseParameters({ qos }), thresholds }, draft, environment);
  const report = of(0);
  expect(report).toMatchObject({
    verdict: 'pass',
    ledger: { stored: 7, duplicated: 0, lost: null, overwritten: null },
  });
  expect(report.thresholds.map(({ asked }) => asked)).toEqual([false, false]);
  expect(table(report)).toContain('QoS 0 promises nothing');
  expect(of(1).ledger).toMatchObject({ lost: 0, overwritten: 0 });
});

test('what it cost to come on board is not divided by messages of another time', () => {
  const draft = blankDraft(0);
  draft.resources = { gatewayWorkers: { cpuS: 10, rssBytesMax: 1e6 }, store: null };
  const usual = simulated({ durationS: 10 });
  const telemetry = { ...usual.telemetry, perSecond: 100 };
  const pace = { devices: 3, seconds: 1, perSecond: 3 };
  const onboarding = {
    ...{ provisioned: 3, acknowledged: pace, stored: pace, firstRowMs: null },
    stagesMs: {} as OnboardingReport['stagesMs'],
  };
  const costOf = (more: object) => {
    draft.simulated = { ...usual, telemetry, ...more };
    return runReport(plan, draft, environment);
  };
  const steady = costOf({});
  expect(steady.cpuUsPerMessage).toEqual({ gatewayWorkers: 10_000, store: null });
  expect(table(steady)).toContain('10000 µs CPU per message');
  const coming = costOf({ onboarding });
  expect(coming.cpuUsPerMessage).toEqual({ gatewayWorkers: null, store: null });
});

const command = (more: Partial<RunPlan>) =>
  commandWords(runReport({ ...plan, ...more }, blankDraft(0), environment)).join(' ');

test('the command names the store, and never its credentials', () => {
  expect(command({})).toMatch(/ --store embedded( |$)/);
  const shown = command({ store: 'http://me:secret@10.1.2.3:8086/db?p=secret' });
  expect(shown).toMatch(/ --store http:\/\/10\.1\.2\.3:8086\/db( |$)/);
  expect(shown).not.toContain('secret');
});

test.each([
  ['mqtt://127.0.0.1:1883', ''],
  ['mqtts://plant.example', ' --allow-host plant.example'],
])('the command names the target %s and all that it needs', (url, allowed) => {
  const target = { url, dialect: 'thingsboard', fleetKey: Buffer.from('key'), allowHosts: [] };
  const shown = command({ target });
  expect(shown).toContain(` --target ${url} --dialect thingsboard${allowed} --fleet-key FILE`);
  expect(shown).not.toContain('--store');
});
