/** One simulation from the first CONNECT to the last acknowledgement. */

import { createSecretKey } from 'node:crypto';
import { buildCity, type CityDevice } from '../model/city.ts';
import { type Clock, sleep } from '../model/clock.ts';
import { dialects } from '../model/dialects/index.ts';
import { messageOf, OnrampError } from '../model/errors.ts';
import { fleetSecret } from '../model/fleet-secret.ts';
import { builtInProfiles } from '../model/profiles/index.ts';
import { jitter } from '../model/random.ts';
import { resolveTarget } from './client/target.ts';
import { Fleet } from './fleet.ts';
import type { Ledger } from './ledger.ts';
import { LedgerFile } from './ledger-file.ts';
import { Machines } from './machines.ts';
import type { FailureCount, Measurements } from './measurements.ts';
import type { SimulationOptions } from './options.ts';
import { type SimulationReport, simulationReport } from './report.ts';

/** How often progress is reported and the end of a phase is looked for. */
const progressIntervalMs = 1000;
const pollIntervalMs = 20;

/** Waiting for acknowledgements after an interruption. */
const interruptedDrainMs = 2000;

/** Time for the sessions to end politely. */
const leaveMs = 5000;

export type SimulationPhase = 'connecting' | 'running' | 'draining' | 'leaving';

/** The state of a running simulation. Counts are totals since its start. */
export interface SimulationProgress {
  readonly phase: SimulationPhase;
  /** Since the start. */
  readonly elapsedMs: number;
  readonly devices: number;
  /** Sessions at this moment. */
  readonly sessions: number;
  readonly sent: number;
  /** Null at QoS 0. */
  readonly acked: number | null;
  readonly skipped: number;
  /** Messages not yet acknowledged (QoS 1) or written (QoS 0). */
  readonly outstanding: number;
  readonly failures: readonly FailureCount[];
}

export interface SimulationContext {
  readonly clock: Clock;
  /** Ends the run early: what is on its way gets a moment, sessions end, the result is given. */
  readonly signal?: AbortSignal;
  /** Sockets this process may open. */
  readonly sessionsMax?: number;
  /** Called about once a second and when the phase changes. */
  readonly onProgress?: (progress: SimulationProgress) => void;
}

export interface SimulationResult {
  readonly report: SimulationReport;
  /** What each device sent and what was acknowledged. */
  readonly ledger: Ledger;
  /** For merging with other processes. */
  readonly measurements: Measurements;
}

/** The devices this process plays: those of the city whose place falls to its shard. */
export function shardDevices(options: SimulationOptions): CityDevice[] {
  const { seed, enterprises, devices, sensors, shard } = options;
  const city = buildCity({ seed, enterprises, devices, sensors });
  const mine: CityDevice[] = [];
  for (const device of city.devices()) {
    if (device.index % shard.count === shard.number - 1) mine.push(device);
  }
  return mine;
}

/**
 * Plays the fleet. The measured window begins when every device has tried to connect, lasts
 * `options.duration` and is followed by waiting for acknowledgements, `options.drain` at most.
 * @throws OnrampError `simulate.target-unreachable` or `simulate.all-refused` when no device at all
 * could connect; `config.invalid` when the ledger cannot be written or the target does not fit its options.
 */
export async function runSimulation(
  options: SimulationOptions,
  context: SimulationContext,
): Promise<SimulationResult> {
  const devices = shardDevices(options);
  refuseCount(devices.length, context.sessionsMax ?? Number.POSITIVE_INFINITY);
  const fleet = await createFleet(options, devices, context.clock);
  const ledgerFile =
    options.ledger === undefined ? null : new LedgerFile(fleet.ledger, options.ledger);
  await ledgerFile?.start(context.clock).catch(refuseLedger);
  const run = new Run(options, devices, fleet, context);
  try {
    return await run.play();
  } finally {
    fleet.stop();
    await ledgerFile?.stop().catch(refuseLedger);
  }
}

/** Says before the run, not amid its ramp, that this process cannot open as many sockets. */
function refuseCount(devices: number, sessionsMax: number): void {
  if (devices === 0) throw new OnrampError('config.invalid', '--shard: holds no device');
  if (devices <= sessionsMax) return;
  const shards = Math.ceil(devices / sessionsMax);
  throw new OnrampError(
    'config.invalid',
    `--devices: ${devices} sessions, and this process may open ${sessionsMax} sockets; raise ` +
      `the limit (ulimit -n) or run ${shards} processes with --shard 1/${shards} and so on`,
  );
}

function refuseLedger(error: unknown): never {
  throw new OnrampError('config.invalid', `--ledger: ${messageOf(error)}`, error);
}

