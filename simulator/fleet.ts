/** A fleet of devices: each its own MQTT session, its own machine and its own due times. */

import type { CityDevice } from '../model/city.ts';
import type { Clock } from '../model/clock.ts';
import type { Credentials, Dialect } from '../model/dialects/dialect.ts';
import { type ClientListener, type ClientSettings, MqttClient } from './client/client.ts';
import type { Failure } from './client/failure.ts';
import { topicField } from './client/frames.ts';
import type { Outgoing } from './client/outbox.ts';
import type { Target } from './client/target.ts';
import { Connector } from './connector.ts';
import { Ledger } from './ledger.ts';
import type { MachineEvent, Machines, ReportKind } from './machines.ts';
import { Measurements } from './measurements.ts';
import type { Onboarding } from './onboarding/onboarding.ts';
import { evenPhase, Schedule, slotMs } from './schedule.ts';

/** Turns of the timer in which every client is looked at once. */
const turnsPerSweep = Math.round(1000 / slotMs);

/** Sessions ended in one turn of the timer. */
const goodbyesPerTurn = 200;

/** Alarms have no `seq` of their own; readings begin at 1. */
const eventSeq = 0;

export interface FleetSettings {
  readonly clock: Clock;
  readonly target: Target;
  readonly dialect: Dialect;
  readonly devices: readonly CityDevice[];
  readonly machines: Pick<Machines, 'read' | 'takeEvents' | 'intervalMs'>;
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
 * Readings have `seq` 1, 2, 3 … and as `ts` their due time, strictly increasing per device.
 *
 * With `onboarding` a device without a credential claims one first, in the same place of the queue
 * of connections, and its first reading is due at once; the next are in step with everybody's.
 */
export class Fleet implements ClientListener {
  readonly measurements: Measurements;
  readonly ledger: Ledger;
  readonly #settings: FleetSettings;
  readonly #clients: readonly MqttClient[];
  readonly #topics: readonly Buffer[];
  readonly #schedule: Schedule;
  readonly #connector: Connector;
  /** Readings made, per device: the latest `seq`. */
  readonly #made: Uint32Array;
  readonly #timestamps: Float64Array;
  /** 0 until the first attempt was over, 1 after it failed, 2 once a session was accepted. */
  readonly #met: Uint8Array;
  #untried: number;
  #sessions = 0;
  #outstanding = 0;
  #producing = true;
  #leaving = false;
  #sweepAt = 0;
  #startedMs = 0;
  #lastConnectedMs = 0;
  #windowMs: readonly [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];

