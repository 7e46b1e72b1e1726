/** What a scenario plays with: a gateway and a store of its own, a fleet, and the reconciliation. */

import { join } from 'node:path';
import { type GatewaySettingsInput, parseSettings } from '../../gateway/config.ts';
import { fleetKeyIn } from '../../gateway/data-folder/owner-file.ts';
import { paths } from '../../gateway/data-folder/paths.ts';
import { GatewayLauncher } from '../../gateway/processes/launcher.ts';
import type { GatewayAddress } from '../../gateway/supervisor.ts';
import { type Clock, sleep } from '../../model/clock.ts';
import type { RunReport } from '../../model/report.ts';
import { simulationOptions } from '../../simulator/options.ts';
import { runSimulation, type SimulationResult } from '../../simulator/run.ts';
import { GatewayClient, type Summary } from '../gateway-client.ts';
import type { Reconciled } from '../reconcile/reconcile.ts';
import { reconcileRun } from '../reconcile/reconcile-run.ts';
import type { RunParameters } from '../scenarios/parameters.ts';
import { startInfluxd } from './influxd.ts';
import { ResourceMeter } from './resources.ts';

export interface BenchOptions {
  readonly size: 'smoke' | 'full';
  readonly parameters: RunParameters;
  /** `embedded`, `influxdb` (one of the run's own), or the URL of an InfluxDB. */
  readonly store: string;
  /** Everything is kept here. */
  readonly folder: string;
  readonly clock: Clock;
  /** What has to be ended after the run, the latest first. */
  readonly closers: (() => Promise<void> | void)[];
  readonly onProgress?: ((line: string) => void) | undefined;
}

type StoreSettings = { kind: 'embedded' } | { kind: 'influxdb'; url: string; database: string };

/** A running gateway. */
export interface BenchGateway {
  readonly client: GatewayClient;
  readonly address: GatewayAddress;
  readonly files: ReturnType<typeof paths>;
}

/** A fleet's run and what it cost. */
export interface Simulated {
  readonly result: SimulationResult;
  readonly resources: RunReport['resources'];
}

interface Play {
  /** Options of the simulator, laid over the parameters. */
  readonly more: object;
  /** The phase whose resources are measured. */
  readonly measured: 'connecting' | 'running';
  readonly signal?: AbortSignal;
  readonly onRunning?: () => void;
}

const sessionsMax = 15_000;
const drainMs = 120_000;
const reportMs = 1500;

/** What every scenario finds. */
export interface Found {
  readonly simulated: SimulationResult['report'];
  readonly resources: RunReport['resources'];
  readonly summary: Summary;
  readonly verified: Reconciled;
}

export class Bench {
  found: Found | null = null;
  readonly size: BenchOptions['size'];
  readonly parameters: RunParameters;
  readonly clock: Clock;
  readonly #options: BenchOptions;
  readonly #startedAtMs: number;
  #store: StoreSettings = { kind: 'embedded' };
  #storePid: number | null = null;

  constructor(options: BenchOptions) {
    this.#options = options;
    this.size = options.size;
    this.parameters = options.parameters;
    this.clock = options.clock;
    this.#startedAtMs = options.clock.nowMs();
  }

  /** Tells whoever watches. */
  say(line: string): void {
    this.#options.onProgress?.(line);
  }

  /** Starts store and gateway; `broker` is laid over what all scenarios have. */
  async startGateway(broker: GatewaySettingsInput['broker'] = {}): Promise<BenchGateway> {
    const { closers, folder, parameters } = this.#options;
    this.#store = await this.#storeSettings();
    const data = join(folder, 'gateway');
    const launcher = new GatewayLauncher({
      settings: parseSettings({
        data,
        simulated: true,
        logLevel: 'error',
        workers: parameters.workers === 'auto' ? 1 : parameters.workers,
        http: { port: 0 },
        broker: { port: 0, tlsPort: null, sessionsMax, ...broker },
        store: this.#store,
      }),
      onDied: (how) => this.say(`the supervisor ended with ${how} and is started again`),
    });
    const address = await launcher.start();
    closers.push(() => launcher.stop());
    const client = new GatewayClient(address.httpUrl, address.operatorToken);
    return { client, address, files: paths(data) };
  }

  /** Registers the city of the parameters. */
  async importCity({ client }: BenchGateway): Promise<void> {
    const { seed, enterprises, devices } = this.parameters;
    this.say(`registering ${devices} devices of ${enterprises} enterprises`);
    await client.importCity({ seed, enterprises, devices, sensors: false });
  }

  /** Plays the fleet of the parameters; its resources are those of the measured window. */
  simulate(gateway: BenchGateway): Promise<Simulated> {
    return this.#simulate(gateway, { more: {}, measured: 'running' });
  }

