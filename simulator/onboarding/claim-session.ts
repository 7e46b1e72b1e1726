/** One device's claim: a session that is good for nothing but getting the device its credential. */

import type { Packet } from 'mqtt-packet';
import type { Credentials } from '../../model/dialects/dialect.ts';
import {
  type ClientListener,
  type ClientSettings,
  type ConnectTimes,
  MqttClient,
} from '../client/client.ts';
import type { Failure } from '../client/failure.ts';
import { topicField } from '../client/frames.ts';
import type { Outgoing } from '../client/outbox.ts';
import { type ProvisioningAnswer, parseProvisioningAnswer } from './provisioning-answer.ts';

/** The client numbers its publishes from 1 up; the one SUBSCRIBE stays out of their way. */
const subscribePacketId = 0xffff;

/** A SUBACK's return code of a filter that was refused (MQTT 3.1.1 §3.9.3). */
const subscriptionRefused = 0x80;

/** What all claim sessions of a fleet share. */
export interface ClaimSettings extends Omit<ClientSettings, 'listener' | 'inFlightMax'> {
  /** An answer that takes longer is asked for again. */
  readonly answerTimeoutMs: number;
  /** Requests in one session; then the device gives up, and comes back later. */
  readonly requestsMax: number;
}

/** Who claims what. */
export interface Claim {
  /** Chooses among the target's addresses. */
  readonly index: number;
  readonly credentials: Credentials;
  readonly requestTopic: string;
  readonly responseTopic: string;
  readonly request: string;
}

export type Issued = Extract<ProvisioningAnswer, { status: 'ok' }>;

/** What a claim session reports to. Called from socket events: it must not throw. */
export interface ClaimListener {
  /** The session was accepted. */
  onClaimSession(times: ConnectTimes): void;
  onAskedAgain(): void;
  /** The credential came `waitedMs` after the first request; just before the end. */
  onIssued(waitedMs: number): void;
  /** The connection is gone: with a credential, or with what went wrong. Comes once, last. */
  onClaimOver(outcome: Issued | Failure): void;
}

/** `subscribing` and `asking` wait for the server, `leaving` for the connection to close. */
type State = 'connecting' | 'subscribing' | 'asking' | 'leaving';

/**
 * Connects, subscribes to the response topic, publishes the request at QoS 1, takes the answer and
 * leaves. Each request makes the credential before it void. So a device that asked again waits, for
 * as long as for any answer, for one to each request, and takes the last. The owner calls `sweep`
 * several times a second.
 */
export class ClaimSession implements ClientListener {
  readonly #claim: Claim;
  readonly #settings: ClaimSettings;
  readonly #listener: ClaimListener;
  readonly #client: MqttClient;
  #state: State = 'connecting';
  #requests = 0;
  #answers = 0;
  #answeredMs = 0;
  /** When the first request was handed to the socket, monotonic; 0 before. */
  #askedMs = 0;
  #deadlineMs = 0;
  #outcome: Issued | Failure | null = null;

  constructor(claim: Claim, settings: ClaimSettings, listener: ClaimListener) {
    this.#claim = claim;
    this.#settings = settings;
    this.#listener = listener;
    const { clock, target, keepaliveS, connectTimeoutMs, requestsMax } = settings;
    this.#client = new MqttClient(claim.index, {
      ...{ clock, target, keepaliveS, connectTimeoutMs },
      listener: this,
      inFlightMax: requestsMax,
    });
  }

  start(): void {
    this.#client.connect();
  }

  /** Ends what takes too long, and asks again. */
  sweep(nowMs: number): void {
    this.#client.sweep(nowMs);
    const waits = this.#state === 'subscribing' || this.#state === 'asking';
    if (!waits || nowMs < this.#deadlineMs) return;
    if (this.#outcome !== null) {
      this.#leave(this.#outcome);
    } else if (this.#state === 'asking' && this.#requests < this.#settings.requestsMax) {
      this.#listener.onAskedAgain();
      this.#ask(nowMs);
    } else {
      this.#leave({ stage: 'provision', code: 'timeout' });
    }
  }

  /** Cuts the connection; `onClaimOver` follows. */
  cut(): void {
    this.#client.cut();
  }

  credentials(): Credentials {
    return this.#claim.credentials;
  }

  onConnected(client: MqttClient): void {
    this.#listener.onClaimSession(client.times);
    this.#state = 'subscribing';
    this.#deadlineMs = client.times.connackMs + this.#settings.answerTimeoutMs;
    client.send({
      cmd: 'subscribe',
      messageId: subscribePacketId,
      subscriptions: [{ topic: this.#claim.responseTopic, qos: 1 }],
    });
  }

  onPacket(_client: MqttClient, packet: Packet): void {
    if (packet.cmd === 'suback' && this.#state === 'subscribing') {
      if (Number(packet.granted[0]) < subscriptionRefused) {
        this.#ask(this.#settings.clock.monotonicMs());
      } else {
        this.#leave({ stage: 'provision', code: 'subscription-refused' });
      }
    } else if (packet.cmd === 'publish' && this.#state === 'asking') {
      if (packet.topic === this.#claim.responseTopic) this.#take(String(packet.payload));
    }
  }

  onWritten(): void {
    if (this.#askedMs === 0) this.#askedMs = this.#settings.clock.monotonicMs();
  }

  onDelivered(_client: MqttClient, _message: Outgoing): void {
    // The acknowledged request is not yet the answer.
  }

  onClosed(_client: MqttClient, failure: Failure | null): void {
    const stage = this.#state === 'connecting' ? 'claim' : 'provision';
    this.#outcome ??= { stage, code: failure?.code ?? 'closed' };
    if ('password' in this.#outcome) this.#listener.onIssued(this.#answeredMs - this.#askedMs);
    this.#listener.onClaimOver(this.#outcome);
  }

  #ask(nowMs: number): void {
    this.#state = 'asking';
    this.#requests++;
    this.#deadlineMs = nowMs + this.#settings.answerTimeoutMs;
    const { request, requestTopic } = this.#claim;
    this.#client.publish(topicField(requestTopic), request, 1, this.#requests, nowMs);
  }

  #take(payload: string): void {
    this.#answeredMs = this.#settings.clock.monotonicMs();
    const answer = parseProvisioningAnswer(payload);
    this.#answers++;
    if (answer === null) {
      this.#leave({ stage: 'provision', code: 'answer-invalid' });
    } else if (answer.status === 'refused') {
      this.#leave({ stage: 'provision', code: answer.code });
    } else if (this.#answers < this.#requests) {
      this.#outcome = answer;
      this.#deadlineMs = this.#answeredMs + this.#settings.answerTimeoutMs;
    } else {
      this.#leave(answer);
    }
  }

  #leave(outcome: Issued | Failure): void {
    this.#outcome = outcome;
    this.#state = 'leaving';
    this.#client.disconnect();
  }
}
