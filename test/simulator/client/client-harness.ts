/** Clients for tests that write down everything they report. */

import type { Packet } from 'mqtt-packet';
import {
  type ClientListener,
  type ClientSettings,
  MqttClient,
} from '../../../simulator/client/client.ts';
import type { Failure } from '../../../simulator/client/failure.ts';
import { topicField } from '../../../simulator/client/frames.ts';
import { resolveTarget, type TargetOptions } from '../../../simulator/client/target.ts';
import { eventually } from '../../helpers/eventually.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

export const topic = topicField('onramp/v1/e1/d1/telemetry');

/** Sockets are real; time is the test's. */
export class ClientHarness implements ClientListener {
  readonly clock = new VirtualClock();
  connected = 0;
  readonly delivered: number[] = [];
  readonly written: { seq: number; again: boolean }[] = [];
  readonly closed: (Failure | null)[] = [];
  readonly packets: Packet[] = [];
  client!: MqttClient;

  static async create(
    target: TargetOptions,
    settings: Partial<ClientSettings> = {},
  ): Promise<ClientHarness> {
    const harness = new ClientHarness();
    harness.client = new MqttClient(0, {
      clock: harness.clock,
      target: await resolveTarget(target),
      listener: harness,
      keepaliveS: 60,
      connectTimeoutMs: 30_000,
      inFlightMax: 16,
      ...settings,
    });
    return harness;
  }

  /** A client with a session. */
  static async connect(
    port: number,
    settings: Partial<ClientSettings> = {},
  ): Promise<ClientHarness> {
    const harness = await ClientHarness.create({ url: `mqtt://127.0.0.1:${port}` }, settings);
    harness.client.connect();
    await eventually(() => harness.connected).toBe(1);
    return harness;
  }

  publish(seq: number, qos: 0 | 1 = 1, payload = `reading ${seq}`): boolean {
    return this.client.publish(topic, payload, qos, seq, this.clock.monotonicMs());
  }

  /** Lets time pass and sweeps, as the owner of a client does. */
  pass(durationMs: number): void {
    this.clock.advance(durationMs);
    this.client.sweep(this.clock.monotonicMs());
  }

  /** Resolves with what the connection ended with. */
  async ended(): Promise<Failure | null> {
    await eventually(() => this.closed.length).toBe(1);
    return this.closed.pop()!;
  }

  credentials() {
    return { clientId: 'e1.d1', username: 'e1/d1', password: 'secret' };
  }

  onConnected(): void {
    this.connected++;
  }

  onDelivered(_client: MqttClient, message: { seq: number }): void {
    this.delivered.push(message.seq);
  }

  onWritten(_client: MqttClient, message: { seq: number }, again: boolean): void {
    this.written.push({ seq: message.seq, again });
  }

  onClosed(_client: MqttClient, failure: Failure | null): void {
    this.closed.push(failure);
  }

  onPacket(_client: MqttClient, packet: Packet): void {
    this.packets.push(packet);
  }
}