  /** Has the fleet come on board by claim; its resources are those of that time. */
  async simulateClaims(gateway: BenchGateway): Promise<Simulated> {
    const { address, client } = gateway;
    const { seed, enterprises, devices } = this.parameters;
    const city = { seed, enterprises, devices, sensors: false };
    await client.post('/api/v1/claims/import-city', city);
    const more = { onboard: 'claim', api: address.httpUrl, apiTokenFile: address.operatorToken };
    return this.#simulate(gateway, { more, measured: 'connecting' });
  }

  /**
   * Plays the fleet, without end, while `task` runs: from when all devices have tried to connect,
   * until it is done.
   */
  async simulateDuring<T>(
    gateway: BenchGateway,
    task: () => Promise<T>,
  ): Promise<Simulated & { readonly done: T }> {
    const stop = new AbortController();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let begun = false;
    const onRunning = () => {
      if (begun) return;
      begun = true;
      task()
        .then(resolve, reject)
        .finally(() => stop.abort());
    };
    const simulation = this.#simulate(gateway, {
      more: { duration: 'forever' },
      measured: 'running',
      signal: stop.signal,
      onRunning,
    });
    const [simulated, done] = await Promise.all([simulation, promise]);
    return { ...simulated, done };
  }

  async #simulate(
    gateway: BenchGateway,
    { measured, more, onRunning, signal }: Play,
  ): Promise<Simulated> {
    const { devices, duration, enterprises, interval, report, seed } = this.parameters;
    const groups = await this.#processes(gateway.client);
    let meter: ResourceMeter | null = null;
    let resources: RunReport['resources'] | null = null;
    const result = await runSimulation(
      simulationOptions({
        target: `mqtt://127.0.0.1:${gateway.address.mqttPort}`,
        ...{ devices, duration, enterprises, interval, report, seed },
        fleetKey: fleetKeyIn(gateway.files.fleetKey),
        ...more,
      }),
      {
        clock: this.clock,
        ...(signal && { signal }),
        onProgress: ({ elapsedMs, phase, provisioned, sent, sessions }) => {
          if (phase === measured) meter ??= new ResourceMeter(groups, this.clock);
          else if (phase !== 'connecting') resources ??= meter?.end() ?? null;
          if (phase === 'running') onRunning?.();
          const claimed = provisioned === null ? '' : `${provisioned} with a credential, `;
          const seconds = Math.round(elapsedMs / 1000);
          this.say(`${seconds} s ${phase}: ${claimed}${sessions} sessions, ${sent} sent`);
        },
      },
    );
    return { result, resources: resources ?? {} };
  }

  /** Waits until everything accepted is stored, and reconciles what was promised with the rows. */
  async settle(
    { client }: BenchGateway,
    { resources, result }: Simulated,
  ): Promise<{ readonly summary: Summary; readonly verified: Reconciled }> {
    this.say('waiting until everything accepted is stored');
    const summary = await this.#drained(client);
    this.say('reconciling what was acknowledged with the rows of the store');
    const verified = await reconcileRun({
      ...{ client, clock: this.clock, folder: this.#options.folder, store: this.#store },
      ledger: result.ledger.entries(),
      window: { fromMs: this.#startedAtMs - 60_000, toMs: this.clock.nowMs() + 60_000 },
    });
    this.found = { simulated: result.report, resources, summary, verified };
    return { summary, verified };
  }

  async #processes(client: GatewayClient): Promise<Record<string, number[]>> {
    const { supervisor, workers } = await client.summary();
    return {
      gatewayWorkers: workers.map(({ pid }) => pid),
      gatewaySupervisor: [supervisor.pid],
      simulator: [process.pid],
      store: this.#storePid === null ? [] : [this.#storePid],
    };
  }

  async #storeSettings(): Promise<StoreSettings> {
    const { clock, closers, folder, store } = this.#options;
    if (store === 'embedded') return { kind: 'embedded' };
    if (store !== 'influxdb') return { kind: 'influxdb', url: store, database: 'onramp_bench' };
    const influxd = await startInfluxd(join(folder, 'influxdb'), clock);
    closers.push(() => influxd.stop());
    this.#storePid = influxd.pid;
    return { kind: 'influxdb', url: influxd.url, database: 'onramp' };
  }

  async #drained(client: GatewayClient): Promise<Summary> {
    const endMs = this.clock.monotonicMs() + drainMs;
    // Workers report once a second: what is known now may be from before the last reading.
    await sleep(this.clock, reportMs);
    for (;;) {
      const summary = await client.summary();
      const drained = summary.readings.waiting === 0 && summary.journal.unshippedBytes === 0;
      if (drained || this.clock.monotonicMs() > endMs) return summary;
      await sleep(this.clock, 500);
    }
  }
}
