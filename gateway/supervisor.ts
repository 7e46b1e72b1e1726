/** The supervisor process: everything there is one of, and nothing but its wiring. */

import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { type Clock, systemClock, type Timer } from '../model/clock.ts';
import { messageOf, OnrampError } from '../model/errors.ts';
import { secretBytes } from '../model/random.ts';
import { type Api, startApi } from './api/server.ts';
import type { GatewaySettings } from './config.ts';
import { type Lock, lockExclusive, tryLockExclusive } from './data-lock.ts';
import { nodeFiles } from './journal/files.ts';
import { JournalRoom } from './journal-room.ts';
import type { WorkerStats } from './messages.ts';
import { offlineOnboarding } from './onboarding/offline-onboarding.ts';
import { fleetKeyIn, registryKeyIn, secretIn, writeOwnerFile } from './owner-file.ts';
import { type DataPaths, paths } from './paths.ts';
import type { Registry } from './registry/registry.ts';
import { openRegistry } from './registry/sqlite.ts';
import { DeadLetters } from './shipping/dead-letters.ts';
import { Feeds } from './shipping/feeds.ts';
import { replay } from './shipping/replay.ts';
import { Shipper } from './shipping/shipper.ts';
import type { GatewayStatus } from './status.ts';
import { StatusBoard } from './status-board.ts';
import { StoreStart } from './store-start.ts';
import { createStore } from './stores/index.ts';
import type { Store } from './stores/store.ts';
import { type TlsIdentity, tlsIdentity } from './tls-identity.ts';
import { WorkerPool } from './worker-pool.ts';

