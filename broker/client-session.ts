/** A session of the front door over a client of aedes. */

import type { Client } from 'aedes';
import mqtt from 'mqtt-packet';
import { descriptorOf, writeFrame } from '../model/direct-write.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { Acceptance, Principal } from './access.ts';
import { AcknowledgementOrder } from './acknowledgement-order.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Watched } from './keepalive.ts';
import { pingResponse } from './packet-bytes.ts';
import type { Session } from './session.ts';

/** Bytes of acknowledgements and answers that a client may leave unread. */
const unreadBytesMax = 64 * 1024;

let lastNumber = 0;

/** What the front door knows of a client that was let in; the client is aedes' own object. */
export class ClientSession implements Session, Watched {
  readonly number = ++lastNumber;
  /** Publishes that are not settled yet, or wait for their turn to be acknowledged. */
  inFlight = 0;
  readonly order = new AcknowledgementOrder();
  /** Why it was closed from this side; null when the client left or broke a rule of a topic. */
  closeCode: ErrorCode | null = null;
  /** Its end was told already. */
  ended = false;
  heardAtTick = 0;
  silentTicksMax = 0;
  dueTick = 0;
  /** The topic of its newest publish, on which it may publish. */
  topicAllowed = '';
  readonly clientId: string;
  readonly principal: Principal;
  readonly context: object | undefined;
  readonly remoteAddress: string;
  readonly ackWaitMs: number;
  readonly client: Client;
  readonly #connection: ClientConnection;
  readonly #descriptor: number;
  /** Every filter there ever was, and whether it is subscribed to now; most sessions have none. */
  #subscriptions: Map<string, boolean> | null = null;

  constructor(
    client: Client,
    connection: ClientConnection,
    { principal, context }: Acceptance,
    details: { readonly remoteAddress: string; readonly ackWaitMs: number },
  ) {
    this.client = client;
    this.#connection = connection;
    this.#descriptor = descriptorOf(connection.socket);
    this.clientId = client.id;
    this.principal = principal;
    this.context = context;
    this.remoteAddress = details.remoteAddress;
    this.ackWaitMs = details.ackWaitMs;
  }

  get closed(): boolean {
    return this.client.closed;
  }

  /** Notes a subscription; false when there were `max` others. Nothing is taken back before the end. */
  subscribe(filter: string, max: number): boolean {
    this.#subscriptions ??= new Map();
    if (!this.#subscriptions.has(filter) && this.#subscriptions.size >= max) return false;
    this.#subscriptions.set(filter, true);
    return true;
  }

  unsubscribe(filter: string): void {
    if (this.#subscriptions?.has(filter)) this.#subscriptions.set(filter, false);
  }

  hasSubscribed(topic: string): boolean {
    return this.#subscriptions?.get(topic) === true;
  }

  deliver(topic: string, payload: string): boolean {
    if (!this.hasSubscribed(topic) || !this.mayWrite()) return false;
    const packet = { cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false } as const;
    this.#connection.socket.write(mqtt.generate(packet));
    return true;
  }

  /**
   * Sends a PUBACK (MQTT 3.1.1 §3.4) in one piece. aedes writes the four bytes as three chunks, which
   * costs a `writev`. Who does not read its acknowledgements is closed.
   */
  acknowledge(messageId: number): void {
    if (!this.mayWrite()) return;
    const puback = Buffer.allocUnsafe(4);
    puback.writeUInt16BE(0x40_02, 0);
    puback.writeUInt16BE(messageId, 2);
    this.#write(puback);
  }

  /** Answers a PINGREQ [MQTT-3.12.4-1]. */
  answerPing(): void {
    if (this.mayWrite()) this.#write(pingResponse);
  }

  close(code: ErrorCode): void {
    if (this.closed) return;
    this.closeCode = code;
    this.client.close();
  }

  /** In order with what aedes writes through the stream. */
  #write(bytes: Buffer): void {
    writeFrame(this.#connection.socket, this.#descriptor, bytes);
  }

  /** False when nothing more is to be written; who leaves too much unread is closed by it. */
  mayWrite(): boolean {
    if (this.closed) return false;
    if (this.#connection.socket.writableLength <= unreadBytesMax) return true;
    this.close('publish.in-flight-exceeded');
    return false;
  }
}
