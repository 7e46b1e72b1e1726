import { expect, test } from 'vitest';
import type { Asked } from '../../benchmarks/harness/asked.ts';
import {
  checkThresholds,
  namesTime,
  parseThresholds,
} from '../../benchmarks/harness/thresholds.ts';
import { verdictOf } from '../../benchmarks/harness/verdict.ts';
import { scenarios } from '../../benchmarks/scenarios/index.ts';
import { parseParameters } from '../helpers/run-parameters.ts';

function parsed(...expressions: string[]) {
  const problems: string[] = [];
  const thresholds = parseThresholds(expressions, problems);
  expect(problems).toEqual([]);
  return thresholds;
}

const everything: Asked = { qos: 1, isolation: true, target: false };

function check(report: object, ...expressions: string[]) {
  return checkThresholds({ findings: {}, ...report } as never, parsed(...expressions), everything);
}

test('what was asked and is not known is no pass; one that fails, fails the run', () => {
  const report = { ledger: { lost: 1, stored: null } };
  const unknown = check(report, 'ledger.stored >= 1');
  expect(unknown).toEqual([
    { expression: 'ledger.stored >= 1', value: null, ok: null, asked: true },
  ]);
  expect(verdictOf(true, unknown)).toBe('invalid');
  const failed = check(report, 'ledger.lost == 0', 'ledger.stored >= 1');
  expect(verdictOf(true, failed)).toBe('fail');
  expect(verdictOf(false, failed)).toBe('invalid');
});

test('what a run waited for and what did not happen has failed', () => {
  const findings = { rowsBackS: 3, recoveryS: null, drainS: null, drainPerSecond: null };
  const expressions = ['recoveryS <= 180', 'drainS <= 600', 'drainPerSecond >= 1'];
  const results = check({ findings }, ...expressions.map((each) => `findings.${each}`));
  expect(results.map(({ ok }) => ok)).toEqual([false, false, false]);
});

test.each([
  ['sessions that were never away', { rowsBackS: 3 }, 'findings.sessionsBackS <= 120'],
  ['a backlog that never was', { drainS: 0, drainPerSecond: null }, 'findings.drainPerSecond >= 1'],
])('%s decide nothing', (_what, findings, expression) => {
  const results = check({ findings }, expression);
  expect(results).toEqual([{ expression, value: null, ok: null, asked: false }]);
  expect(verdictOf(true, results)).toBe('pass');
});

test.each([
  ['memory that could not be seen', { memoryGrowth: null }, 'findings.memoryGrowth <= 0.1'],
  ['a recovery nobody looked for', {}, 'findings.recoveryS <= 180'],
  ['sessions nobody cut', {}, 'findings.sessionsBackS <= 120'],
])('%s cannot be judged', (_what, findings, expression) => {
  const results = check({ findings }, expression);
  expect(results[0]).toMatchObject({ ok: null, asked: true });
  expect(verdictOf(true, results)).toBe('invalid');
});

test.each([
  ['without isolation', { isolation: false }, 'isolation.leaks == 0', 'ledger.lost == 0'],
  ['at QoS 0', { qos: 0 }, 'ledger.lost == 0', 'ledger.stored >= 1'],
  ['at QoS 0', { qos: 0 }, 'telemetry.ackMs.p99 <= 5', 'telemetry.storedMs.p99 <= 5'],
  ['of a target', { target: true }, 'ledger.lost == 0', 'telemetry.ackMs.p99 <= 5'],
  ['of a target', { target: true }, 'connect.proof.client == connect.proof.broker', 'seed == 1'],
  ['of a target', { target: true }, 'isolation.leaks == 0', 'connect.failed == 0'],
] as const)('%s, %j, is not asked: %s', (_what, chosen, leftOut, asked) => {
  const problems: string[] = [];
  const report = { findings: {}, connect: { proof: { client: 3, broker: null } } } as never;
  const results = (required: boolean) =>
    checkThresholds(report, parseThresholds([leftOut, asked], problems, required), {
      ...everything,
      ...chosen,
    });
  expect(results(false).map((each) => each.asked)).toEqual([false, true]);
  expect(results(true).map((each) => each.asked)).toEqual([true, true]);
});

