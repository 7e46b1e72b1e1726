/** The supervisor process: everything there is one of, and nothing but its wiring. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { type Clock, systemClock } from '../model/clock.ts';
import { messageOf } from '../model/errors.ts';
import { secretBytes } from '../model/random.ts';
import type { ApiContext } from './api/context.ts';
import { type Api, startApi } from './api/server.ts';
import type { GatewaySettings } from './config.ts';
import { fleetKeyIn, registryKeyIn, secretIn, writeOwnerFile } from './data-folder/owner-file.ts';
import { type DataPaths, paths } from './data-folder/paths.ts';
import {
  makeFolders,
  probePorts,
  takeDataFolder,
  waitForOrphans,
} from './data-folder/possession.ts';
import { type TlsIdentity, tlsIdentity } from './data-folder/tls-identity.ts';
import type { DeviceCommands } from './device-commands/device-command.ts';
import { SupervisedCommands } from './device-commands/supervised-commands.ts';
import { tellingDeadLetters } from './device-events/store-refusals.ts';
import { JournalRoom } from './fairness/journal-room.ts';
import { RateShares } from './fairness/rate-shares.ts';
import { nodeFiles } from './journal/files.ts';
import type { GatewayOnboarding } from './onboarding/gateway-onboarding.ts';
import type { Onboarding } from './onboarding/onboarding.ts';
import { startOnboarding } from './onboarding/start.ts';
import { type SizedSettings, sizedSettings } from './processes/sized-settings.ts';
import { WorkerPool, type WorkerPoolOptions } from './processes/worker-pool.ts';
import type { Registry } from './registry/registry.ts';
import { openRegistry } from './registry/sqlite/sqlite.ts';
import { DeadLetters } from './shipping/dead-letters.ts';
import { Feeds } from './shipping/feeds.ts';
import { replay } from './shipping/replay.ts';
import { Shipper } from './shipping/shipper.ts';
import type { GatewayStatus } from './status/status.ts';
import { StatusBoard, type StatusBoardOptions } from './status/status-board.ts';
import { StoreStart } from './store-start.ts';
import { createStore } from './stores/index.ts';
import type { Store } from './stores/store.ts';
import { endpointOf, lanAddress } from './trials/endpoint.ts';
import { TrialKeeper } from './trials/trial-keeper.ts';
import { Upkeep, type UpkeepOptions } from './upkeep.ts';

const lingerMs = 200;
const drainTimeoutMs = 15_000;
const hourMs = 3_600_000;

/** Where a running gateway can be reached. */
export interface GatewayAddress {
  readonly httpUrl: string;
  readonly mqttPort: number | null;
  readonly mqttTlsPort: number | null;
  readonly tlsFingerprint: string | null;
  readonly operatorToken: string;
}

type Log = ReturnType<typeof pino>;

/** A running gateway: registry, shipper, API, and its workers. */
export class Supervisor {
  readonly #settings: SizedSettings;
  readonly #data: DataPaths;
  readonly #clock: Clock = systemClock;
  readonly #log: Log;
  readonly #closers: (() => Promise<void> | void)[] = [];
  #stopped: Promise<void> | null = null;

  /** @throws OnrampError `config.open-files-limit`. */
  constructor(settings: GatewaySettings) {
    this.#settings = sizedSettings(settings);
    this.#data = paths(settings.data);
    this.#log = pino({ level: settings.logLevel, base: null }, pino.destination(2));
  }

