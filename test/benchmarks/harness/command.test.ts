/** The command as a process: exit codes, what it says, and that it leaves nobody behind. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { GatewayClient } from '../../../benchmarks/gateway-client.ts';
import { scenarios } from '../../../benchmarks/scenarios/index.ts';
import type { GatewayAddress } from '../../../gateway/supervisor.ts';
import type { RunReport } from '../../../model/report.ts';
import { MarkedProcess } from '../../helpers/descendants.ts';
import { eventually } from '../../helpers/eventually.ts';

const folder = mkdtempSync(join(tmpdir(), 'onramp-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const small = ['--devices', '40', '--enterprises', '4', '--no-isolation', '--processes', '1'];

function bench(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return new MarkedProcess(['onramp.ts', 'bench', ...args], environment);
}

test('Ctrl-C ends a run in order: a report of what happened, exit code 130', async () => {
  const out = join(folder, 'interrupted');
  const run = bench(['city', ...small, '--duration', '1h', '--out', out]);
  const ended = run.ended();
  await eventually(() => /city: steady [1-9]/.test(run.stderr)).toBe(true);
  run.child.kill('SIGINT');
  expect(await ended).toBe(130);
  const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as RunReport;
  expect(report).toMatchObject({
    verdict: 'invalid',
    interrupted: true,
    invalidReasons: ['the run was interrupted while steady'],
    connect: { connected: 40, failed: 0 },
    ledger: { stored: null, lost: null },
  });
  expect(report.telemetry.acked).toBeGreaterThan(0);
  expect(report.timeline!.sessions).toContain(40);
  expect(report.resources.gatewayWorkers!.cpuS).toBeGreaterThan(0);
  expect(readFileSync(join(out, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/i);
  await eventually(() => run.living()).toEqual([]);
});

test('a second Ctrl-C ends it at once, and nobody is left', async () => {
  const run = bench(['city', ...small, '--duration', '1h']);
  const ended = run.ended();
  await eventually(() => run.stderr.includes('city: steady')).toBe(true);
  run.child.kill('SIGSTOP');
  run.child.kill('SIGINT');
  run.child.kill('SIGCONT');
  await eventually(() => run.stderr.includes('once more ends at once')).toBe(true);
  run.child.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 400));
  run.child.kill('SIGTERM');
  run.child.kill('SIGCONT');
  expect(await ended).toBe(130);
  await eventually(() => run.living()).toEqual([]);
});

test('two signals of one wish, as timeout(1) gives them, end it in order', async () => {
  const out = join(folder, 'wished');
  const run = bench(['city', ...small, '--duration', '1h', '--out', out]);
  const ended = run.ended();
  await eventually(() => run.stderr.includes('city: steady')).toBe(true);
  run.child.kill('SIGTERM');
  run.child.kill('SIGTERM');
  expect(await ended).toBe(130);
  expect(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')).interrupted).toBe(true);
});

test('a run whose output nobody reads any more goes on to its report', async () => {
  const out = join(folder, 'unread');
  const run = bench(['city', ...small, '--duration', '1s', '--out', out]);
  const ended = run.ended();
  run.child.stdout!.destroy();
  run.child.stderr!.destroy();
  expect(await ended).toBe(0);
  expect(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')).verdict).toBe('pass');
});

test('of more processes than devices none is without a device', async () => {
  const one = ['--devices', '1', '--enterprises', '1', '--processes', '2', '--duration', '1s'];
  const run = bench(['city', ...small, ...one]);
  expect(await run.ended(), run.stderr).toBe(0);
});

test('a store that does not start fails the run, and nobody is left', async () => {
  const run = bench(['city', ...small, '--store', 'influxdb'], { PATH: folder });
  expect(await run.ended()).toBe(1);
  expect(run.stderr).toContain('store.unavailable');
  expect(run.stderr).toContain('influxd is not installed');
  await eventually(() => run.living()).toEqual([]);
});

test('of all scenarios those that cannot run are named, and do not keep the others from it', async () => {
  const store = ['--store', 'http://127.0.0.1:1'];
  const run = bench(['all', ...small, ...store], { PATH: folder });
  expect(await run.ended()).toBe(1);
  const said = run.stderr.split('\n').filter((line) => line.includes(' CANNOT RUN: '));
  expect(said.map((line) => line.split(' ')[0])).toEqual(
    Object.keys(scenarios).filter((name) => name !== 'store-outage'),
  );
  expect(said[0]).toContain('ECONNREFUSED');
  await eventually(() => run.living()).toEqual([]);
});

test('a threshold that does not hold is exit code 3, and said', async () => {
  const file = join(folder, 'strict.yaml');
  writeFileSync(
    file,
    `scenario: city
parameters: { devices: 20, enterprises: 2, isolation: false, processes: 1, duration: 1s }
thresholds: [connect.connected <= 0]
`,
  );
  const run = bench([file, '--json']);
  expect(await run.ended(), run.stderr).toBe(3);
  const report = JSON.parse(run.stdout) as RunReport;
  const failed = report.thresholds.filter(({ ok }) => ok === false);
  expect(failed.map(({ expression }) => expression)).toEqual(['connect.connected <= 0']);
  expect(report).toMatchObject({ verdict: 'fail', parameters: { devices: 20, duration: '1s' } });
  expect(report.ledger.stored).toBe(report.ledger.sent);
});

test('a target that never answers ends within the connect timeout, in a sentence', async () => {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const key = join(folder, 'fleet.key');
  writeFileSync(key, Buffer.alloc(32, 1).toString('base64url'));
  const target = ['--target', `mqtt://127.0.0.1:${port}`, '--fleet-key', key];
  const run = bench(['city', ...target, '--connect-timeout', '500ms']);
  expect(await run.ended()).toBe(1);
  expect(run.stderr).toContain('did not answer CONNECT within 0.5 s');
  server.close();
});

test('against a platform that is not its own, what only that could know is not known', async () => {
  const data = join(folder, 'gateway');
  const ports = ['--http-port', '0', '--mqtt-port', '0', '--mqtt-tls-port', 'off'];
  const gateway = new MarkedProcess(['onramp.ts', 'gateway', '--data', data, ...ports, '--json']);
  await eventually(() => gateway.stdout.endsWith('\n')).toBe(true);
  const address = JSON.parse(gateway.stdout) as GatewayAddress;
  const client = new GatewayClient(address.httpUrl, address.operatorToken);
  await client.importCity({ seed: 1, enterprises: 2, devices: 20, sensors: false });
  const target = `mqtt://127.0.0.1:${address.mqttPort}`;
  const fleet = ['--devices', '20', '--enterprises', '2', '--duration', '2s', '--processes', '1'];
  const key = ['--fleet-key', join(data, 'fleet.key')];
  const run = bench(['city', '--target', target, ...key, ...fleet, '--json']);
  expect(await run.ended(), run.stderr).toBe(0);
  const report = JSON.parse(run.stdout) as RunReport;
  expect(report).toMatchObject({
    verdict: 'pass',
    parameters: { target },
    connect: { connected: 20, proof: { client: 20, broker: null, kernel: null, store: null } },
    ledger: { stored: null, lost: null, deadLettered: null, late: null },
    telemetry: { storedMs: null },
    isolation: null,
  });
  expect(report.ledger.acked).toBe(report.ledger.sent);
  expect(report.ledger.sent).toBeGreaterThan(20);
  expect(report.thresholds.find(({ expression }) => expression === 'ledger.lost == 0')).toEqual({
    expression: 'ledger.lost == 0',
    value: null,
    ok: null,
    asked: false,
  });
  gateway.child.kill('SIGTERM');
  await eventually(() => gateway.living()).toEqual([]);
});
