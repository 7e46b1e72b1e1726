/** What comes due: readings and alarms of the machines, encoded and handed to the clients. */

import type { CityDevice } from '../model/city.ts';
import type { Clock } from '../model/clock.ts';
import type { Dialect } from '../model/dialects/dialect.ts';
import type { MqttClient } from './client/client.ts';
import { topicField } from './client/frames.ts';
import { type Deliveries, eventSeq } from './deliveries.ts';
import type { MachineEvent, Machines, ReportKind } from './machines.ts';
import type { Measurements } from './measurements.ts';
import { evenPhase, type Schedule, slotMs } from './schedule.ts';

export interface ProductionSettings {
  readonly clock: Clock;
  readonly dialect: Dialect;
  readonly devices: readonly CityDevice[];
  readonly machines: Pick<Machines, 'read' | 'takeEvents' | 'intervalMs'>;
  readonly clients: readonly MqttClient[];
  readonly schedule: Schedule;
  readonly measurements: Measurements;
  readonly deliveries: Deliveries;
  readonly qos: 0 | 1;
  readonly report: ReportKind;
  /** A multiple of `slotMs`, or null for what the machines ask for. */
  readonly intervalMs: number | null;
}

/**
 * Readings have `seq` 1, 2, 3 … and as `ts` their due time, strictly increasing per device. Phases
 * are spread evenly over the whole city, whichever of its devices are played here.
 */
export class Production {
  readonly #settings: ProductionSettings;
  readonly #topics: readonly Buffer[];
  /** Readings made, per device: the latest `seq`. */
  readonly #made: Uint32Array;
  readonly #timestamps: Float64Array;
  /** 1 while the next reading is due out of step. */
  readonly #outOfStep: Uint8Array;
  #stopped = false;

  constructor(settings: ProductionSettings) {
    const { devices, dialect } = settings;
    this.#settings = settings;
    this.#topics = devices.map(({ enterprise, device }) =>
      topicField(dialect.topic(enterprise, device, 'telemetry')),
    );
    this.#made = new Uint32Array(devices.length);
    this.#timestamps = new Float64Array(devices.length);
    this.#outOfStep = new Uint8Array(devices.length);
  }

  /** The device's first reading is due after `afterMs` (monotonic), in step with all others. */
  begin(device: number, afterMs: number): void {
    this.#settings.schedule.set(device, this.#inStep(device, afterMs));
  }

  /** The device's first reading is due at `dueMs`, the next ones in step with all others. */
  beginAt(device: number, dueMs: number): void {
    this.#outOfStep[device] = 1;
    this.#settings.schedule.set(device, dueMs);
  }

  /** Nothing more comes due. */
  stop(): void {
    this.#stopped = true;
  }

  /** The device's reading is due. */
  produce(device: number, dueMs: number): void {
    if (this.#stopped) return;
    const { clients, clock, deliveries, dialect, machines, measurements } = this.#settings;
    const { qos, report, schedule } = this.#settings;
    const { counters } = measurements;
    const client = clients[device]!;
    counters.due++;
    if (qos === 1) deliveries.due(device, dueMs);
    if (client.full) {
      counters.skipped++;
    } else {
      const timestampMs = this.#stamp(device, dueMs);
      const values = machines.read(device, timestampMs, report);
      const seq = ++this.#made[device]!;
      const payload = dialect.encodeReadings([{ seq, timestampMs, values }]);
      counters.values += Object.keys(values).length;
      counters.payloadBytes += Buffer.byteLength(payload);
      deliveries.made(device, timestampMs, dueMs, clock.monotonicMs());
      client.publish(this.#topics[device]!, payload, qos, seq, dueMs);
      for (const event of machines.takeEvents(device)) this.#alarm(device, event, dueMs);
    }
    schedule.set(device, this.#next(device, dueMs));
  }

  /** One interval on; after a reading that was out of step, the next time in step. */
  #next(device: number, dueMs: number): number {
    if (this.#outOfStep[device] === 0) return dueMs + this.#intervalMs(device);
    this.#outOfStep[device] = 0;
    return this.#inStep(device, dueMs);
  }

  /** The first due time after `afterMs` on the device's own phase. */
  #inStep(device: number, afterMs: number): number {
    const { devices, schedule } = this.#settings;
    const phase = evenPhase(devices[device]!.index);
    return schedule.firstDue(afterMs, this.#intervalMs(device), phase);
  }

  #alarm(device: number, event: MachineEvent, dueMs: number): void {
    const { clients, deliveries, dialect, devices, measurements, qos } = this.#settings;
    const { counters } = measurements;
    const client = clients[device]!;
    counters.eventsDue++;
    if (client.full) {
      counters.eventsSkipped++;
      return;
    }
    const { enterprise, device: id } = devices[device]!;
    const topic = topicField(dialect.topic(enterprise, id, 'event'));
    deliveries.outstanding++;
    client.publish(topic, dialect.encodeEvent(event), qos, eventSeq, dueMs);
  }

  /** The wall time of a due time, later than any the device has used. */
  #stamp(device: number, dueMs: number): number {
    const { schedule } = this.#settings;
    const stamp = Math.max(schedule.wallOf(dueMs), this.#timestamps[device]! + 1);
    this.#timestamps[device] = stamp;
    return stamp;
  }

  #intervalMs(device: number): number {
    const { intervalMs, machines } = this.#settings;
    if (intervalMs !== null) return intervalMs;
    return Math.max(1, Math.round(machines.intervalMs(device) / slotMs)) * slotMs;
  }
}