  /**
   * Starts everything and resolves when devices can connect.
   * @throws OnrampError `config.data-folder-busy`, `config.port-busy`, `config.invalid`, `store.*`.
   */
  async start(): Promise<GatewayAddress> {
    try {
      return await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * Stops accepting, commits and ships what is left, and closes everything. May be called again,
   * and resolves when all of it is done.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    for (const close of this.#closers.reverse()) {
      try {
        await close();
      } catch (error) {
        this.#log.error(`While stopping: ${messageOf(error)}`);
      }
    }
  }

  async #start(): Promise<GatewayAddress> {
    const tls = await this.#takePossession();
    const operatorToken = secretIn(this.#data.operatorToken);
    const own = { settings: this.#settings, clock: this.#clock, log: this.#log };
    const registry = this.#openRegistry();
    const deadLetters = new DeadLetters(this.#data.deadLetters);
    this.#closers.push(() => deadLetters.close());
    const { store, started } = await this.#openStore(registry);
    const feeds: Feeds = this.#feeds(() => board.liveGenerations());
    const room = new JournalRoom(this.#settings.journal, this.#data.journal, () =>
      feeds.unshippedBytes(),
    );
    const rates = new RateShares();
    const workers = this.#workerPool(tls, room, {
      onMessage: (index, message) => {
        if (message.type === 'stats') room.noteWriters(message.stats.backlogWriters);
        else if (message.type === 'rates') rates.report(`${index}`, message.rates);
        else if (message.type === 'command-outcomes') commands.take(message.outcomes);
        else onboarding.hear(index, message);
      },
      onReady: (index) => workerReady(index),
      onGone: (index, stats) => {
        board.keep(stats);
        rates.forget(`${index}`);
        onboarding.workerGone(index);
        commands.workerGone(index);
      },
    });
    const { events, onboarding, stop, workerReady } = startOnboarding({
      ...own,
      registry,
      pool: workers,
      storeAway: () => board.storeAway,
    });
    this.#closers.push(stop);
    const commands = this.#commands(registry, onboarding, workers);
    const shipper = new Shipper({
      feeds,
      store,
      deadLetters: tellingDeadLetters(deadLetters, events),
      ...own,
      lingerMs,
      onStored: (keys) => onboarding.rowsStored(keys),
    });
    const board = this.#board({ pool: workers, feeds, shipper, room }, store, started, onboarding);
    await this.#begin(shipper, { room, workers, board, rates, store, deadLetters, registry });
    this.#keepTrials(registry, onboarding);
    const api = await this.#startApi({
      registry,
      onboarding,
      commands,
      store,
      deadLetters,
      operatorToken,
      status: () => board.status(),
      storedMsSinceStart: () => shipper.storedMsSinceStart(),
      tls,
      workers,
    });
    return this.#announce(api, workers, tls, operatorToken);
  }

  #commands(
    { lives }: Registry,
    onboarding: Pick<GatewayOnboarding, 'workerOf'>,
    workers: WorkerPool,
  ): SupervisedCommands {
    const commands = new SupervisedCommands({
      clock: this.#clock,
      workerOf: (client) => onboarding.workerOf(client),
      send: (worker, message) => workers.send(worker, message),
      trail: lives,
    });
    this.#closers.push(() => commands.stop());
    return commands;
  }

  #board(
    parts: Pick<StatusBoardOptions, 'pool' | 'feeds' | 'shipper' | 'room'>,
    store: Store,
    started: StoreStart,
    onboarding: Onboarding,
  ): StatusBoard {
    return new StatusBoard({
      ...parts,
      clock: this.#clock,
      store: () => store.description,
      storeNotStarted: () => started.unavailable,
      onboarding: () => onboarding.counts(),
      simulated: this.#settings.simulated,
    });
  }

  /** Ships what is there, then lets devices in. */
  async #begin(
    shipper: Shipper,
    kept: Omit<UpkeepOptions, 'settings' | 'clock' | 'log'> & { readonly workers: WorkerPool },
  ): Promise<void> {
    const { workers } = kept;
    await shipper.start();
    this.#closers.push(() => shipper.stop(drainTimeoutMs));
    this.#closers.push(() => workers.stop());
    const own = { settings: this.#settings, clock: this.#clock, log: this.#log };
    const upkeep = new Upkeep({ ...own, ...kept });
    this.#closers.push(() => upkeep.stop());
    await upkeep.grantRoom();
    await workers.start();
    const { broker, workers: count } = this.#settings;
    this.#log.info(`${count} workers, each for ${broker.sessionsMax} sessions at most.`);
    upkeep.start();
  }

  #keepTrials(registry: Registry, onboarding: Onboarding): void {
    const trials = new TrialKeeper({ registry, onboarding, clock: this.#clock, log: this.#log });
    trials.start();
    this.#closers.push(() => trials.stop());
  }

  /** Takes hold of the data folder and the ports; what TLS shows is in that folder. */
  async #takePossession(): Promise<TlsIdentity | null> {
    const { broker, publicUrl, workers } = this.#settings;
    makeFolders(this.#data);
    const lock = takeDataFolder(this.#data);
    this.#closers.push(() => lock.release());
    await waitForOrphans(this.#data, this.#clock);
    if (workers > 1) await probePorts(this.#host, [broker.port, broker.tlsPort]);
    if (broker.tlsPort === null) return null;
    return tlsIdentity(broker, {
      folder: this.#data.tlsFolder,
      clock: this.#clock,
      publicUrl,
      log: this.#log,
    });
  }

  #feeds(liveGenerations: () => ReadonlySet<string>): Feeds {
    return new Feeds({
      folder: this.#data.journal,
      totalsPath: join(this.#data.data, 'shipped.json'),
      files: nodeFiles,
      liveGenerations,
      onDiscarded: (generation, { kind, reason }) =>
        this.#log[kind === 'damaged' ? 'error' : 'info'](
          `Journal ${generation}: ${kind}, ${reason}.`,
        ),
    });
  }

  get #host(): string {
    return this.#settings.lan ? '0.0.0.0' : '127.0.0.1';
  }

  #openRegistry(): Registry {
    const registry = openRegistry({
      path: this.#data.registry,
      clock: this.#clock,
      sealKey: registryKeyIn(this.#data.registryKey),
    });
    this.#closers.push(() => registry.close());
    return registry;
  }

  /** The store; when it is away, readings wait in the journal and it is tried until it is there. */
  async #openStore(registry: Registry): Promise<{ store: Store; started: StoreStart }> {
    const store = await createStore(this.#storeSettings(), {
      clock: this.#clock,
      logger: this.#log,
      dataFolder: this.#data.data,
      profile: (id) => registry.profile(id),
    });
    const started = new StoreStart({
      store,
      clock: this.#clock,
      log: this.#log,
      devices: async () => (await registry.counts()).devices,
    });
    this.#closers.push(() => {
      started.stop();
      return store.stop();
    });
    await started.begin();
    return { store, started };
  }

  /** Rows that are to be removed by age: where the store can do that by itself, it is told to. */
  #storeSettings(): GatewaySettings['store'] {
    const { retention, store } = this.#settings;
    if (retention.rows === null) return store;
    if (store.kind !== 'influxdb' && store.kind !== 'victoriametrics') return store;
    return { retentionHours: Math.ceil(retention.rows / hourMs), ...store };
  }

  #workerPool(
    tls: TlsIdentity | null,
    room: JournalRoom,
    told: Pick<WorkerPoolOptions, 'onMessage' | 'onReady' | 'onGone'>,
  ): WorkerPool {
    const { broker, enterprises, workers } = this.#settings;
    let ports = { mqtt: broker.port, mqttTls: broker.tlsPort };
    const started = this.#clock.nowMs().toString(36);
    const pool: WorkerPool = new WorkerPool({
      count: workers,
      sessionsMax: broker.sessionsMax,
      clock: this.#clock,
      compiledFolder: this.#data.compiled,
      generationName: (index) => `w${index}-${started}-${secretBytes(6).toString('hex')}`,
      startMessage: (_index, generation) => {
        const known = pool.addresses[0];
        if (known) ports = { mqtt: known.port ?? ports.mqtt, mqttTls: known.tlsPort };
        return {
          type: 'start',
          settings: this.#settings,
          generation,
          roomBytes: room.grant(workers, enterprises.journalShare).bytes,
          tls: tls && { key: tls.key, cert: tls.cert },
          ports,
        };
      },
      ...told,
      log: this.#log,
    });
    return pool;
  }

  async #startApi(parts: {
    readonly registry: Registry;
    readonly onboarding: Onboarding;
    readonly commands: DeviceCommands;
    readonly store: Store;
    readonly deadLetters: DeadLetters;
    readonly operatorToken: string;
    readonly status: () => GatewayStatus;
    readonly storedMsSinceStart: ApiContext['storedMsSinceStart'];
    readonly tls: TlsIdentity | null;
    readonly workers: WorkerPool;
  }): Promise<Api> {
    const clock = this.#clock;
    const { deadLetters, registry, store, tls, workers, ...rest } = parts;
    const { broker, http } = this.#settings;
    let httpPort = http.port;
    const api = await startApi(
      {
        ...rest,
        ...{ clock, deadLetters, registry, settings: this.#settings, store },
        endpoint: () =>
          endpointOf({
            settings: this.#settings,
            mqttPort: workers.addresses[0]?.port ?? broker.port,
            mqttTlsPort: workers.addresses[0]?.tlsPort ?? null,
            ...{ httpPort, tls, lanAddress: lanAddress() },
          }),
        fleetKey: () => fleetKeyIn(this.#data.fleetKey),
        replay: (request) => replay(request, { store, deadLetters, registry, clock }),
      },
      { host: this.#host, port: http.port },
    );
    httpPort = api.port;
    this.#closers.push(() => api.close());
    return api;
  }

  #announce(
    api: Api,
    pool: WorkerPool,
    tls: TlsIdentity | null,
    operatorToken: string,
  ): GatewayAddress {
    const [address] = pool.addresses;
    const runtime = {
      ...{ pid: process.pid, http: api.url },
      ...{ mqttPort: address?.port ?? null, mqttTlsPort: address?.tlsPort ?? null },
    };
    writeOwnerFile(this.#data.runtime, JSON.stringify(runtime));
    this.#closers.push(() => rmSync(this.#data.runtime, { force: true }));
    return {
      httpUrl: api.url,
      mqttPort: address?.port ?? null,
      mqttTlsPort: address?.tlsPort ?? null,
      tlsFingerprint: tls?.fingerprint ?? null,
      operatorToken,
    };
  }
}
