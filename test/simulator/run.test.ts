/** Whole simulations, short ones, against a real broker that checks every device's secret. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../model/clock.ts';
import { native } from '../../model/dialects/native.ts';
import { fleetSecret } from '../../model/fleet-secret.ts';
import { builtInProfiles } from '../../model/profiles/index.ts';
import { exitCode, simulate } from '../../simulator/command.ts';
import type { LedgerEntry } from '../../simulator/ledger.ts';
import { type SimulationInput, simulationOptions } from '../../simulator/options.ts';
import type { SimulationReport } from '../../simulator/report.ts';
import { runSimulation, type SimulationProgress } from '../../simulator/run.ts';
import { cityPart, shardOf } from '../../simulator/shard.ts';
import { eventually } from '../helpers/eventually.ts';
import { TestBroker } from '../helpers/test-broker.ts';

const fleetKey = Buffer.alloc(32, 3);

let broker: TestBroker;
let folder: string;
let flags: SimulationInput;

beforeEach(async () => {
  broker = await TestBroker.start({
    authenticate: (clientId, username, password) => {
      const [enterprise, device] = username.split('/') as [string, string];
      const secret = fleetSecret(fleetKey, enterprise, device);
      return clientId === `${enterprise}.${device}` && password === secret;
    },
  });
  folder = await mkdtemp(join(tmpdir(), 'onramp-simulate-'));
  await writeFile(join(folder, 'fleet.key'), `${fleetKey.toString('base64url')}\n`);
  flags = {
    target: `mqtt://127.0.0.1:${broker.port}`,
    devices: 60,
    enterprises: 12,
    interval: '200ms',
    duration: '1s',
    publishDelayMax: '60s',
    eventLoopLagMax: '60s',
    fleetKey,
  };
});
afterEach(async () => {
  await broker.stop();
  await rm(folder, { recursive: true });
});

const readLedger = async (path: string): Promise<LedgerEntry[]> =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const ackedCount = (entry: LedgerEntry): number =>
  entry.acked.reduce((sum, [low, high]) => sum + high - low + 1, 0);

/** Distinct `seq` the broker accepted, by `enterprise/device`. */
function acceptedSeqs(): Map<string, Set<number>> {
  const accepted = new Map<string, Set<number>>();
  for (const { topic, payload } of broker.publishes) {
    const { enterprise, device, channel } = native.parseTopic(topic)!;
    if (channel !== 'telemetry') continue;
    const key = `${enterprise}/${device}`;
    const seqs = accepted.get(key) ?? new Set<number>();
    accepted.set(key, seqs);
    for (const { seq } of native.decodeReadings(Buffer.from(payload))) seqs.add(seq as number);
  }
  return accepted;
}

