/** A fleet of devices: each its own MQTT session, its own machine and its own due times. */

import type { CityDevice } from '../model/city.ts';
import type { Clock } from '../model/clock.ts';
import type { Credentials, Dialect } from '../model/dialects/dialect.ts';
import { latencyBucketCount, latencyBucketOf } from '../model/latency-buckets.ts';
import { type ClientListener, type ClientSettings, MqttClient } from './client/client.ts';
import type { Failure } from './client/failure.ts';
import type { Outgoing } from './client/outbox.ts';
import type { Target } from './client/target.ts';
import { Connector } from './connector.ts';
import { Deliveries } from './deliveries.ts';
import { EnterpriseLatencies } from './fairness.ts';
import { Ledger } from './ledger.ts';
import type { Machines, ReportKind } from './machines.ts';
import { Measurements } from './measurements.ts';
import type { Onboarding } from './onboarding/onboarding.ts';
import { Production } from './production.ts';
import { Schedule, turnMs } from './schedule.ts';

/** Turns of the timer in which every client is looked at once. */
const turnsPerSweep = Math.round(1000 / turnMs);

/** Sessions ended in one turn of the timer. */
const goodbyesPerTurn = 200;

/** Connections cut in one turn of the timer, when all are: each costs some 35 µs. */
const cutsPerTurn = 500;

export interface FleetSettings {
  readonly clock: Clock;
  readonly target: Target;
  readonly dialect: Dialect;
  readonly devices: readonly CityDevice[];
  readonly machines: Pick<Machines, 'read' | 'takeEvents' | 'intervalMs'>;
  /** Enterprises of all devices, and perhaps more; those of `devices` when left out. */
  readonly enterprises?: readonly string[];
  /** The secret of a device, which has the position `index` in `devices`. */
  readonly secret: (device: CityDevice, index: number) => string;
  /** Devices come by a claim; null when they have their secrets. */
  readonly onboarding?: Onboarding | null;
  /** What to count in; a new one when left out. */
  readonly measurements?: Measurements;
  readonly qos: 0 | 1;
  readonly report: ReportKind;
  /** A multiple of `slotMs`, or null for what the machines ask for. */
  readonly intervalMs: number | null;
  /** What a device waits for with its first reading: its session only, or also `release`. */
  readonly publishFrom?: 'session' | 'release';
  readonly connectRatePerSecond: number | null;
  readonly connectsInFlightMax: number;
  readonly connectTimeoutMs: number;
  readonly backoffMs: number;
  readonly backoffMsMax: number;
  readonly keepaliveS: number;
  readonly inFlightMax: number;
  /** Uniform in [0, 1), for back-off. */
  readonly random: () => number;
}

/**
 * Devices connect, each publishes from its first session on by the clock, connected or not, and
 * reconnects after a loss. What comes due while a device's outbox is full is skipped and counted.
 *
 * With `onboarding` a device without a credential claims one first, in the same place of the queue
 * of connections, and its first reading is due at once; the next are in step with everybody's.
 */
export class Fleet implements ClientListener {
  readonly measurements: Measurements;
  readonly ledger: Ledger;
  /** Acknowledgements of the window by enterprise, numbered as in `enterprises`. */
  readonly fairness: EnterpriseLatencies;
  readonly enterprises: readonly string[];
  /** Sessions by the time it took to get them; whoever reads it sets it to 0. */
  readonly connectCounts = new Uint32Array(latencyBucketCount);
  readonly #settings: FleetSettings;
  readonly #clients: readonly MqttClient[];
  readonly #schedule: Schedule;
  readonly #connector: Connector;
  readonly #deliveries: Deliveries;
  readonly #production: Production;
  /** 0 until the first attempt was over, 1 after it failed, 2 once a session was accepted. */
  readonly #met: Uint8Array;
  /** 1 while a device whose session was cut by `drop` has no new one. */
  readonly #dropped: Uint8Array;
  #untried: number;
  #sessions = 0;
  #released: boolean;
  #leaving = false;
  #sweepAt = 0;
  #startedMs = 0;
  #lastConnectedMs = 0;
  #droppedMs = 0;
  /** The first client that `drop` has not looked at. */
  #cutAt: number;

