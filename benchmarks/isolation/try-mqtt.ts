/** Makes one attempt over MQTT. */

import type { IConnectPacket, Packet } from 'mqtt-packet';
import type { Clock } from '../../model/clock.ts';
import { provisioningTopic } from '../../model/dialects/native-provisioning.ts';
import { MqttConnection } from '../mqtt-connection.ts';
import type { ProbeAddresses } from './addresses.ts';
import type { Card, Cast } from './cast.ts';
import type { Attempt, MqttProbe } from './mqtt-probe.ts';
import { own, probeSignal } from './names.ts';
import type { Outcome } from './outcome.ts';

/** Whom the attempts are made against, and with what. */
export interface MqttStage {
  readonly clock: Clock;
  readonly mqttPort: number;
  readonly tlsPort: number;
  readonly addresses: ProbeAddresses;
  /** No answer within this time is none: `silent`. */
  readonly answerMs: number;
  readonly cards: Cast['cards'];
}

const messageId = 1;

/** Makes the attempt; the connection is gone when it is answered. */
export async function tryMqtt(probe: MqttProbe, stage: MqttStage): Promise<Outcome> {
  const { answerMs, clock, mqttPort, tlsPort } = stage;
  const card = presented(probe, stage.cards);
  const connection = new MqttConnection({
    clock,
    answerMs,
    port: probe.tls ? tlsPort : mqttPort,
    localAddress: stage.addresses.next(),
    ...(probe.tls && { tls: { certificate: card.certificate ?? null } }),
  });
  try {
    const outcome = await attempted(connection, probe, card);
    return unasked(connection, probe) ?? outcome;
  } finally {
    await connection.end();
  }
}

/** The card with what is presented in its stead. */
function presented({ card, instead = {}, serial = '' }: MqttProbe, cards: Cast['cards']): Card {
  const { passwordOf, ...rest } = instead;
  const laid = { ...cards[card], ...rest };
  const password = passwordOf === undefined ? laid.password : cards[passwordOf].password;
  return {
    ...laid,
    clientId: laid.clientId.replace('{serial}', serial),
    ...(password !== undefined && { password }),
  };
}

async function attempted(
  connection: MqttConnection,
  { attempt, serial = '' }: MqttProbe,
  card: Card,
): Promise<Outcome> {
  if ('unannounced' in attempt) {
    connection.send(publish(attempt.unannounced, 1));
    await connection.first(() => true);
    return connection.received.length > 0 ? 'taken' : 'closed before connack';
  }
  const code = await connection.connect(connectPacket(card, attempt));
  if (code === null) return connection.closed ? 'closed before connack' : 'silent';
  if (code !== 0) return `connack ${code}`;
  if ('publish' in attempt) return published(connection, attempt);
  if ('subscribe' in attempt) return subscribed(connection, attempt.subscribe);
  if ('claim' in attempt) return claimed(connection, serial, attempt.claim);
  return 'connected';
}

function connectPacket({ clientId, password, username }: Card, attempt: Attempt) {
  const options: Partial<IConnectPacket> & { clientId: string } = { clientId };
  if (username !== undefined) options.username = username;
  if (password !== undefined) options.password = Buffer.from(password);
  if ('will' in attempt) {
    const { will: topic } = attempt;
    const retain = attempt.retain === true;
    options.will = { topic, payload: Buffer.from(reading), qos: 1, retain };
  }
  return options;
}

const reading = JSON.stringify({ values: { [probeSignal]: 1 } });

function publish(topic: string, qos: 0 | 1 | 2, retain = false, payload = reading): Packet {
  const packet = { cmd: 'publish', topic, payload, qos, retain, dup: false } as const;
  return qos === 0 ? packet : { ...packet, messageId };
}

async function published(
  connection: MqttConnection,
  { publish: topic, qos, retain }: Extract<Attempt, { publish: string }>,
): Promise<Outcome> {
  connection.send(publish(topic, qos, retain === true));
  // At QoS 0 nothing answers; whether the session lives on says whether it was taken.
  if (qos === 0) connection.send({ cmd: 'pingreq' });
  const answer = qos === 0 ? 'pingresp' : qos === 1 ? 'puback' : 'pubrec';
  const came = await connection.first(({ cmd }) => cmd === answer);
  if (came === null) return connection.closed ? 'closed' : 'silent';
  return qos === 0 ? 'taken' : answer;
}

async function subscribed(connection: MqttConnection, filter: string): Promise<Outcome> {
  connection.send({ cmd: 'subscribe', messageId, subscriptions: [{ topic: filter, qos: 1 }] });
  const answer = await connection.first(({ cmd }) => cmd === 'suback');
  if (answer?.cmd !== 'suback') return connection.closed ? 'closed' : 'silent';
  return `suback ${String(answer.granted[0])}`;
}

async function claimed(
  connection: MqttConnection,
  serial: string,
  request: string,
): Promise<Outcome> {
  const topic = (channel: 'request' | 'response') =>
    provisioningTopic({ enterprise: own, serial, channel });
  const granted = await subscribed(connection, topic('response'));
  if (!/^suback [012]$/.test(granted)) return granted;
  connection.send(publish(topic('request'), 1, false, request));
  const answer = await connection.first(({ cmd }) => cmd === 'publish');
  if (answer?.cmd !== 'publish') return connection.closed ? 'closed' : 'silent';
  const { code, status } = JSON.parse(String(answer.payload)) as Record<string, unknown>;
  return status === 'ok' ? 'answer ok' : `answer ${String(code)}`;
}

/** A message that came and was not the answer to a claim of its own. */
function unasked({ received }: MqttConnection, { serial = '' }: MqttProbe): Outcome | null {
  const response = provisioningTopic({ enterprise: own, serial, channel: 'response' });
  for (const packet of received) {
    if (packet.cmd === 'publish' && packet.topic !== response) return `received ${packet.topic}`;
  }
  return null;
}
