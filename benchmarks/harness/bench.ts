/** What a scenario plays with: the steps of a run, each of which notes what it finds. */

import type { GatewayProgress } from '../../gateway/api/progress.ts';
import type { Clock } from '../../model/clock.ts';
import { LatencyHistogram } from '../../model/histogram.ts';
import { limits } from '../../model/limits.ts';
import type { Simulation, SimulationOutcome } from '../../simulator/simulation.ts';
import { reconcileRun } from '../reconcile/reconcile-run.ts';
import type { RunParameters } from '../scenarios/parameters.ts';
import { answered } from './answered.ts';
import { createFleet, type Onboard, optionsOnPlatform, optionsOnTarget } from './fleet.ts';
import { deadLettersOfSuite } from './isolation-watch.ts';
import type { Monitor } from './monitor.ts';
import { type Platform, startPlatform } from './platform.ts';
import { connectedProof } from './proof.ts';
import type { RunContext } from './run-context.ts';
import { settle } from './settle.ts';
import type { TargetSettings } from './target-settings.ts';

export interface BenchOptions {
  readonly size: 'smoke' | 'full';
  readonly parameters: RunParameters;
  /** Null: the run starts its own gateway. */
  readonly target: TargetSettings | null;
  readonly context: RunContext;
}

const leaveMs = 15_000;
const firstRowsMs = 300_000;
/** A fleet whose run ends early gets so long to say what it knows. */
const salvageMs = 10_000;

export class Bench {
  readonly size: BenchOptions['size'];
  readonly parameters: RunParameters;
  readonly target: TargetSettings | null;
  readonly clock: Clock;
  readonly monitor: Monitor;
  readonly #context: RunContext;
  #simulation: Simulation | null = null;
  #windowOpen = false;
  #atBegin: GatewayProgress | null = null;

  constructor({ context, parameters, size, target }: BenchOptions) {
    this.size = size;
    this.parameters = parameters;
    this.target = target;
    this.clock = context.clock;
    this.monitor = context.monitor;
    this.#context = context;
  }

  /** There is a fleet, prepared: what happens from now on is worth a report. */
  get hasFleet(): boolean {
    return this.#simulation !== null;
  }

  /** Rejects as soon as the run cannot go on. */
  sleep(milliseconds: number): Promise<void> {
    const { clock, signal } = this.#context;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = clock.after(milliseconds, resolve);
    signal.addEventListener('abort', () => timer.cancel(), { once: true });
    return this.whileRunning(promise);
  }

  /** `work`, or a rejection as soon as the run cannot go on. */
  whileRunning<T>(work: Promise<T>): Promise<T> {
    return this.#context.unlessAborted(work);
  }

  /** Starts store and gateway; `tls`: with a TLS port whatever the parameters say. */
  async startPlatform(tls = false): Promise<Platform> {
    const { draft } = this.#context;
    this.monitor.phases.enter('starting');
    const platform = await startPlatform(
      this.#context,
      this.parameters,
      tls || this.parameters.tls || this.parameters.isolation,
    );
    const { client, store } = platform;
    this.monitor.watchGateway(client);
    this.monitor.watchStore(store.pid);
    const summary = await this.whileRunning(client.summary());
    draft.store = summary.store.description;
    return platform;
  }

  /** Registers the city of the parameters: its devices, or a claim for each enterprise. */
  async register({ client }: Platform, onboard: Onboard): Promise<void> {
    this.monitor.phases.enter('registering');
    const { devices, enterprises, seed } = this.parameters;
    const city = { seed, enterprises, devices, sensors: false };
    await this.whileRunning(
      onboard === 'claim'
        ? client.post('/api/v1/claims/import-city', city)
        : client.importCity(city),
    );
  }