  constructor(settings: FleetSettings) {
    const { devices, clock, target } = settings;
    this.#settings = settings;
    this.measurements = settings.measurements ?? new Measurements();
    this.ledger = new Ledger(devices);
    this.enterprises = settings.enterprises ?? [
      ...new Set(devices.map(({ enterprise }) => enterprise)),
    ];
    this.fairness = new EnterpriseLatencies(this.enterprises.length);
    const clientSettings: ClientSettings = {
      clock,
      target,
      listener: this,
      keepaliveS: settings.keepaliveS,
      connectTimeoutMs: settings.connectTimeoutMs,
      inFlightMax: settings.inFlightMax,
    };
    this.#clients = devices.map((_, index) => new MqttClient(index, clientSettings));
    this.#schedule = new Schedule({
      clock,
      items: devices.length,
      onDue: (device, dueMs) => this.#production.produce(device, dueMs),
      onTurn: (nowMs) => this.#turn(nowMs),
    });
    this.#connector = this.#createConnector();
    const numbers = new Map(this.enterprises.map((id, number) => [id, number]));
    this.#deliveries = new Deliveries({
      measurements: this.measurements,
      ledger: this.ledger,
      fairness: this.fairness,
      enterpriseOf: Uint32Array.from(devices, ({ enterprise }) => numbers.get(enterprise)!),
    });
    this.#production = new Production({
      ...settings,
      clients: this.#clients,
      schedule: this.#schedule,
      measurements: this.measurements,
      deliveries: this.#deliveries,
    });
    this.#met = new Uint8Array(devices.length);
    this.#dropped = new Uint8Array(devices.length);
    this.#untried = devices.length;
    this.#released = settings.publishFrom !== 'release';
    this.#cutAt = devices.length;
  }

  /** Devices whose first attempt to connect is not over. */
  get untried(): number {
    return this.#untried;
  }

  /** Sessions at this moment. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Messages, readings and alarms, that are not acknowledged (QoS 1) or not written (QoS 0). */
  get outstanding(): number {
    return this.#deliveries.outstanding;
  }

  /** From `start` until the last device that has had a session got its first. */
  get connectSeconds(): number {
    return Math.max(0, this.#lastConnectedMs - this.#startedMs) / 1000;
  }

  /** The measured window that has ended; 0 before. */
  get windowSeconds(): number {
    return this.#deliveries.windowMs / 1000;
  }

  /** Acknowledged readings by their latency, in the window or not; whoever reads it sets it to 0. */
  get ackCounts(): Uint32Array {
    return this.#deliveries.ackCounts;
  }

  /** True until `drop` has cut the last connection. */
  get dropping(): boolean {
    return this.#cutAt < this.#clients.length;
  }

  /** Begins to connect all devices. */
  start(): void {
    this.#schedule.start();
    this.#startedMs = this.#settings.clock.monotonicMs();
    for (let device = 0; device < this.#clients.length; device++) this.#connector.request(device);
  }

  /** Every device has tried to connect; what the timer's lag is from now on is another matter. */
  endConnecting(): void {
    this.measurements.latencies.connectLag.add(this.#schedule.lag);
    this.#schedule.lag.reset();
  }

  /**
   * With `publishFrom: release`: from `atMs` (monotonic; now) on readings come due, those of one
   * interval spread evenly over it. May be called again, to no effect.
   */
  release(atMs = this.#settings.clock.monotonicMs()): void {
    if (this.#released) return;
    this.#released = true;
    for (let device = 0; device < this.#clients.length; device++) {
      if (this.#met[device] === 2) this.#production.begin(device, atMs);
    }
  }

  /**
   * The measured window begins at `atMs` (monotonic; now), which may be a little ahead: latencies
   * are recorded of readings due from then until `endWindow`.
   */
  beginWindow(atMs = this.#settings.clock.monotonicMs()): void {
    this.#deliveries.beginWindow(atMs);
    this.#schedule.lag.reset();
    this.#schedule.overruns = 0;
  }

  /** The measured window ends; readings due in it are still recorded when acknowledged. */
  endWindow(atMs = this.#settings.clock.monotonicMs()): void {
    this.#deliveries.endWindow(atMs);
    this.measurements.latencies.eventLoopLag.add(this.#schedule.lag);
    this.measurements.counters.overruns += this.#schedule.overruns;
  }

  /**
   * Cuts every connection, as a power failure does, some in each turn of the timer, until
   * `dropping` is false. Devices come back as after any loss; the time of each from `atMs` to its
   * new session is recorded.
   */
  drop(atMs = this.#settings.clock.monotonicMs()): void {
    this.#droppedMs = atMs;
    this.#cutAt = 0;
    this.#settings.onboarding?.stop();
  }

  /** Nothing more comes due. */
  stopProducing(): void {
    this.#production.stop();
  }

  /** Sessions end politely, and no device connects again. */
  leave(): void {
    this.#production.stop();
    this.#leaving = true;
    this.#cutAt = this.#clients.length;
    this.#sweepAt = 0;
  }

  /** Cuts what is left and stops the timer. */
  stop(): void {
    this.leave();
    this.#settings.onboarding?.stop();
    for (const client of this.#clients) client.cut();
    this.#schedule.stop();
  }

  credentials(client: MqttClient): Credentials {
    const device = this.#settings.devices[client.index]!;
    const secret = this.#settings.secret(device, client.index);
    return this.#settings.dialect.credentials(device.enterprise, device.device, secret);
  }

  onConnected(client: MqttClient): void {
    const device = client.index;
    const { begunMs, connackMs } = client.times;
    this.#sessions++;
    this.measurements.recordConnect(client.times);
    this.connectCounts[latencyBucketOf(connackMs - begunMs)]!++;
    this.#connector.settle(device, true, connackMs);
    if (this.#dropped[device] === 1) {
      this.#dropped[device] = 0;
      this.measurements.latencies.recovery.record(connackMs - this.#droppedMs);
    }
    if (this.#met[device] === 2) {
      this.measurements.counters.reconnects++;
      return;
    }
    if (this.#met[device] === 0) this.#untried--;
    this.#met[device] = 2;
    this.#lastConnectedMs = connackMs;
    this.measurements.counters.connected++;
    const { onboarding } = this.#settings;
    onboarding?.connected(device, client.times);
    if (!this.#released) return;
    if (onboarding) this.#production.beginAt(device, connackMs);
    else this.#production.begin(device, connackMs);
  }

  onWritten(client: MqttClient, message: Outgoing, again: boolean): void {
    this.#deliveries.written(client.index, message.seq, again);
  }

  onDelivered(client: MqttClient, { packetId, seq, dueMs }: Outgoing): void {
    const nowMs = this.#settings.clock.monotonicMs();
    const acknowledged = packetId > 0;
    this.#deliveries.delivered(client.index, seq, dueMs, acknowledged, nowMs);
    if (seq === 1 && acknowledged) {
      const dueAtMs = this.#schedule.wallOf(dueMs);
      this.#settings.onboarding?.acknowledged(client.index, dueMs, dueAtMs, nowMs);
    }
  }

  onClosed(client: MqttClient, failure: Failure | null): void {
    const nowMs = this.#settings.clock.monotonicMs();
    const device = client.index;
    const accepted = client.times.connackMs > 0;
    if (accepted) this.#sessions--;
    if (this.#leaving) return;
    if (failure !== null) this.measurements.recordFailure(failure);
    if (accepted) {
      this.#connector.retry(device, nowMs);
    } else {
      this.#settings.onboarding?.refused(device, failure);
      this.#failed(device, nowMs);
    }
  }

  #createConnector(): Connector {
    const settings = this.#settings;
    return new Connector({
      devices: settings.devices.length,
      ratePerSecond: settings.connectRatePerSecond,
      inFlightMax: settings.connectsInFlightMax,
      backoffMs: settings.backoffMs,
      backoffMsMax: settings.backoffMsMax,
      random: settings.random,
      connect: (device) => {
        if (this.#met[device] === 0) this.measurements.counters.attempted++;
        this.#connect(device);
      },
    });
  }

  /** Begins an attempt: with a claim where there is no credential yet. */
  #connect(device: number): void {
    const { clock, onboarding } = this.#settings;
    if (!onboarding?.needsClaim(device)) {
      this.#clients[device]!.connect();
      return;
    }
    onboarding.claim(device, (provisioned) => {
      if (this.#leaving) return;
      if (provisioned) this.#clients[device]!.connect();
      else this.#failed(device, clock.monotonicMs());
    });
  }

  /** An attempt did not end in a session. */
  #failed(device: number, nowMs: number): void {
    if (this.#met[device] === 0) {
      this.#met[device] = 1;
      this.#untried--;
    }
    this.#connector.settle(device, false, nowMs);
  }

  #turn(nowMs: number): void {
    const clients = this.#clients;
    if (this.#leaving) {
      const end = Math.min(this.#sweepAt + goodbyesPerTurn, clients.length);
      while (this.#sweepAt < end) clients[this.#sweepAt++]!.disconnect();
      return;
    }
    this.#cutSome();
    this.#connector.turn(nowMs);
    this.#settings.onboarding?.turn(nowMs);
    for (let left = Math.ceil(clients.length / turnsPerSweep); left > 0; left--) {
      if (this.#sweepAt >= clients.length) this.#sweepAt = 0;
      clients[this.#sweepAt++]!.sweep(nowMs);
    }
  }

  #cutSome(): void {
    const end = Math.min(this.#cutAt + cutsPerTurn, this.#clients.length);
    for (; this.#cutAt < end; this.#cutAt++) {
      const client = this.#clients[this.#cutAt]!;
      if (client.connected) this.#dropped[this.#cutAt] = 1;
      client.cut();
    }
  }
}
