/** A fleet in several real processes, against a real broker; processes are killed and frozen. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep, systemClock } from '../../../model/clock.ts';
import { native } from '../../../model/dialects/native.ts';
import { fleetSecret } from '../../../model/fleet-secret.ts';
import { type LedgerEntry, timestampOf } from '../../../simulator/ledger.ts';
import { type SimulationInput, simulationOptions } from '../../../simulator/options.ts';
import type { SimulationReport } from '../../../simulator/report.ts';
import { runSimulation } from '../../../simulator/run.ts';
import { cityPart } from '../../../simulator/shard.ts';
import { ShardedSimulation } from '../../../simulator/shards/sharded-simulation.ts';
import type { FleetState } from '../../../simulator/simulation.ts';
import { eventually } from '../../helpers/eventually.ts';
import { TestBroker } from '../../helpers/test-broker.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

const fleetKey = Buffer.alloc(32, 3);
const devices = 60;
const processes = 2;

let broker: TestBroker;
let folder: string;
let simulation: ShardedSimulation | null;
let states: FleetState[];
let failures: Error[];

beforeEach(async () => {
  broker = await TestBroker.start({
    authenticate: (clientId, username, password) => {
      const [enterprise, device] = username.split('/') as [string, string];
      return (
        clientId === `${enterprise}.${device}` &&
        password === fleetSecret(fleetKey, enterprise, device)
      );
    },
  });
  folder = await mkdtemp(join(tmpdir(), 'onramp-shards-'));
  simulation = null;
  states = [];
  failures = [];
});
afterEach(async () => {
  await simulation?.stop();
  await broker.stop();
  await rm(folder, { recursive: true });
});

const optionsOf = (more: SimulationInput = {}) =>
  simulationOptions({
    target: `mqtt://127.0.0.1:${broker.port}`,
    devices,
    enterprises: 12,
    interval: '200ms',
    publishDelayMax: '60s',
    eventLoopLagMax: '60s',
    backoff: '100ms',
    fleetKey,
    ...more,
  });

function create(more: SimulationInput = {}, clock = systemClock): ShardedSimulation {
  simulation = new ShardedSimulation(optionsOf(more), {
    clock,
    processes,
    events: {
      onState: (state) => states.push(state),
      onFailed: (error) => failures.push(error),
    },
  });
  return simulation;
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Timestamps by `enterprise.device` and `seq`, as the broker accepted them. */
function accepted(): Map<string, number> {
  const found = new Map<string, number>();
  for (const { topic, payload } of broker.publishes) {
    const { enterprise, device, channel } = native.parseTopic(topic)!;
    if (channel !== 'telemetry') continue;
    for (const { seq, ts } of native.decodeReadings(Buffer.from(payload))) {
      found.set(`${enterprise}.${device}/${seq}`, ts as number);
    }
  }
  return found;
}

/** Every reading of the ledger, with its timestamp. */
function told(entries: Iterable<LedgerEntry>): Map<string, number | null> {
  const found = new Map<string, number | null>();
  for (const entry of entries) {
    const key = `${entry.enterprise}.${entry.device}`;
    for (let seq = 1; seq <= entry.sent; seq++) found.set(`${key}/${seq}`, timestampOf(entry, seq));
  }
  return found;
}

const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

