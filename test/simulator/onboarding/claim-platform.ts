/** A platform for tests that issues credentials by claim, and can be told to do it badly. */

import type { Packet } from 'mqtt-packet';
import {
  claimedSerial,
  parseClaimUsername,
  parseProvisioningTopic,
  provisioningTopic,
} from '../../../model/dialects/native-provisioning.ts';
import {
  obliging,
  type ScriptedConnection,
  ScriptedMqttServer,
} from '../../helpers/scripted-mqtt-server.ts';

/** What happened, in its order: `claim e1.d1`, `subscribe …`, `request …`, `session e1.d1`. */
export class ClaimPlatform {
  readonly log: string[] = [];
  /** Passwords by `enterprise/device`; the latest counts. */
  readonly passwords = new Map<string, string>();
  /** Request payloads by `enterprise/serial`. */
  readonly requests = new Map<string, string[]>();
  /** Telemetry payloads by topic. */
  readonly readings = new Map<string, string[]>();
  /** Secret of an enterprise's claim. */
  claimSecret: (enterprise: string) => string = (enterprise) => `claim of ${enterprise}`;
  /** Answers to the request number `times` (from 1) of a serial. */
  answer: (serial: string, times: number, granted: object) => string[] = (_, __, granted) => [
    JSON.stringify(granted),
  ];
  refusesSubscriptions = false;
  /** Wall time of the first reading of a device, by key. */
  readonly activatedAtMs = new Map<string, number>();
  server!: ScriptedMqttServer;

  static async start(): Promise<ClaimPlatform> {
    const platform = new ClaimPlatform();
    platform.server = await ScriptedMqttServer.start((packet, connection) =>
      platform.#play(packet, connection),
    );
    return platform;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.server.port}`;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  #play(packet: Packet, connection: ScriptedConnection): void {
    if (packet.cmd === 'connect') this.#connect(packet, connection);
    else if (packet.cmd === 'subscribe') this.#subscribe(packet, connection);
    else if (packet.cmd === 'publish') this.#publish(packet, connection);
    else obliging(packet, connection);
  }

  #connect(packet: Extract<Packet, { cmd: 'connect' }>, connection: ScriptedConnection): void {
    const { clientId, username = '', password } = packet;
    const claim = parseClaimUsername(username);
    const expected =
      claim === null ? this.passwords.get(username) : this.claimSecret(claim.enterprise);
    const bound = claim === null || claimedSerial(clientId, claim.enterprise) !== null;
    const accepted = bound && expected !== undefined && String(password) === expected;
    this.log.push(
      `${claim === null ? 'session' : 'claim'} ${clientId}${accepted ? '' : ' refused'}`,
    );
    connection.send({ cmd: 'connack', returnCode: accepted ? 0 : 5, sessionPresent: false });
    if (!accepted) connection.socket.end();
  }

  #subscribe(packet: Extract<Packet, { cmd: 'subscribe' }>, connection: ScriptedConnection): void {
    const { topic } = packet.subscriptions[0]!;
    this.log.push(`subscribe ${topic}`);
    const granted = this.refusesSubscriptions ? [0x80] : [1];
    connection.send({ cmd: 'suback', messageId: packet.messageId!, granted });
  }

  #publish(packet: Extract<Packet, { cmd: 'publish' }>, connection: ScriptedConnection): void {
    obliging(packet, connection);
    const topic = parseProvisioningTopic(packet.topic);
    if (topic !== null) {
      this.#request(topic, String(packet.payload), connection);
      return;
    }
    const [, , enterprise, device, channel] = packet.topic.split('/');
    if (channel !== 'telemetry') return;
    const key = `${enterprise}.${device}`;
    if (!this.readings.has(packet.topic)) {
      this.log.push(`reading ${key}`);
      this.activatedAtMs.set(key, Date.now());
    }
    const payloads = this.readings.get(packet.topic) ?? [];
    this.readings.set(packet.topic, [...payloads, String(packet.payload)]);
  }

  #request(
    { enterprise, serial }: { enterprise: string; serial: string },
    payload: string,
    connection: ScriptedConnection,
  ): void {
    this.log.push(`request ${serial}`);
    const username = `${enterprise}/${serial}`;
    const requests = [...(this.requests.get(username) ?? []), payload];
    this.requests.set(username, requests);
    const password = `${username} number ${requests.length}`;
    this.passwords.set(username, password);
    const granted = {
      status: 'ok',
      clientId: `${enterprise}.${serial}`,
      username,
      password,
      topic: `onramp/v1/${enterprise}/${serial}/telemetry`,
      sample: '{"values":{}}',
    };
    for (const [index, payload] of this.answer(serial, requests.length, granted).entries()) {
      connection.send({
        cmd: 'publish',
        topic: provisioningTopic({ enterprise, serial, channel: 'response' }),
        payload,
        qos: 1,
        messageId: 1 + index,
        dup: false,
        retain: false,
      });
    }
  }
}
