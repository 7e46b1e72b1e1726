/** Runs a scenario: starts what it needs, plays the fleet, verifies, and writes the report. */

import { mkdtempSync, rmSync } from 'node:fs';
import { arch, cpus, platform, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseSettings } from '../../gateway/config.ts';
import { GatewayLauncher } from '../../gateway/launcher.ts';
import { fleetKeyIn } from '../../gateway/owner-file.ts';
import { paths } from '../../gateway/paths.ts';
import { createStore } from '../../gateway/stores/index.ts';
import { type Clock, sleep, systemClock } from '../../model/clock.ts';
import type { RunReport } from '../../model/report.ts';
import { simulationOptions } from '../../simulator/options.ts';
import { runSimulation, type SimulationResult } from '../../simulator/run.ts';
import { GatewayClient, type Summary } from '../gateway-client.ts';
import type { Scenario, ScenarioParameters } from '../scenarios/scenario.ts';
import { startInfluxd } from './influxd.ts';
import { ResourceMeter } from './resources.ts';
import { checkThresholds, verdictOf } from './verdict.ts';
import { type Verified, verifyInStore, verifyThroughApi } from './verify.ts';

export interface RunOptions {
  readonly scenario: Scenario;
  readonly size: 'smoke' | 'full';
  readonly parameters: ScenarioParameters;
  /** `embedded`, `influxdb` (one of the run's own), or the URL of an InfluxDB. */
  readonly store: string;
  readonly onProgress?: (line: string) => void;
}

const drainMs = 120_000;
const reportMs = 1500;