async function createFleet(
  options: SimulationOptions,
  devices: readonly CityDevice[],
  clock: Clock,
): Promise<Fleet> {
  const target = await resolveTarget({
    url: options.target,
    ca: options.tlsCa,
    fingerprint: options.tlsFingerprint,
    insecure: options.tlsInsecure,
    loopbackAddresses: options.spreadLoopback,
    sourceAddresses: options.sourceAddresses,
  });
  const fleetKey = createSecretKey(options.fleetKey);
  const machines = new Machines(devices, builtInProfiles, options.seed);
  await machines.warmUp(clock.nowMs());
  return new Fleet({
    clock,
    target,
    devices,
    dialect: dialects[options.dialect],
    machines,
    secret: ({ enterprise, device }) => fleetSecret(fleetKey, enterprise, device),
    qos: options.qos,
    report: options.report,
    intervalMs: options.interval,
    connectRatePerSecond: options.connectRate ?? null,
    connectsInFlightMax: options.connectsInFlight,
    connectTimeoutMs: options.connectTimeout,
    backoffMs: options.backoff,
    backoffMsMax: options.backoffMax,
    keepaliveS: options.keepalive / 1000,
    inFlightMax: options.inFlight,
    random: jitter,
  });
}

class Run {
  readonly #options: SimulationOptions;
  readonly #devices: readonly CityDevice[];
  readonly #fleet: Fleet;
  readonly #context: SimulationContext;
  readonly #startedMs: number;
  readonly #startedAtMs: number;
  readonly #cpuAtStart = process.cpuUsage();
  #phase: SimulationPhase = 'connecting';
  #rssBytesMax = 0;

  constructor(
    options: SimulationOptions,
    devices: readonly CityDevice[],
    fleet: Fleet,
    context: SimulationContext,
  ) {
    this.#options = options;
    this.#devices = devices;
    this.#fleet = fleet;
    this.#context = context;
    this.#startedMs = context.clock.monotonicMs();
    this.#startedAtMs = context.clock.nowMs();
  }

  async play(): Promise<SimulationResult> {
    const { clock } = this.#context;
    const fleet = this.#fleet;
    const progress = clock.every(progressIntervalMs, () => this.#report());
    try {
      fleet.start();
      this.#enter('connecting');
      await this.#until(() => fleet.untried === 0 || this.#aborted, Number.POSITIVE_INFINITY);
      if (!this.#aborted && fleet.measurements.counters.connected === 0) this.#giveUp();
      const windowS = await this.#measure();
      this.#enter('draining');
      const drainMs = this.#aborted ? interruptedDrainMs : this.#options.drain;
      fleet.stopProducing();
      await this.#until(() => fleet.outstanding === 0, drainMs);
      this.#enter('leaving');
      fleet.leave();
      await this.#until(() => fleet.sessions === 0, leaveMs);
      return this.#result(windowS);
    } finally {
      progress.cancel();
    }
  }

  /** Seconds of the measured window. */
  async #measure(): Promise<number> {
    const { clock } = this.#context;
    this.#enter('running');
    const beganMs = clock.monotonicMs();
    this.#fleet.beginWindow();
    await this.#until(() => this.#aborted, this.#options.duration ?? Number.POSITIVE_INFINITY);
    this.#fleet.endWindow();
    return (clock.monotonicMs() - beganMs) / 1000;
  }

  get #aborted(): boolean {
    return this.#context.signal?.aborted ?? false;
  }

  /** Waits for `condition`, `longestMs` at most. */
  async #until(condition: () => boolean, longestMs: number): Promise<void> {
    const { clock } = this.#context;
    const endMs = clock.monotonicMs() + longestMs;
    for (;;) {
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0 || condition()) return;
      await sleep(clock, Math.min(leftMs, pollIntervalMs));
    }
  }

  #giveUp(): never {
    const failures = this.#fleet.measurements.failures();
    const refused = failures.every(({ stage }) => stage === 'connack');
    throw new OnrampError(
      refused ? 'simulate.all-refused' : 'simulate.target-unreachable',
      failures.map(({ stage, code, count }) => `${stage} ${code}, ${count} times`),
    );
  }

  #enter(phase: SimulationPhase): void {
    this.#phase = phase;
    this.#report();
  }

  #report(): void {
    this.#rssBytesMax = Math.max(this.#rssBytesMax, process.memoryUsage.rss());
    const { counters } = this.#fleet.measurements;
    this.#context.onProgress?.({
      phase: this.#phase,
      elapsedMs: this.#context.clock.monotonicMs() - this.#startedMs,
      devices: this.#devices.length,
      sessions: this.#fleet.sessions,
      sent: counters.sent,
      acked: this.#options.qos === 1 ? counters.acked : null,
      skipped: counters.skipped,
      outstanding: this.#fleet.outstanding,
      failures: this.#fleet.measurements.failures(),
    });
  }

  #result(windowS: number): SimulationResult {
    const { ledger, measurements, connectSeconds } = this.#fleet;
    const cpu = process.cpuUsage(this.#cpuAtStart);
    const report = simulationReport(this.#options, this.#devices, measurements, {
      startedAtMs: this.#startedAtMs,
      windowS,
      interrupted: this.#aborted,
      connectSeconds,
      cpuS: (cpu.user + cpu.system) / 1e6,
      rssBytesMax: this.#rssBytesMax,
    });
    return { report, ledger, measurements };
  }
}
