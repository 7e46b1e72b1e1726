/** One simulation from the first CONNECT to the last acknowledgement. */

import { buildCity, type CityDevice } from '../model/city.ts';
import { type Clock, sleep } from '../model/clock.ts';
import { dialects } from '../model/dialects/index.ts';
import { messageOf, OnrampError } from '../model/errors.ts';
import { builtInProfiles } from '../model/profiles/index.ts';
import { jitter } from '../model/random.ts';
import { resolveTarget } from './client/target.ts';
import { Fleet } from './fleet.ts';
import { type Identities, identitiesOf } from './identities.ts';
import type { Ledger } from './ledger.ts';
import { LedgerFile } from './ledger-file.ts';
import { Machines } from './machines.ts';
import { type FailureCount, Measurements } from './measurements.ts';
import { CredentialFile } from './onboarding/credential-file.ts';
import { FirstRows } from './onboarding/first-rows.ts';
import { platformApiOf, registerClaims } from './onboarding/register.ts';
import type { SimulationOptions } from './options.ts';
import type { PlatformApi } from './platform-api.ts';
import { type SimulationReport, simulationReport } from './report.ts';

/** How often progress is reported and the end of a phase is looked for. */
const progressIntervalMs = 1000;
const pollIntervalMs = 20;

/** Waiting for acknowledgements after an interruption. */
const interruptedDrainMs = 2000;

/** Time for the sessions to end politely. */
const leaveMs = 5000;

/** `storing` waits for the first rows of devices that came by a claim. */
export type SimulationPhase = 'connecting' | 'running' | 'draining' | 'storing' | 'leaving';

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
  /** Devices with a credential from a claim; null without claims. */
  readonly provisioned: number | null;
  /** First rows the platform has confirmed; null when it is not asked. */
  readonly firstRows: number | null;
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
 * `options.duration` and is followed by waiting for acknowledgements, `options.drain` at most, and
 * for first rows where the platform is asked for them.
 * @throws OnrampError `simulate.target-unreachable`, `simulate.all-refused` or
 * `simulate.claims-refused` when no device at all could connect; `simulate.claims-not-registered`;
 * `config.invalid` when a file cannot be written or read or the target does not fit its options.
 */
