import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { planRuns, type Wanted } from '../../benchmarks/harness/plan.ts';
import { scenarios } from '../../benchmarks/scenarios/index.ts';
import { OnrampError } from '../../model/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'onramp-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, 'my.yaml');
  writeFileSync(path, text);
  return path;
}

function plan(what: string, more: Partial<Wanted> = {}) {
  return planRuns({ what, size: null, store: null, parameters: {}, ...more });
}

function problems(what: string, more: Partial<Wanted> = {}): readonly string[] {
  try {
    plan(what, more);
  } catch (error) {
    if (error instanceof OnrampError && error.code === 'config.invalid') return error.details;
    throw error;
  }
  return [];
}

test('a file says what is different from the scenario it is based on; flags win', () => {
  const path = file(`
scenario: city
question: Does it hold at a thousand?
parameters: { devices: 1000, enterprises: 100, duration: 20s }
thresholds:
  - telemetry.ackMs.p99 <= 100
`);
  const [run] = plan(path, { parameters: { duration: '7s' } });
  expect(run).toMatchObject({
    scenario: 'city',
    question: { en: 'Does it hold at a thousand?', zh: 'Does it hold at a thousand?' },
    size: 'smoke',
    parameters: { devices: 1000, enterprises: 100, duration: 7000, isolation: true },
    store: 'embedded',
    target: null,
  });
  const expressions = run!.thresholds.map(({ expression }) => expression);
  expect(expressions).toEqual([...scenarios.city!.thresholds, 'telemetry.ackMs.p99 <= 100']);
  const required = run!.thresholds.filter((each) => each.required);
  expect(required.map(({ path }) => path)).toEqual(['telemetry.ackMs.p99']);
});

test('at full size the thresholds of the measured machine are added, or those of the file', () => {
  const expressions = (run: ReturnType<typeof plan>[number]) =>
    run.thresholds.map(({ expression }) => expression);
  const [full] = plan('city', { size: 'full' });
  expect(expressions(full!)).toContain('connect.seconds <= 60');
  const [own] = plan(file('scenario: city\nsize: full\nthresholds: []\n'));
  expect(own!.size).toBe('full');
  expect(expressions(own!)).toEqual(scenarios.city!.thresholds);
});

test('all that is wrong with a file and the flags is told at once', () => {
  const path = file(`
scenario: city
parameters: { devices: many, colour: red }
thresholds: [ledger.lsot == 0, telemetry.ackMs.p99 < fast]
`);
  expect(problems(path, { parameters: { seed: -1 }, store: 'floppy' })).toEqual([
    '--store: must be one of embedded, influxdb, victoriametrics, or a URL of HTTP',
    `${path}: parameters.devices: must be a whole number from 1 to 1000000`,
    '--seed: must be a whole number from 0 to 4294967295',
    `${path}: parameters.colour: there is no such parameter`,
    'threshold "ledger.lsot == 0": a report has no number ledger.lsot',
    'threshold "telemetry.ackMs.p99 < fast": a report has no number fast',
  ]);
});

test.each([
  ['scenario: city\ncolor: red\n', /: color: there is no such key$/],
  ['parameters: {}\n', /: scenario: is needed/],
  ['scenario: metropolis\n', /there is no scenario metropolis; there are: city, /],
  ['scenario: toString\n', /there is no scenario toString/],
  ['- city\n', /: the file: must be a mapping$/],
  ['scenario: city\nthresholds: ledger.lost == 0\n', /: thresholds: must be a list of texts/],
  ['scenario: [\n', /my\.yaml: /],
])('the file %j is refused', (text, expected) => {
  const told = problems(file(text));
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(expected);
});

test('a file that is not there is refused', () => {
  expect(problems(join(folder, 'none.yaml'))[0]).toMatch(/none\.yaml: ENOENT/);
});

test('a scenario that takes the store away needs a server of its own', () => {
  expect(problems('store-outage')[0]).toMatch(/needs a server of its own/);
  expect(problems('store-outage', { store: 'http://127.0.0.1:8086' })[0]).toMatch(/of its own/);
  expect(problems('store-outage', { store: 'influxdb' })).toEqual([]);
  expect(plan('all')).toHaveLength(Object.keys(scenarios).length);
});

test('a target needs a fleet key, a scenario that goes with it, and leave', () => {
  const key = join(folder, 'fleet.key');
  writeFileSync(key, Buffer.alloc(32, 1).toString('base64url'));
  const target = 'mqtt://127.0.0.1:1883';
  expect(problems('city', { target, store: 'influxdb' })).toEqual([
    "--fleet-key: is needed with --target; the devices' secrets derive from it",
    '--store: does not go with --target',
  ]);
  expect(problems('kick', { target, fleetKey: key })).toEqual([
    '--target: the scenario kick needs a gateway of its own',
  ]);
  expect(problems('city', { target: 'mqtt://10.1.2.3', fleetKey: key })[0]).toMatch(
    /10\.1\.2\.3 is not this machine; add --allow-host 10\.1\.2\.3/,
  );
  expect(plan('city', { target, fleetKey: key })[0]!.target).toMatchObject({
    url: target,
    dialect: 'native',
  });
});
