import { expect, test } from 'vitest';
import {
  type MachineFacts,
  machineFacts,
  preflightProblems,
} from '../../../benchmarks/harness/preflight.ts';
import { parseParameters } from '../../helpers/run-parameters.ts';

const gibibyte = 1024 ** 3;

const machine: MachineFacts = {
  platform: 'linux',
  localPorts: 28_232,
  freeDiskBytes: 100 * gibibyte,
  freeMemoryBytes: 16 * gibibyte,
};

const city = {
  parameters: parseParameters({ devices: 100_000, enterprises: 10_000, duration: '5m' }),
  linuxOnly: true,
  platform: true,
  ownStore: true,
};

test('a machine that has everything', () => {
  expect(preflightProblems(city, machine)).toEqual([]);
});

test('what a machine does not tell is no problem', () => {
  const silent = { ...machine, localPorts: null, freeDiskBytes: null, freeMemoryBytes: null };
  expect(preflightProblems(city, silent)).toEqual([]);
});

test.each([
  [{ platform: 'darwin' }, 'the scenario needs Linux, and this is darwin'],
  [{ freeDiskBytes: gibibyte }, /^about 3100000 readings need 1251 MiB of disk, and 1024 MiB are/],
  [{ freeMemoryBytes: gibibyte }, /^100000 sessions need about \d+ MiB of memory here, and 1024/],
] as const)('%j is told with what to do', (lacks, expected) => {
  const problems = preflightProblems(city, { ...machine, ...lacks });
  expect(problems).toEqual([
    typeof expected === 'string' ? expected : expect.stringMatching(expected),
  ]);
});

test('so few ports need more addresses', () => {
  const parameters = { ...city.parameters, addresses: 2 };
  expect(preflightProblems({ ...city, parameters }, machine)).toEqual([
    expect.stringMatching(/hold 56464; use --addresses 4, or a wider net.ipv4.ip_local_port_range/),
  ]);
  // Somebody else's ports are not this machine's matter.
  expect(preflightProblems({ ...city, parameters, platform: false }, machine)).toEqual([]);
});

test('this machine tells what it has', () => {
  const facts = machineFacts('.');
  expect(facts.platform).toBe(process.platform);
  expect(facts.freeDiskBytes).toBeGreaterThan(0);
  expect(facts.freeMemoryBytes).toBeGreaterThan(0);
});