/** Runs and answers the report; whatever was started is ended, also after a failure. */
export async function runScenario(options: RunOptions): Promise<RunReport> {
  const folder = mkdtempSync(join(tmpdir(), 'onramp-bench-'));
  const closers: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true })];
  try {
    return await new Run(options, folder, closers, systemClock).play();
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #folder: string;
  readonly #closers: (() => Promise<void> | void)[];
  readonly #clock: Clock;
  #storePid: number | null = null;

  constructor(
    options: RunOptions,
    folder: string,
    closers: (() => Promise<void> | void)[],
    clock: Clock,
  ) {
    this.#options = options;
    this.#folder = folder;
    this.#closers = closers;
    this.#clock = clock;
  }

  async play(): Promise<RunReport> {
    const { parameters } = this.#options;
    const startedAtMs = this.#clock.nowMs();
    const store = await this.#storeSettings();
    const client = await this.#startGateway(store);
    const { seed, enterprises, devices } = parameters;
    this.#say(`registering ${devices} devices of ${enterprises} enterprises`);
    await client.importCity({ seed, enterprises, devices, sensors: false });
    const { result, resources } = await this.#simulate(client);
    this.#say('waiting until everything accepted is stored');
    const summary = await this.#drained(client);
    this.#say('reconciling what was acknowledged with the rows of the store');
    const window = { fromMs: startedAtMs - 60_000, toMs: this.#clock.nowMs() + 60_000 };
    const entries = [...result.ledger.entries()];
    const verified =
      store.kind === 'influxdb'
        ? await this.#verifyInInfluxdb(store, entries, window)
        : await verifyThroughApi(client, entries);
    return this.#report(result, summary, resources, verified);
  }

  async #storeSettings() {
    const { store } = this.#options;
    if (store === 'embedded') return { kind: 'embedded' as const };
    if (store !== 'influxdb')
      return { kind: 'influxdb' as const, url: store, database: 'onramp_bench' };
    const influxd = await startInfluxd(join(this.#folder, 'influxdb'), this.#clock);
    this.#closers.push(() => influxd.stop());
    this.#storePid = influxd.pid;
    return { kind: 'influxdb' as const, url: influxd.url, database: 'onramp' };
  }

  async #startGateway(store: { kind: 'embedded' } | { kind: 'influxdb'; url: string }) {
    const launcher = new GatewayLauncher({
      settings: parseSettings({
        data: join(this.#folder, 'gateway'),
        simulated: true,
        logLevel: 'error',
        workers: this.#options.parameters.workers,
        http: { port: 0 },
        broker: { port: 0, tlsPort: null, sessionsMax: 15_000 },
        store,
      }),
      onDied: (how) => this.#say(`the supervisor ended with ${how} and is started again`),
    });
    const { httpUrl, mqttPort, operatorToken } = await launcher.start();
    this.#closers.push(() => launcher.stop());
    this.#mqttPort = mqttPort ?? 0;
    return new GatewayClient(httpUrl, operatorToken);
  }

  #mqttPort = 0;

  async #simulate(client: GatewayClient) {
    const { devices, duration, enterprises, interval, report, seed } = this.#options.parameters;
    const { supervisor, workers } = await client.summary();
    const groups = {
      gatewayWorkers: workers.map(({ pid }) => pid),
      gatewaySupervisor: [supervisor.pid],
      simulator: [process.pid],
      store: this.#storePid === null ? [] : [this.#storePid],
    };
    let meter: ResourceMeter | null = null;
    let resources: RunReport['resources'] = {};
    const result = await runSimulation(
      simulationOptions({
        target: `mqtt://127.0.0.1:${this.#mqttPort}`,
        ...{ devices, duration, enterprises, interval, report, seed },
        fleetKey: fleetKeyIn(paths(join(this.#folder, 'gateway')).fleetKey),
      }),
      {
        clock: this.#clock,
        onProgress: (progress) => {
          // The window of the simulator is that of the meter.
          if (progress.phase === 'running') meter ??= new ResourceMeter(groups, this.#clock);
          if (progress.phase === 'draining' && Object.keys(resources).length === 0 && meter) {
            resources = meter.end();
          }
          const { elapsedMs, phase, sent, sessions } = progress;
          this.#say(
            `${Math.round(elapsedMs / 1000)} s ${phase}: ${sessions} sessions, ${sent} sent`,
          );
        },
      },
    );
    return { result, resources };
  }

  async #drained(client: GatewayClient): Promise<Summary> {
    const endMs = this.#clock.monotonicMs() + drainMs;
    // Workers report once a second: what is known now may be from before the last reading.
    await sleep(this.#clock, reportMs);
    for (;;) {
      const summary = await client.summary();
      const drained = summary.readings.waiting === 0 && summary.journal.unshippedBytes === 0;
      if (drained || this.#clock.monotonicMs() > endMs) return summary;
      await sleep(this.#clock, 500);
    }
  }

  async #verifyInInfluxdb(
    settings: { kind: 'influxdb'; url: string },
    entries: Parameters<typeof verifyInStore>[1],
    window: Parameters<typeof verifyInStore>[2],
  ): Promise<Verified> {
    const quiet = { info: () => {}, warn: () => {}, error: () => {} };
    const store = await createStore(parseSettings({ store: settings }).store, {
      clock: this.#clock,
      logger: quiet,
      dataFolder: this.#folder,
    });
    await store.start();
    try {
      return await verifyInStore(store, entries, window);
    } finally {
      await store.stop();
    }
  }

  #report(
    { report: simulated }: SimulationResult,
    summary: Summary,
    resources: RunReport['resources'],
    verified: Verified,
  ): RunReport {
    const { parameters, scenario, size } = this.#options;
    const { connect, fleet, generator, message, onboarding, telemetry } = simulated;
    const messages = telemetry.perSecond * simulated.durationS;
    const cpuUsPerMessage = Object.fromEntries(
      Object.entries(resources).map(([name, used]) => [
        name,
        used === null || messages === 0 ? null : Math.round((used.cpuS * 1e6) / messages),
      ]),
    );
    const unjudged = {
      schema: 'onramp-report/1' as const,
      scenario: scenario.id,
      question: scenario.question,
      seed: simulated.seed,
      startedAt: simulated.startedAt,
      durationS: simulated.durationS,
      environment: environmentOf(summary.store.description),
      parameters: { ...parameters, size },
      fleet,
      message,
      connect,
      onboarding,
      telemetry: { ...telemetry, storedMs: summary.shipper.storedMs },
      ledger: {
        sent: telemetry.sent,
        acked: telemetry.acked,
        ...verified,
        deadLettered: summary.readings.deadLettered,
      },
      resources,
      cpuUsPerMessage,
      generator,
      invalidReasons: simulated.invalidReasons,
      failures: simulated.failures,
    };
    const wanted =
      size === 'full' ? [...scenario.thresholds, ...scenario.fullThresholds] : scenario.thresholds;
    const thresholds = checkThresholds(unjudged, wanted);
    // At smoke size nothing is timed, so a busy machine does not void the run.
    const valid = size === 'smoke' || generator.valid;
    return { ...unjudged, thresholds, verdict: verdictOf(valid, thresholds) };
  }

  #say(line: string): void {
    this.#options.onProgress?.(line);
  }
}

function environmentOf(store: string): RunReport['environment'] {
  const [first] = cpus();
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    store,
  };
}
