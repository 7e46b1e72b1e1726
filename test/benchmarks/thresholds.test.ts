import { expect, test } from 'vitest';
import { checkThresholds, parseThresholds } from '../../benchmarks/harness/thresholds.ts';
import { verdictOf } from '../../benchmarks/harness/verdict.ts';
import { scenarios } from '../../benchmarks/scenarios/index.ts';
import { parseParameters } from '../../benchmarks/scenarios/parameters.ts';

function parsed(...expressions: string[]) {
  const problems: string[] = [];
  const thresholds = parseThresholds(expressions, problems);
  expect(problems).toEqual([]);
  return thresholds;
}

function check(report: object, ...expressions: string[]) {
  return checkThresholds(report as never, parsed(...expressions));
}

test('a threshold over what is not known decides nothing; one that fails, fails the run', () => {
  const report = { ledger: { lost: 1, stored: null } };
  const unknown = check(report, 'ledger.stored >= 1');
  expect(unknown).toEqual([{ expression: 'ledger.stored >= 1', value: null, ok: null }]);
  expect(verdictOf(true, unknown)).toBe('pass');
  const failed = check(report, 'ledger.lost == 0');
  expect(verdictOf(true, failed)).toBe('fail');
  expect(verdictOf(false, failed)).toBe('invalid');
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

test.each(Object.entries(scenarios))('the scenario %s is sound', (id, scenario) => {
  expect(scenario.id).toBe(id);
  expect(scenario.question.en).toMatch(/\?$/);
  expect(scenario.question.zh).toMatch(/\uff1f$/);
  const smoke = parseParameters(scenario.smoke);
  const full = parseParameters(scenario.full);
  expect(smoke.devices).toBeLessThan(full.devices);
  parsed(...scenario.thresholds, ...scenario.fullThresholds);
  expect(scenario.thresholds).toContain('ledger.lost == 0');
});