export async function runSimulation(
  options: SimulationOptions,
  context: SimulationContext,
): Promise<SimulationResult> {
  const devices = shardDevices(options);
  refuseCount(devices.length, context.sessionsMax ?? Number.POSITIVE_INFINITY);
  const { credentials, onboard } = options;
  const credentialFile = onboard && credentials ? new CredentialFile(credentials) : null;
  const cast = await castOf(options, devices, context.clock, credentialFile);
  const ledgerFile =
    options.ledger === undefined ? null : new LedgerFile(cast.fleet.ledger, options.ledger);
  await ledgerFile?.start(context.clock).catch(refuseLedger);
  await credentialFile?.start(context.clock);
  const run = new Run(options, devices, cast, context);
  try {
    return await run.play();
  } finally {
    cast.fleet.stop();
    await cast.firstRows?.stop();
    await credentialFile?.stop();
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

/** Who plays in a simulation. */
interface Cast {
  readonly fleet: Fleet;
  readonly onboarding: Identities['onboarding'];
  readonly api: PlatformApi | null;
  readonly firstRows: FirstRows | null;
}

async function castOf(
  options: SimulationOptions,
  devices: readonly CityDevice[],
  clock: Clock,
  credentialFile: CredentialFile | null,
): Promise<Cast> {
  const target = await resolveTarget({
    url: options.target,
    ca: options.tlsCa,
    fingerprint: options.tlsFingerprint,
    insecure: options.tlsInsecure,
    loopbackAddresses: options.spreadLoopback,
    sourceAddresses: options.sourceAddresses,
  });
  const measurements = new Measurements();
  const sources = { clock, target, measurements, credentialFile };
  const { secret, onboarding } = identitiesOf(options, devices, sources);
  const machines = new Machines(devices, builtInProfiles, options.seed);
  await machines.warmUp(clock.nowMs());
  const fleet = new Fleet({
    ...{ clock, target, devices, secret, onboarding, measurements },
    dialect: dialects[options.dialect],
    machines,
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
  const api = platformApiOf(options);
  if (onboarding === null || api === null) {
    return { fleet, onboarding, api: null, firstRows: null };
  }
  const firstRows = new FirstRows({ clock, api, devices, onboarding, measurements });
  return { fleet, onboarding, api, firstRows };
}

class Run {
  readonly #options: SimulationOptions;
  readonly #devices: readonly CityDevice[];
  readonly #fleet: Fleet;
  readonly #cast: Cast;
  readonly #context: SimulationContext;
  readonly #startedMs: number;
  readonly #startedAtMs: number;
  readonly #cpuAtStart = process.cpuUsage();
  #phase: SimulationPhase = 'connecting';
  #rssBytesMax = 0;

  constructor(
    options: SimulationOptions,
    devices: readonly CityDevice[],
    cast: Cast,
    context: SimulationContext,
  ) {
    this.#options = options;
    this.#devices = devices;
    this.#fleet = cast.fleet;
    this.#cast = cast;
    this.#context = context;
    this.#startedMs = context.clock.monotonicMs();
    this.#startedAtMs = context.clock.nowMs();
  }

  async play(): Promise<SimulationResult> {
    const { clock } = this.#context;
    const fleet = this.#fleet;
    const progress = clock.every(progressIntervalMs, () => this.#report());
    const { api, firstRows } = this.#cast;
    try {
      if (this.#options.register && api !== null) await registerClaims(api, this.#options);
      fleet.start();
      this.#enter('connecting');
      await this.#until(() => fleet.untried === 0 || this.#aborted, Number.POSITIVE_INFINITY);
      if (!this.#aborted && fleet.measurements.counters.connected === 0) this.#giveUp();
      firstRows?.start();
      const windowS = await this.#measure();
      this.#enter('draining');
      const drainMs = this.#aborted ? interruptedDrainMs : this.#options.drain;
      fleet.stopProducing();
      await this.#until(() => fleet.outstanding === 0, drainMs);
      await this.#awaitRows();
      this.#enter('leaving');
      fleet.leave();
      await this.#until(() => fleet.sessions === 0, leaveMs);
      return this.#result(windowS);
    } finally {
      progress.cancel();
    }
  }

  async #awaitRows(): Promise<void> {
    const { firstRows } = this.#cast;
    if (firstRows === null) return;
    this.#enter('storing');
    await this.#until(() => firstRows.done || this.#aborted, this.#options.firstRowTimeout);
    await firstRows.stop();
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
    throw new OnrampError(
      verdictOn(failures),
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
    const { onboarding, firstRows } = this.#cast;
    this.#context.onProgress?.({
      phase: this.#phase,
      elapsedMs: this.#context.clock.monotonicMs() - this.#startedMs,
      devices: this.#devices.length,
      sessions: this.#fleet.sessions,
      sent: counters.sent,
      acked: this.#options.qos === 1 ? counters.acked : null,
      skipped: counters.skipped,
      outstanding: this.#fleet.outstanding,
      provisioned: onboarding === null ? null : counters.provisioned,
      firstRows: firstRows === null ? null : counters.firstRows,
      failures: this.#fleet.measurements.failures(),
    });
  }

  #result(windowS: number): SimulationResult {
    const { ledger, measurements, connectSeconds } = this.#fleet;
    const { onboarding, firstRows } = this.#cast;
    const cpu = process.cpuUsage(this.#cpuAtStart);
    const report = simulationReport(this.#options, this.#devices, measurements, {
      startedAtMs: this.#startedAtMs,
      windowS,
      interrupted: this.#aborted,
      connectSeconds,
      firstAckSeconds: onboarding?.ackSeconds ?? null,
      firstRowSeconds: firstRows?.rowSeconds ?? null,
      cpuS: (cpu.user + cpu.system) / 1e6,
      rssBytesMax: this.#rssBytesMax,
    });
    return { report, ledger, measurements };
  }
}

/** What it means that no device at all has a session. */
function verdictOn(failures: readonly FailureCount[]) {
  const platformSaysNo = ({ stage, code }: FailureCount): boolean =>
    stage === 'provision' || (stage === 'claim' && /^[1-5]$/.test(code));
  if (failures.every(({ stage }) => stage === 'connack')) return 'simulate.all-refused';
  return failures.every(platformSaysNo) ? 'simulate.claims-refused' : 'simulate.target-unreachable';
}