  constructor(settings: FleetSettings) {
    const { devices, dialect, clock, target } = settings;
    this.#settings = settings;
    this.measurements = settings.measurements ?? new Measurements();
    this.ledger = new Ledger(devices);
    const clientSettings: ClientSettings = {
      clock,
      target,
      listener: this,
      keepaliveS: settings.keepaliveS,
      connectTimeoutMs: settings.connectTimeoutMs,
      inFlightMax: settings.inFlightMax,
    };
    this.#clients = devices.map((_, index) => new MqttClient(index, clientSettings));
    this.#topics = devices.map(({ enterprise, device }) =>
      topicField(dialect.topic(enterprise, device, 'telemetry')),
    );
    this.#schedule = new Schedule({
      clock,
      items: devices.length,
      onDue: (device, dueMs) => this.#produce(device, dueMs),
      onTurn: (nowMs) => this.#turn(nowMs),
    });
    this.#connector = new Connector({
      devices: devices.length,
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
    this.#made = new Uint32Array(devices.length);
    this.#timestamps = new Float64Array(devices.length);
    this.#met = new Uint8Array(devices.length);
    this.#untried = devices.length;
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
    return this.#outstanding;
  }

  /** From `start` until the last device that has had a session got its first. */
  get connectSeconds(): number {
    return Math.max(0, this.#lastConnectedMs - this.#startedMs) / 1000;
  }

  /** Begins to connect all devices. */
  start(): void {
    this.#schedule.start();
    this.#startedMs = this.#settings.clock.monotonicMs();
    for (let device = 0; device < this.#clients.length; device++) this.#connector.request(device);
  }

  /** From now on latencies are recorded: of readings due until `endWindow`. */
  beginWindow(): void {
    this.#schedule.lag.reset();
    this.#schedule.overruns = 0;
    this.#windowMs = [this.#settings.clock.monotonicMs(), Number.POSITIVE_INFINITY];
  }

  /** The measured window ends; readings due in it are still recorded when acknowledged. */
  endWindow(): void {
    this.#windowMs = [this.#windowMs[0], this.#settings.clock.monotonicMs()];
    this.measurements.latencies.eventLoopLag.add(this.#schedule.lag);
    this.measurements.counters.overruns += this.#schedule.overruns;
  }

  /** Nothing more comes due. */
  stopProducing(): void {
    this.#producing = false;
  }

  /** Sessions end politely, and no device connects again. */
  leave(): void {
    this.#producing = false;
    this.#leaving = true;
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
    const { connackMs } = client.times;
    this.#sessions++;
    this.measurements.recordConnect(client.times);
    this.#connector.settle(device, true, connackMs);
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
    this.#schedule.set(device, onboarding ? connackMs : this.#inStep(device, connackMs));
  }

  onWritten(client: MqttClient, message: Outgoing, again: boolean): void {
    const { counters } = this.measurements;
    if (message.seq === eventSeq) {
      if (!again) counters.eventsSent++;
    } else if (again) {
      counters.resent++;
    } else {
      counters.sent++;
      this.ledger.send(client.index, message.seq);
    }
  }

  onDelivered(client: MqttClient, message: Outgoing): void {
    const { counters, latencies } = this.measurements;
    const acknowledged = message.packetId > 0;
    this.#outstanding--;
    if (message.seq === eventSeq) {
      if (acknowledged) counters.eventsAcked++;
      return;
    }
    const nowMs = this.#settings.clock.monotonicMs();
    const [beginMs, endMs] = this.#windowMs;
    if (nowMs >= beginMs && nowMs < endMs) counters.windowDelivered++;
    if (!acknowledged) return;
    counters.acked++;
    this.ledger.acknowledge(client.index, message.seq);
    if (message.seq === 1) {
      const dueAtMs = this.#schedule.wallOf(message.dueMs);
      this.#settings.onboarding?.acknowledged(client.index, message.dueMs, dueAtMs, nowMs);
    }
    if (message.dueMs >= beginMs && message.dueMs < endMs) {
      latencies.ack.record(nowMs - message.dueMs);
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

  #produce(device: number, dueMs: number): void {
    if (!this.#producing) return;
    const { counters, latencies } = this.measurements;
    const { qos, report, dialect, machines } = this.#settings;
    const client = this.#clients[device]!;
    counters.due++;
    if (client.full) {
      counters.skipped++;
    } else {
      const timestampMs = this.#stamp(device, dueMs);
      const values = machines.read(device, timestampMs, report);
      const seq = ++this.#made[device]!;
      const payload = dialect.encodeReadings([{ seq, timestampMs, values }]);
      counters.values += Object.keys(values).length;
      counters.payloadBytes += Buffer.byteLength(payload);
      if (dueMs >= this.#windowMs[0]) {
        latencies.publishDelay.record(this.#settings.clock.monotonicMs() - dueMs);
      }
      this.#outstanding++;
      client.publish(this.#topics[device]!, payload, qos, seq, dueMs);
      for (const event of machines.takeEvents(device)) this.#alarm(device, event, dueMs);
    }
    const inStep = this.#made[device]! > 1 || !this.#settings.onboarding;
    const nextMs = inStep ? dueMs + this.#intervalMs(device) : this.#inStep(device, dueMs);
    this.#schedule.set(device, nextMs);
  }

  /** The first due time after `afterMs` on the device's own phase. */
  #inStep(device: number, afterMs: number): number {
    return this.#schedule.firstDue(afterMs, this.#intervalMs(device), evenPhase(device));
  }

  #alarm(device: number, event: MachineEvent, dueMs: number): void {
    const { dialect, devices, qos } = this.#settings;
    const client = this.#clients[device]!;
    const { counters } = this.measurements;
    counters.eventsDue++;
    if (client.full) {
      counters.eventsSkipped++;
      return;
    }
    const { enterprise, device: id } = devices[device]!;
    const topic = topicField(dialect.topic(enterprise, id, 'event'));
    this.#outstanding++;
    client.publish(topic, dialect.encodeEvent(event), qos, eventSeq, dueMs);
  }

  /** The wall time of a due time, later than any the device has used. */
  #stamp(device: number, dueMs: number): number {
    const stamp = Math.max(this.#schedule.wallOf(dueMs), this.#timestamps[device]! + 1);
    this.#timestamps[device] = stamp;
    return stamp;
  }

  #intervalMs(device: number): number {
    const { intervalMs, machines } = this.#settings;
    if (intervalMs !== null) return intervalMs;
    return Math.max(1, Math.round(machines.intervalMs(device) / slotMs)) * slotMs;
  }

  #turn(nowMs: number): void {
    const clients = this.#clients;
    if (this.#leaving) {
      const end = Math.min(this.#sweepAt + goodbyesPerTurn, clients.length);
      while (this.#sweepAt < end) clients[this.#sweepAt++]!.disconnect();
      return;
    }
    this.#connector.turn(nowMs);
    this.#settings.onboarding?.turn(nowMs);
    for (let left = Math.ceil(clients.length / turnsPerSweep); left > 0; left--) {
      if (this.#sweepAt >= clients.length) this.#sweepAt = 0;
      clients[this.#sweepAt++]!.sweep(nowMs);
    }
  }
}