  /** Makes the fleet; `platform` is null where there is a target. */
  async prepareFleet(platform: Platform | null, onboard: Onboard): Promise<Simulation> {
    this.monitor.phases.enter('preparing');
    const options =
      platform === null
        ? optionsOnTarget(this.parameters, this.target!)
        : optionsOnPlatform(this.parameters, platform, onboard);
    const simulation = createFleet(options, this.#context);
    await this.whileRunning(simulation.prepare());
    this.#simulation = simulation;
    return simulation;
  }

  /** Connects all devices; with claims that is the time whose resources are measured. */
  async connect(simulation: Simulation, onboard: Onboard): Promise<void> {
    const { resources } = this.monitor;
    this.monitor.phases.enter('connecting');
    this.monitor.beginTimeline();
    if (onboard === 'claim') resources.begin();
    await this.whileRunning(simulation.connect());
    if (onboard === 'claim') this.#context.draft.resources = resources.window();
  }

  /**
   * Readings come due, and it is proved who is connected. Looking that up takes a good part of a
   * core for seconds, so it is done here; every device has its first reading behind it, too, before
   * anything is measured.
   */
  async warmUp(simulation: Simulation, platform: Platform | null): Promise<void> {
    const { warmUp } = this.parameters;
    if (warmUp > 0) this.monitor.phases.enter('warming-up');
    await this.whileRunning(simulation.release());
    await this.sleep(warmUp / 2);
    await this.#prove(simulation, platform);
    await this.sleep(warmUp / 2);
  }

  /** The measured window: it lasts as long as `during`. */
  async steady<T>(
    simulation: Simulation,
    platform: Platform | null,
    during: () => Promise<T>,
  ): Promise<T> {
    const { phases, resources } = this.monitor;
    phases.enter('steady');
    if (platform !== null) {
      this.#atBegin = await this.whileRunning(answered(platform.client, this));
    }
    await this.whileRunning(simulation.beginWindow());
    this.#windowOpen = true;
    if (!resources.begun) resources.begin();
    const found = await this.whileRunning(during());
    await this.#endWindow(simulation);
    return found;
  }

  /** Notes who is connected, as everybody sees it; a foreign platform is not asked. */
  async #prove(simulation: Simulation, platform: Platform | null): Promise<void> {
    if (platform === null) {
      const { draft } = this.#context;
      draft.proof = { ...draft.proof, client: simulation.state.sessions };
      return;
    }
    const { address, client } = platform;
    const sleep = (milliseconds: number) => this.sleep(milliseconds);
    this.#context.draft.proof = await this.whileRunning(
      connectedProof({ simulation, client, address, sleep }),
    );
  }

  /** Nothing more comes due; ends when all is acknowledged, and first rows are confirmed. */
  async drain(simulation: Simulation, onboard: Onboard): Promise<void> {
    this.monitor.phases.enter('draining');
    await this.whileRunning(simulation.drain(this.parameters.drain));
    if (onboard === 'claim') await this.whileRunning(simulation.awaitFirstRows(firstRowsMs));
  }

  /** Waits until everything accepted is stored. */
  async settle({ client }: Platform): Promise<void> {
    const { clock, draft } = this.#context;
    this.monitor.phases.enter('settling');
    const sleep = (milliseconds: number) => this.sleep(milliseconds);
    const end = await this.whileRunning(settle({ client, clock, sleep }));
    const ofSuite = await this.whileRunning(deadLettersOfSuite(client));
    draft.deadLettered = Math.max(0, end.deadLettered - ofSuite);
    const begin = this.#atBegin;
    // A supervisor that was started again has forgotten what it stored before.
    if (begin === null || begin.startedAtMs !== end.startedAtMs) return;
    const stored = LatencyHistogram.decode(end.storedHdr);
    draft.late = stored.countAbove(this.parameters.lateAfter);
    stored.subtract(LatencyHistogram.decode(begin.storedHdr));
    draft.storedMs = stored.summary();
  }

  /** Sessions end, and the fleet says what it found. */
  async leave(simulation: Simulation): Promise<SimulationOutcome> {
    this.monitor.phases.enter('leaving');
    await this.whileRunning(simulation.leave(leaveMs));
    const outcome = await this.whileRunning(simulation.result());
    this.#context.draft.simulated = outcome.report;
    this.monitor.fleetLeft();
    await this.whileRunning(simulation.stop());
    return outcome;
  }

  /** Compares what every device was promised with the rows of the store. */
  async reconcile({ client, store }: Platform, outcome: SimulationOutcome): Promise<void> {
    const { clock, draft, folder } = this.#context;
    this.monitor.phases.enter('reconciling');
    const reconciled = await this.whileRunning(
      reconcileRun({
        store: store.settings,
        client,
        ledger: outcome.ledger(),
        window: { fromMs: draft.startedAtMs, toMs: clock.nowMs() + limits.readingAheadMsMax },
        clock,
        folder,
        onProgress: (done, all) => this.monitor.phases.progress(done / all),
      }),
    );
    draft.reconciled = reconciled;
    draft.proof = { ...draft.proof, store: reconciled.devices };
  }

  /** After a run that ended early: what the fleet knows, as far as it says so soon. */
  async salvage(): Promise<void> {
    const { clock, draft } = this.#context;
    const simulation = this.#simulation;
    if (simulation === null || draft.simulated !== null) return;
    const { promise, resolve } = Promise.withResolvers<null>();
    const timer = clock.after(salvageMs, () => resolve(null));
    const told = (async () => {
      if (this.#windowOpen) await this.#endWindow(simulation);
      return simulation.result();
    })().catch(() => null);
    const outcome = await Promise.race([told, promise]);
    timer.cancel();
    draft.simulated = outcome?.report ?? null;
  }

  async #endWindow(simulation: Simulation): Promise<void> {
    this.#windowOpen = false;
    const { draft } = this.#context;
    await simulation.endWindow().finally(() => {
      if (Object.keys(draft.resources).length > 0) return;
      draft.resources = this.monitor.resources.window();
    });
  }
}
