/** Who goes about their own business while others probe, and would notice a breach. */

import type { Timer } from '../../model/clock.ts';
import { native } from '../../model/dialects/native.ts';
import { MqttConnection } from '../mqtt-connection.ts';
import type { Card } from './cast.ts';
import { foreignFilters } from './mqtt-bounds.ts';
import { machine, other, own, ownSignal, payloadMark } from './names.ts';
import type { Tally } from './outcome.ts';
import type { MqttStage } from './try-mqtt.ts';

const publishIntervalMs = 200;
const messageIdsMax = 60_000;

/** A session that must not end, and the messages it may not receive. */
interface Watched {
  readonly name: string;
  readonly connection: MqttConnection;
  /** Its end was noted. */
  gone: boolean;
}

/**
 * Devices of both enterprises that publish, and sessions that hold on to every subscription they were
 * refused. Nobody sends commands, so that each message anyone receives is a leak; so is the end of a
 * session.
 */
export class Bystanders {
  readonly #stage: MqttStage;
  readonly #tally: Tally;
  readonly #watched: Watched[] = [];
  #timer: Timer | null = null;
  #messageId = 0;

  constructor(stage: MqttStage, tally: Tally) {
    this.#stage = stage;
    this.#tally = tally;
  }

  async begin(): Promise<void> {
    const { cards, clock } = this.#stage;
    const mine = await this.#enter(`${own}.${machine}`, cards[machine]);
    const theirs = await this.#enter(`${other}.${machine}`, cards['other machine']);
    for (const [connection, enterprise] of [
      [mine, own],
      [theirs, other],
    ] as const) {
      this.#subscribe(connection, [native.topic(enterprise, machine, 'command')]);
    }
    const listener = await this.#enter('the listening device', cards.listener);
    this.#subscribe(listener, foreignFilters({ self: 'listener', kind: 'device' }));
    const ear = await this.#enter('the listening gateway', cards.ear);
    this.#subscribe(ear, foreignFilters({ self: 'ear', kind: 'gateway' }));
    // A dead letter, so that there is one to look for.
    this.#publish(theirs, native.topic(other, machine, 'telemetry'), `{"${payloadMark}": 1}`);
    const publishAll = () => {
      const payload = JSON.stringify({ values: { [ownSignal]: 1 } });
      this.#publish(mine, native.topic(own, machine, 'telemetry'), payload);
      this.#publish(theirs, native.topic(other, machine, 'telemetry'), payload);
    };
    publishAll();
    this.#timer = clock.every(publishIntervalMs, publishAll);
  }

  /** Notes who lost a session, and who received something. Call it after each round. */
  look(): void {
    for (const watched of this.#watched) {
      const { connection, name } = watched;
      if (connection.closed && !watched.gone) {
        watched.gone = true;
        this.#tally.leaked(`${name} lost its session`);
      }
      for (const packet of connection.received) {
        if (packet.cmd === 'publish') this.#tally.leaked(`${name} received ${packet.topic}`);
      }
      connection.received.length = 0;
    }
  }

  async end(): Promise<void> {
    this.#timer?.cancel();
    await Promise.all(this.#watched.map(({ connection }) => connection.end()));
  }

  async #enter(name: string, card: Card): Promise<MqttConnection> {
    const { addresses, answerMs, clock, mqttPort: port } = this.#stage;
    const localAddress = addresses.next();
    const connection = new MqttConnection({ answerMs, clock, port, localAddress });
    const { clientId, password = '', username = '' } = card;
    const code = await connection.connect({
      clientId,
      username,
      password: Buffer.from(password),
    });
    if (code !== 0) this.#tally.surprised(`${name} got no session: ${code}`);
    this.#watched.push({ name, connection, gone: code !== 0 });
    return connection;
  }

  #subscribe(connection: MqttConnection, filters: readonly string[]): void {
    for (const topic of filters) {
      const messageId = this.#nextId();
      connection.send({ cmd: 'subscribe', messageId, subscriptions: [{ topic, qos: 1 }] });
    }
  }

  #publish(connection: MqttConnection, topic: string, payload: string): void {
    if (connection.closed) return;
    const options = { qos: 1, retain: false, dup: false, messageId: this.#nextId() } as const;
    connection.send({ cmd: 'publish', topic, payload, ...options });
  }

  #nextId(): number {
    this.#messageId = (this.#messageId % messageIdsMax) + 1;
    return this.#messageId;
  }
}
