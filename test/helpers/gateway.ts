/** A real gateway in processes of its own, with ways to kill them. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { GatewayClient, type Summary } from '../../benchmarks/gateway-client.ts';
import type { Reconciled } from '../../benchmarks/reconcile/reconcile.ts';
import { type GatewaySettingsInput, parseSettings } from '../../gateway/config.ts';
import { fleetKeyIn } from '../../gateway/data-folder/owner-file.ts';
import { paths } from '../../gateway/data-folder/paths.ts';
import { GatewayLauncher } from '../../gateway/processes/launcher.ts';
import type { GatewayAddress } from '../../gateway/supervisor.ts';
import { systemClock } from '../../model/clock.ts';
import { simulationOptions } from '../../simulator/options.ts';
import { runSimulation } from '../../simulator/run.ts';
import type { SimulationOutcome } from '../../simulator/simulation.ts';
import { reconcileThroughGateway } from './reconcile.ts';
import { freePort } from './services.ts';

export class TestGateway {
  readonly data: string;
  readonly address: GatewayAddress;
  readonly launcher: GatewayLauncher;
  #client: GatewayClient;

  private constructor(data: string, launcher: GatewayLauncher, address: GatewayAddress) {
    this.data = data;
    this.launcher = launcher;
    this.address = address;
    this.#client = new GatewayClient(address.httpUrl, address.operatorToken);
  }

  static async start(settings: GatewaySettingsInput, folder?: string): Promise<TestGateway> {
    const data = folder ?? mkdtempSync(join(tmpdir(), 'onramp-gateway-'));
    // Fixed ports, so that devices find the gateway again after it was killed.
    const [http, mqtt] = [await freePort(), await freePort()];
    const launcher = new GatewayLauncher({
      settings: parseSettings({
        logLevel: 'error',
        ...settings,
        data,
        http: { port: http },
        broker: { port: mqtt, tlsPort: null, ...settings.broker },
      }),
    });
    return new TestGateway(data, launcher, await launcher.start());
  }

  get client(): GatewayClient {
    return this.#client;
  }

  status(): Promise<Summary> {
    return this.#client.summary();
  }

  /** Waits until the gateway is (again) ready and kills a worker: the first, or of that index. */
  async killWorker(index?: number): Promise<void> {
    const { workers } = await this.ready();
    const worker = index === undefined ? workers[0] : workers.find((one) => one.index === index);
    process.kill(worker!.pid, 'SIGKILL');
  }

  /** Waits until a worker runs. */
  async ready(): Promise<Summary> {
    for (let tries = 0; ; tries++) {
      try {
        const status = await this.status();
        if (status.workers.length > 0 && status.sessions > 0) return status;
      } catch (error) {
        if (tries > 300) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  killSupervisor(): void {
    process.kill(this.launcher.pid!, 'SIGKILL');
  }

  /** Registers a small city and plays it. */
  async simulate(options: { devices: number; duration: string; interval?: string; more?: object }) {
    const { devices, duration, interval = '500ms', more } = options;
    const enterprises = Math.ceil(devices / 10);
    await this.#client.importCity({ seed: 1, enterprises, devices, sensors: false });
    const fleetKey = fleetKeyIn(paths(this.data).fleetKey);
    return runSimulation(
      simulationOptions({
        target: `mqtt://127.0.0.1:${this.address.mqttPort}`,
        devices,
        enterprises,
        interval,
        duration,
        fleetKey,
        backoff: '200ms',
        backoffMax: '1s',
        keepalive: '10s',
        drain: '60s',
        ...more,
      }),
      { clock: systemClock },
    );
  }

  /** Waits until everything accepted is stored or dead, then compares with what devices know. */
  async settle(result: SimulationOutcome): Promise<Reconciled> {
    await this.settled();
    return reconcileThroughGateway(this.#client, result.ledger());
  }

  async settled(): Promise<Summary> {
    // Workers report once a second: what they say now may be from before.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    let status = await this.status();
    for (let tries = 0; tries < 300; tries++) {
      const { waiting } = status.readings;
      if (waiting === 0 && status.journal.unshippedBytes === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
      status = await this.status();
    }
    const { received, stored, deadLettered, waiting, withheld, dropped } = status.readings;
    expect(received).toBe(stored + deadLettered + waiting + withheld + dropped);
    expect(waiting).toBe(0);
    return status;
  }

  async stop(): Promise<void> {
    await this.launcher.stop();
    rmSync(this.data, { recursive: true, force: true });
  }
}