test('a bound may be another figure of the report', () => {
  const report = { fleet: { devices: 3 }, connect: { connected: 3 }, ledger: { lost: 1 } };
  const results = check(
    report,
    'connect.connected == fleet.devices',
    'ledger.lost==fleet.devices',
    'connect.connected == fleet.sessions',
  );
  expect(results.map(({ ok }) => ok)).toEqual([true, false, null]);
});

test.each([
  ['ledger.sent <= 2', true],
  ['ledger.sent < 2', false],
  ['ledger.sent >= 2', true],
  ['ledger.sent > 1.5', true],
  ['ledger.sent == -2', false],
])('%s of 2: %s', (expression, ok) => {
  expect(check({ ledger: { sent: 2 } }, expression)[0]!.ok).toBe(ok);
});

test('paths that a report does not have, and what is no threshold, are all named', () => {
  const problems: string[] = [];
  const kept = parseThresholds(
    [
      'ledger.lsot == 0',
      'telemetry.ackMs <= 5',
      'ledger.lost',
      'verdict == 1',
      'ledger.lost == nothing',
      'resources.gatewayWorkers.cpuS <= 5',
    ],
    problems,
  );
  expect(kept.map(({ path }) => path)).toEqual(['resources.gatewayWorkers.cpuS']);
  expect(problems).toEqual([
    'threshold "ledger.lsot == 0": a report has no number ledger.lsot',
    expect.stringMatching(/no number telemetry.ackMs; there is: telemetry.ackMs.p50, /),
    'threshold "ledger.lost": must be like "ledger.lost == 0"',
    'threshold "verdict == 1": a report has no number verdict',
    'threshold "ledger.lost == nothing": a report has no number nothing',
  ]);
});

test.each([
  ['telemetry.ackMs.p99', true],
  ['connect.seconds', true],
  ['connect.stagesMs.tls.p50', true],
  ['telemetry.perSecond', true],
  ['onboarding.stored.perSecond', true],
  ['findings.drainS', true],
  ['findings.drainPerSecond', true],
  ['fairness.worstEnterpriseAckMsP99', true],
  ['cpuUsPerMessage.gatewayWorkers', true],
  ['ledger.late', true],
  ['connect.failed', false],
  ['fleet.devices', false],
  ['ledger.lost', false],
  ['findings.workersKilled', false],
  ['isolation.probes', false],
])('%s is timed: %s', (path, timed) => {
  expect(namesTime(parsed(`${path} == 0`)[0]!)).toBe(timed);
  expect(namesTime(parsed(`seed == ${path}`)[0]!)).toBe(timed);
});

test.each(Object.values(scenarios))('no threshold of every size of $id is timed', (scenario) => {
  expect(parsed(...scenario.thresholds).filter(namesTime)).toEqual([]);
});

test.each(Object.entries(scenarios))('the scenario %s is sound', (id, scenario) => {
  expect(scenario.id).toBe(id);
  expect(scenario.question.en).toMatch(/\?$/);
  expect(scenario.question.zh).toMatch(/\uff1f$/);
  const smoke = parseParameters(scenario.smoke);
  const full = parseParameters(scenario.full);
  expect(smoke.devices).toBeLessThan(full.devices);
  parsed(...scenario.thresholds, ...scenario.fullThresholds);
  expect(scenario.thresholds).toContain('ledger.lost == 0');
  expect(scenario.thresholds).toContain('telemetry.acked == telemetry.due');
});

test.each(['city', 'isolation'])('%s asks that every door was tried, and did as it must', (id) => {
  expect(scenarios[id]!.thresholds).toEqual(
    expect.arrayContaining([
      'isolation.leaks == 0',
      'isolation.unexpected == 0',
      'isolation.probes >= isolation.kinds',
    ]),
  );
});