const roomIntervalMs = 500;
const lingerMs = 200;
const drainTimeoutMs = 15_000;
const orphanTimeoutMs = 20_000;
const hourMs = 3_600_000;
const pruneIntervalMs = hourMs;

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
  readonly #settings: GatewaySettings;
  readonly #data: DataPaths;
  readonly #clock: Clock = systemClock;
  readonly #log: Log;
  readonly #closers: (() => Promise<void> | void)[] = [];
  readonly #timers: Timer[] = [];
  #notReady = '';
  #stopped: Promise<void> | null = null;

  constructor(settings: GatewaySettings) {
    this.#settings = settings;
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
   * Stops accepting, commits and ships what is left, and closes everything. May be called again, and
   * resolves when all of it is done.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    for (const close of this.#closers.reverse()) {
      try {
        await close();
      } catch (error) {
        this.#log.error(`While stopping: ${messageOf(error)}`);
      }
    }
  }

  async #start(): Promise<GatewayAddress> {
    const { broker } = this.#settings;
    this.#makeFolders();
    await this.#takeLocks();
    await this.#probePorts();
    const tls =
      broker.tlsPort === null ? null : await tlsIdentity(broker, this.#data.tlsFolder, this.#clock);
    const operatorToken = secretIn(this.#data.operatorToken);
    const registry = openRegistry({
      path: this.#data.registry,
      clock: this.#clock,
      sealKey: registryKeyIn(this.#data.registryKey),
    });
    this.#closers.push(() => registry.close());
    const deadLetters = new DeadLetters(this.#data.deadLetters);
    this.#closers.push(() => deadLetters.close());
    const { store, started } = await this.#openStore();
    let liveGenerations = (): ReadonlySet<string> => new Set();
    const feeds = new Feeds({
      folder: this.#data.journal,
      totalsPath: join(this.#data.data, 'shipped.json'),
      files: nodeFiles,
      liveGenerations: () => liveGenerations(),
      onDiscarded: (generation, { kind, reason }) =>
        this.#log[kind === 'damaged' ? 'error' : 'info'](
          `Journal ${generation}: ${kind}, ${reason}.`,
        ),
    });
    const shipper = new Shipper({
      feeds,
      store,
      deadLetters,
      clock: this.#clock,
      log: this.#log,
      lingerMs,
    });
    await shipper.start();
    this.#closers.push(() => shipper.stop(drainTimeoutMs));
    const room = new JournalRoom(this.#settings.journal, this.#data.journal, () =>
      feeds.unshippedBytes(),
    );
    const workers = this.#workerPool(tls, room, (stats) => board.keep(stats));
    this.#closers.push(() => workers.stop());
    const board = new StatusBoard({
      clock: this.#clock,
      pool: workers,
      feeds,
      shipper,
      room,
      store: () => store.description,
      storeNotStarted: () => started.unavailable,
      simulated: this.#settings.simulated,
    });
    liveGenerations = () => board.liveGenerations();
    await this.#grantRoom(room, workers);
    await workers.start();
    this.#timers.push(
      this.#clock.every(roomIntervalMs, () => void this.#grantRoom(room, workers)),
      this.#clock.every(1000, () => {
        board.tick();
        this.#logReadiness(board.notReady());
      }),
      this.#clock.every(pruneIntervalMs, () => void this.#prune(store, deadLetters)),
    );
    const api = await this.#startApi(registry, store, deadLetters, operatorToken, () =>
      board.status(),
    );
    return this.#announce(api, workers, tls, operatorToken);
  }

  #makeFolders(): void {
    try {
      for (const folder of [this.#data.data, this.#data.journal]) {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
      }
    } catch (error) {
      throw new OnrampError('config.invalid', `data ${this.#data.data}: ${messageOf(error)}`);
    }
  }

  async #takeLocks(): Promise<void> {
    const lock: Lock | null = tryLockExclusive(this.#data.gatewayLock);
    if (lock === null) throw new OnrampError('config.data-folder-busy', this.#data.data);
    this.#closers.push(() => lock.release());
    // Orphaned workers of a killed supervisor may still be writing their last commit.
    const orphans = await lockExclusive(this.#data.workersLock, {
      timeoutMs: orphanTimeoutMs,
      clock: this.#clock,
    });
    orphans.release();
  }

  /** With `reusePort` a second gateway would start silently beside the first; a plain bind tells. */
  async #probePorts(): Promise<void> {
    if (this.#settings.workers === 1) return;
    const { port, tlsPort } = this.#settings.broker;
    for (const probed of [port, tlsPort]) {
      if (!probed) continue;
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', () => reject(new OnrampError('config.port-busy', `MQTT ${probed}`)));
        server.listen({ host: this.#host, port: probed, exclusive: true }, () =>
          server.close(() => resolve()),
        );
      });
    }
  }

  get #host(): string {
    return this.#settings.lan ? '0.0.0.0' : '127.0.0.1';
  }

  /** The store; when it is away, readings wait in the journal and it is tried until it is there. */
  async #openStore(): Promise<{ store: Store; started: StoreStart }> {
    const store = await createStore(this.#storeSettings(), {
      clock: this.#clock,
      logger: this.#log,
      dataFolder: this.#data.data,
    });
    const started = new StoreStart({ store, clock: this.#clock, log: this.#log });
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
    if (store.kind !== 'influxdb' || retention.rows === null) return store;
    return { retentionHours: Math.ceil(retention.rows / hourMs), ...store };
  }

  #workerPool(
    tls: TlsIdentity | null,
    room: JournalRoom,
    onGone: (stats: WorkerStats | null) => void,
  ): WorkerPool {
    const { broker, workers } = this.#settings;
    let ports = { mqtt: broker.port, mqttTls: broker.tlsPort };
    const started = this.#clock.nowMs().toString(36);
    const pool: WorkerPool = new WorkerPool({
      count: workers,
      clock: this.#clock,
      generationName: (index) => `w${index}-${started}-${secretBytes(6).toString('hex')}`,
      startMessage: (_index, generation) => {
        const known = pool.addresses[0];
        if (known) ports = { mqtt: known.port ?? ports.mqtt, mqttTls: known.tlsPort };
        return {
          type: 'start',
          settings: this.#settings,
          generation,
          roomBytes: this.#roomOfEach(room),
          tls: tls && { key: tls.key, cert: tls.cert },
          ports,
        };
      },
      onGone,
      log: this.#log,
    });
    return pool;
  }

  #roomOfEach(room: JournalRoom): number {
    return Math.floor(room.bytes / this.#settings.workers);
  }

  async #grantRoom(room: JournalRoom, pool: WorkerPool): Promise<void> {
    try {
      await room.measure(this.#clock.nowMs());
      pool.broadcast({ type: 'room', bytes: this.#roomOfEach(room) });
    } catch (error) {
      this.#log.warn(`The journal could not be measured: ${messageOf(error)}`);
    }
  }

  /** Says once when the gateway takes nothing more, and once when it does again. */
  #logReadiness(reasons: readonly string[]): void {
    const now = reasons.join(' ');
    if (now === this.#notReady) return;
    this.#notReady = now;
    if (now === '') this.#log.info('Ready again.');
    else this.#log.warn(now);
  }

  async #prune(store: Store, deadLetters: DeadLetters): Promise<void> {
    const { rows, deadLetters: letters } = this.#settings.retention;
    const nowMs = this.#clock.nowMs();
    try {
      if (rows !== null) await store.prune(nowMs - rows);
      await deadLetters.prune(nowMs - letters);
    } catch (error) {
      this.#log.warn(`Old rows could not be removed, trying again later: ${messageOf(error)}`);
    }
  }

  async #startApi(
    registry: Registry,
    store: Store,
    deadLetters: DeadLetters,
    operatorToken: string,
    status: () => GatewayStatus,
  ): Promise<Api> {
    const api = await startApi(
      {
        settings: this.#settings,
        clock: this.#clock,
        registry,
        onboarding: offlineOnboarding(registry, this.#clock),
        store,
        deadLetters,
        operatorToken,
        fleetKey: () => fleetKeyIn(this.#data.fleetKey),
        status,
        replay: (request) => replay(request, { store, deadLetters, registry, clock: this.#clock }),
      },
      { host: this.#host, port: this.#settings.http.port },
    );
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
    const runtime = { pid: process.pid, http: api.url, mqttPort: address?.port ?? null };
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