describe('ShardedSimulation', () => {
  it('plays one city in several processes, and its account is exact', async () => {
    const played = create({ publishFrom: 'release' });
    expect(played.state).toMatchObject({ devices, untried: devices, acked: 0 });
    await played.prepare();
    expect(new Set([...played.pids, process.pid]).size).toBe(processes + 1);
    await played.connect();
    expect(played.state).toMatchObject({ untried: 0, connected: devices, sessions: devices });
    expect(broker.publishes).toEqual([]);
    await played.release();
    await played.beginWindow();
    await eventually(() => states.at(-1)?.acked ?? 0).toBeGreaterThan(2 * devices);
    await played.drop();
    await eventually(() => played.state.sessions).toBe(devices);
    await played.endWindow();
    await played.drain(10_000);
    await played.leave(5000);
    const { report, ledger } = await played.result();
    expect(broker.sessions).toBe(0);
    expect(played.state).toMatchObject({ sessions: 0, outstanding: 0 });
    expect(report).toMatchObject({
      fleet: { devices, productionDevices: devices, enterprises: 12 },
      connect: { attempted: devices, connected: devices, failed: 0, reconnects: devices },
      recovery: { sessionMs: { count: devices } },
      telemetry: { unsent: 0, unacknowledged: 0, skipped: 0 },
      failures: [{ stage: 'session', code: 'cut', count: devices }],
      fairness: { enterprises: expect.any(Number) },
    });
    expect(report.generator.processes.map(({ pid }) => pid)).toEqual(played.pids);
    expect(report.telemetry.acked).toBe(report.telemetry.due);
    expect(report.telemetry.ackMs!.count).toBe(report.telemetry.publishDelayMs!.count);
    // What states tell of latencies is everything, once.
    const seen = [...states, played.state];
    expect(sum(seen.map(({ ackCounts }) => sum(ackCounts)))).toBe(report.telemetry.acked);
    expect(sum(seen.map(({ connectCounts }) => sum(connectCounts)))).toBe(2 * devices);
    const entries = [...ledger()];
    const identities = cityPart(optionsOf()).devices;
    expect(entries).toMatchObject(
      identities.map(({ enterprise, device, profile }) => ({ enterprise, device, profile })),
    );
    expect(told(entries)).toEqual(accepted());
    expect(failures).toEqual([]);
    const { pids } = played;
    await played.stop();
    expect(pids.filter(isAlive)).toEqual([]);
  }, 60_000);

  it('says when nobody at all could connect', async () => {
    const played = create({ fleetKey: Buffer.alloc(32, 4) });
    await played.prepare();
    await expect(played.connect()).rejects.toMatchObject({
      code: 'simulate.all-refused',
      details: [expect.stringMatching(/^connack 5, \d+ times$/)],
    });
  }, 30_000);

  it('refuses what one of its processes refuses', async () => {
    const played = create({ ledger: join(folder, 'missing', 'ledger') });
    await expect(played.prepare()).rejects.toMatchObject({
      code: 'config.invalid',
      details: [expect.stringMatching(/^--ledger: ENOENT/)],
    });
    const { pids } = played;
    simulation = null;
    await played.stop().catch(() => {});
    expect(pids.filter(isAlive)).toEqual([]);
  }, 30_000);

  it('fails when a process dies, and its steps with it', async () => {
    const played = create();
    await played.prepare();
    await played.connect();
    broker.hold();
    await eventually(() => broker.held).toBeGreaterThan(0);
    const step = played.drain(60_000);
    process.kill(played.pids[1]!, 'SIGKILL');
    const ended = { code: 'simulate.process-ended', details: [expect.stringMatching(/SIGKILL/)] };
    await expect(step).rejects.toMatchObject(ended);
    expect(failures).toMatchObject([ended]);
    await expect(played.beginWindow()).rejects.toMatchObject(ended);
    const { pids } = played;
    await played.stop();
    expect(pids.filter(isAlive)).toEqual([]);
  }, 30_000);

  it('fails also when the process that dies has taken its step already', async () => {
    const played = create();
    await played.prepare();
    await played.connect();
    process.kill(played.pids[0]!, 'SIGSTOP');
    const step = played.beginWindow();
    step.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 500));
    process.kill(played.pids[1]!, 'SIGKILL');
    await expect(step).rejects.toMatchObject({ code: 'simulate.process-ended' });
    process.kill(played.pids[0]!, 'SIGCONT');
    await played.stop();
  }, 30_000);

  it('kills a process that does not stop', async () => {
    const clock = new VirtualClock();
    const played = create({}, clock);
    await played.prepare();
    const { pids } = played;
    process.kill(pids[0]!, 'SIGSTOP');
    const stopped = played.stop();
    await eventually(() => pids.filter(isAlive)).toEqual([pids[0]]);
    clock.advance(5000);
    await stopped;
    expect(pids.filter(isAlive)).toEqual([]);
    expect(failures).toEqual([]);
    expect(clock.pending).toBe(0);
  }, 30_000);

  it('ends in the middle of anything', async () => {
    const played = create();
    const preparing = played.prepare();
    preparing.catch(() => {});
    await sleep(systemClock, 50);
    const { pids } = played;
    expect(pids).toHaveLength(processes);
    await played.stop();
    await Promise.allSettled([preparing]);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(failures).toEqual([]);
  }, 30_000);
});

describe('onramp simulate --processes', () => {
  const start = (...more: string[]) => {
    const args = ['onramp.ts', 'simulate', '--target', `mqtt://127.0.0.1:${broker.port}`, '--json'];
    args.push('--devices', '60', '--enterprises', '12', '--interval', '100ms');
    args.push('--duration', 'forever', '--processes', '2', ...more);
    args.push('--fleet-key', join(folder, 'fleet.key'));
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    return { child, output: () => stdout };
  };
  beforeEach(() => writeFile(join(folder, 'fleet.key'), fleetKey.toString('base64url')));

  it('gives its result when the terminal interrupts all its processes', async () => {
    const { child, output } = start('--ledger', join(folder, 'ledger'));
    await eventually(() => broker.publishes.length).toBeGreaterThan(200);
    process.kill(-child.pid!, 'SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(130);
    const report = JSON.parse(output()) as SimulationReport;
    expect(report).toMatchObject({ interrupted: true, fleet: { devices: 60 } });
    expect((await readdir(folder)).sort()).toEqual(['fleet.key', 'ledger.1', 'ledger.2']);
    const lines = await Promise.all(
      ['ledger.1', 'ledger.2'].map((name) => readFile(join(folder, name), 'utf8')),
    );
    const entries = lines.flatMap((text) => text.trimEnd().split('\n')).map((x) => JSON.parse(x));
    expect(entries).toHaveLength(60);
    expect(sum(entries.map(({ sent }) => sent))).toBe(report.telemetry.sent);
    expect(broker.sessions).toBe(0);
  }, 60_000);

  it('leaves no process behind when it is killed', async () => {
    const { child } = start();
    await eventually(() => broker.sessions).toBe(60);
    child.kill('SIGKILL');
    await once(child, 'close');
    await eventually(() => broker.sessions).toBe(0);
    // Its group is empty.
    await eventually(() => isAlive(-child.pid!)).toBe(false);
  }, 60_000);

  it('is the script of one process', async () => {
    const options = optionsOf({ processes: 2, duration: '500ms', seed: 5 });
    const { report, ledger } = await runSimulation(options, { clock: systemClock });
    expect(report).toMatchObject({ interrupted: false, invalidReasons: [], failures: [] });
    expect(report.generator.processes).toHaveLength(2);
    expect(told(ledger())).toEqual(accepted());
  }, 60_000);
});