describe('runSimulation', () => {
  it('plays a city and reports sums that add up', async () => {
    const ledger = join(folder, 'ledger.ndjson');
    const progress: SimulationProgress[] = [];
    const result = await runSimulation(simulationOptions({ ...flags, ledger, sensors: true }), {
      clock: systemClock,
      onProgress: (state) => progress.push(state),
    });
    const { report } = result;
    const { telemetry, connect, fleet } = report;
    expect(report.schema).toBe('onramp-simulation/1');
    expect(fleet).toMatchObject({ enterprises: 12, productionDevices: 60 });
    expect(fleet.devices).toBeGreaterThan(60);
    expect(connect).toMatchObject({
      attempted: fleet.devices,
      connected: fleet.devices,
      failed: 0,
    });
    expect(connect.stagesMs.tls).toBeNull();
    expect(connect.stagesMs.connack!.count).toBe(fleet.devices);
    expect(telemetry.due).toBe(telemetry.sent + telemetry.unsent + telemetry.skipped);
    expect(telemetry.sent).toBe(telemetry.acked! + telemetry.unacknowledged!);
    expect(telemetry).toMatchObject({ unsent: 0, skipped: 0, unacknowledged: 0 });
    expect(telemetry.ackMs!.count).toBe(telemetry.publishDelayMs!.count);
    expect(telemetry.ackMs!.count).toBeLessThanOrEqual(telemetry.acked!);
    expect(telemetry.ackMs!.count).toBeGreaterThan(0);
    expect(report).toMatchObject({ failures: [], invalidReasons: [], interrupted: false });
    expect(exitCode(report)).toBe(0);

    const accepted = acceptedSeqs();
    const entries = await readLedger(ledger);
    expect(entries).toEqual([...result.ledger()]);
    expect(entries).toHaveLength(fleet.devices);
    for (const entry of entries) {
      const seqs = accepted.get(`${entry.enterprise}/${entry.device}`)!;
      expect(entry.acked).toEqual([[1, entry.sent]]);
      expect(seqs.size).toBe(entry.sent);
    }
    expect(entries.reduce((sum, entry) => sum + ackedCount(entry), 0)).toBe(telemetry.acked);
    expect([...new Set(progress.map(({ phase }) => phase))]).toEqual([
      'connecting',
      'running',
      'draining',
      'leaving',
    ]);
    expect(broker.sessions).toBe(0);
  });

  it.each(['key', 'full'] as const)('reports the %s signals of each profile', async (report) => {
    const options = simulationOptions({ ...flags, report, duration: '300ms' });
    const result = await runSimulation(options, { clock: systemClock });
    const profileOf = new Map(
      cityPart(options).devices.map(({ enterprise, device, profile }) => [
        `${enterprise}/${device}`,
        profile,
      ]),
    );
    let fields = 0;
    let readings = 0;
    for (const { topic, payload } of broker.publishes) {
      const { enterprise, device, channel } = native.parseTopic(topic)!;
      if (channel !== 'telemetry') continue;
      const profile = builtInProfiles.get(profileOf.get(`${enterprise}/${device}`)!)!;
      const known = new Map(profile.signals.map((signal) => [signal.id, signal]));
      for (const { values } of native.decodeReadings(Buffer.from(payload))) {
        readings++;
        for (const id of Object.keys(values)) {
          fields++;
          expect(known.get(id)?.hidden ?? false).toBe(false);
          if (report === 'key') expect(known.get(id)!.key).toBe(true);
        }
      }
    }
    expect(readings).toBe(result.report.telemetry.sent);
    expect(result.report.message.fieldsMean).toBeCloseTo(fields / readings, 6);
  });

  it('gives every device to exactly one shard, and to one process of it', () => {
    const part = (shard: { number: number; count: number }) =>
      cityPart({ ...simulationOptions({ ...flags, sensors: true }), shard }).devices;
    const all = part({ number: 1, count: 1 });
    const shards = [1, 2, 3].map((number) => ({ number, count: 3 }));
    const indices = (parts: (typeof all)[]) =>
      parts.flatMap((devices) => devices.map(({ index }) => index)).sort((a, b) => a - b);
    expect(indices(shards.map(part))).toEqual(indices([all]));
    for (const shard of shards) {
      expect(Math.abs(part(shard).length - all.length / 3)).toBeLessThan(1);
      const processes = [0, 1, 2, 3].map((process) => part(shardOf(shard, process, 4)));
      expect(part(shard).map((_, i) => processes[i % 4]![Math.floor(i / 4)])).toEqual(part(shard));
      expect(indices(processes)).toEqual(indices([part(shard)]));
    }
  });

  it('ends early when asked, with a result', async () => {
    const interruption = new AbortController();
    const result = await runSimulation(simulationOptions({ ...flags, duration: 'forever' }), {
      clock: systemClock,
      signal: interruption.signal,
      onProgress: ({ sent }) => {
        if (sent > 0) interruption.abort();
      },
    });
    expect(result.report).toMatchObject({ interrupted: true, telemetry: { unacknowledged: 0 } });
    expect(exitCode(result.report)).toBe(130);
  });

  it('is invalid when readings were skipped, and says so', async () => {
    broker.hold();
    const { report } = await runSimulation(
      simulationOptions({ ...flags, interval: '10ms', drain: '10ms' }),
      { clock: systemClock },
    );
    expect(report.telemetry.skipped).toBeGreaterThan(0);
    // Alarms take their places in the outboxes too.
    expect(report.telemetry.unacknowledged! + report.events.sent).toBe(16 * 60);
    expect(report.telemetry.unsent).toBeLessThanOrEqual(16 * 60);
    expect(report.invalidReasons).toEqual([expect.stringContaining('due and not made')]);
    expect(exitCode(report)).toBe(4);
  });

  it('is invalid when the generator was late, and says by how much', async () => {
    const { report } = await runSimulation(
      simulationOptions({ ...flags, publishDelayMax: 1, eventLoopLagMax: 1 }),
      {
        clock: systemClock,
        onProgress: ({ phase }) => {
          if (phase !== 'running') return;
          const endMs = systemClock.monotonicMs() + 400;
          while (systemClock.monotonicMs() < endMs);
        },
      },
    );
    expect(report.generator.valid).toBe(false);
    expect(report.generator.overruns).toBeGreaterThan(0);
    expect(report.invalidReasons).toContainEqual(
      expect.stringMatching(/^publish delay p99 \d+ ms/),
    );
    expect(exitCode(report)).toBe(4);
  });

  it('fails when nothing can connect, and says why', async () => {
    const wrongKey = simulationOptions({ ...flags, fleetKey: Buffer.alloc(32, 4) });
    await expect(runSimulation(wrongKey, { clock: systemClock })).rejects.toMatchObject({
      code: 'simulate.all-refused',
      details: [expect.stringMatching(/^connack 5, \d+ times$/)],
    });
    await broker.stop();
    await expect(
      runSimulation(simulationOptions(flags), { clock: systemClock }),
    ).rejects.toMatchObject({
      code: 'simulate.target-unreachable',
      details: [expect.stringMatching(/^tcp refused, \d+ times$/)],
    });
    broker = await TestBroker.start();
  });

  it.each([
    ['a ledger that cannot be written', { ledger: '/nonexistent/ledger' }, {}],
    ['more sessions than this process may open', {}, { sessionsMax: 59 }],
    ['a shard without devices', { devices: 1, enterprises: 1, shard: '2/2' }, {}],
  ])('refuses %s before it connects', async (_, input, context) => {
    await expect(
      runSimulation(simulationOptions({ ...flags, ...input }), { clock: systemClock, ...context }),
    ).rejects.toMatchObject({ code: 'config.invalid' });
    expect(broker.sessions).toBe(0);
  });
});

describe('onramp simulate', () => {
  const output = () => {
    const texts: string[] = [];
    return { texts, write: (text: string) => texts.push(text) };
  };

  const run = async (input: Record<string, unknown>, json: boolean) => {
    const stdout = output();
    const stderr = output();
    const { signal } = new AbortController();
    const environment = { clock: systemClock, signal, stdout, stderr };
    const given = { ...flags, fleetKey: join(folder, 'fleet.key'), ...input };
    const code = await simulate(given, json, environment);
    return { code, stdout: stdout.texts.join(''), stderr: stderr.texts.join('') };
  };

  it('prints one JSON object on stdout and progress on stderr', async () => {
    const { code, stdout, stderr } = await run({}, true);
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as SimulationReport;
    expect(report.connect.connected).toBe(60);
    expect(stderr).toMatch(/connecting: 0\/60 connected/);
    expect(stderr).toMatch(/running: 60\/60 connected/);
  });

  it('prints a table for people', async () => {
    const { stdout } = await run({}, false);
    expect(stdout).toMatch(/^Target +mqtt:\/\/127/);
    expect(stdout).toMatch(/due → PUBACK +p50 [\d.]+ ms, p90/);
  });

  it('is 1 when a device could not connect', async () => {
    await broker.stop();
    broker = await TestBroker.start({ authenticate: (id) => !id.endsWith('-002') });
    const { code, stdout } = await run({ target: `mqtt://127.0.0.1:${broker.port}` }, true);
    expect(code).toBe(1);
    const { connect, failures } = JSON.parse(stdout) as SimulationReport;
    expect(connect.failed).toBeGreaterThan(0);
    expect(connect.attempted).toBe(connect.connected + connect.failed);
    expect(failures[0]).toMatchObject({ stage: 'connack', code: '5' });
  });

  it('reports files that cannot be read with all other mistakes', async () => {
    await expect(
      run({ fleetKey: join(folder, 'none'), tlsCa: join(folder, 'none.pem'), qos: '7' }, true),
    ).rejects.toMatchObject({
      details: [
        expect.stringMatching(/^--fleet-key: ENOENT/),
        expect.stringMatching(/^--tls-ca: ENOENT/),
        expect.stringMatching(/^--qos: /),
      ],
    });
  });

  it('writes its ledger and the result when terminated', async () => {
    const ledger = join(folder, 'ledger.ndjson');
    const args = ['onramp.ts', 'simulate', '--target', flags.target!, '--devices', '60'];
    args.push('--enterprises', '12', '--interval', '100ms', '--duration', 'forever', '--json');
    args.push('--fleet-key', join(folder, 'fleet.key'), '--ledger', ledger);
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    await eventually(() => broker.publishes.length).toBeGreaterThan(200);
    child.kill('SIGTERM');
    const [code] = await once(child, 'close');
    expect(stderr).toContain('running');
    expect(code).toBe(130);
    const report = JSON.parse(stdout) as SimulationReport;
    expect(report.interrupted).toBe(true);
    const entries = await readLedger(ledger);
    expect(entries).toHaveLength(60);
    const acked = entries.reduce((sum, entry) => sum + ackedCount(entry), 0);
    expect(acked).toBe(report.telemetry.acked);
    const accepted = acceptedSeqs();
    for (const { enterprise, device, acked: ranges } of entries) {
      const seqs = accepted.get(`${enterprise}/${device}`) ?? new Set();
      for (const [low, high] of ranges) {
        for (let seq = low; seq <= high; seq++) expect(seqs.has(seq)).toBe(true);
      }
    }
  });
});
