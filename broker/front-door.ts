/** The MQTT front door: sessions with an identity, publishes within their topics, nothing else. */

import type { AedesPublishPacket, Client, ConnectPacket, PublishPacket, Subscription } from 'aedes';
import { type ErrorCode, OnrampError } from '../model/errors.ts';
import { type Limits, limits as systemLimits } from '../model/limits.ts';
import type { Authenticate, ConnectDecision, TopicPermissions } from './access.ts';
import { brokerOptions, EmbeddedBroker } from './broker.ts';
import { type Listeners, type ListenOptions, openListeners } from './listeners.ts';
import { packetLimiter } from './packet-limit.ts';
import type { Session, SessionPublish } from './session.ts';

export interface FrontDoorOptions {
  readonly access: 'authenticated' | 'open';
  readonly authenticate: Authenticate;
  readonly permissions: TopicPermissions;
  /** Every publish that passed the permissions, in order of arrival for each session. */
  readonly onPublish: (publish: SessionPublish) => void;
  readonly onSessionOpen?: (session: Session) => void;
  readonly onSessionClose?: (session: Session) => void;
  /** Counts a refusal, whoever caused it. */
  readonly onRefused: (code: ErrorCode) => void;
  /** Sessions at the same time, over all listeners; beyond it a CONNECT is answered with code 3. */
  readonly sessionsMax: number;
  /** False while no new session can be served; a CONNECT is then answered with code 3. */
  readonly acceptsSessions: () => boolean;
  readonly limits?: Partial<Limits>;
}

type Settle = SessionPublish['settle'];
type Done = (error?: Error | null) => void;

/** Acknowledgements a client may leave unread. */
const unreadBytesMax = 64 * 1024;
const noPayload = Buffer.alloc(0);

/** What the front door knows of a client; the client is aedes' own object. */
class DeviceSession implements Session {
  inFlight = 0;
  readonly subscriptions = new Set<string>();
  readonly clientId: string;
  readonly principal: Session['principal'];
  readonly remoteAddress: string;
  readonly ackWaitMs: number;
  #client: Client;
  #onRefused: (code: ErrorCode) => void;

  constructor(
    client: Client,
    principal: Session['principal'],
    details: { remoteAddress: string; ackWaitMs: number },
    onRefused: (code: ErrorCode) => void,
  ) {
    this.clientId = client.id;
    this.principal = principal;
    this.remoteAddress = details.remoteAddress;
    this.ackWaitMs = details.ackWaitMs;
    this.#client = client;
    this.#onRefused = onRefused;
  }

  get closed(): boolean {
    return this.#client.closed;
  }

  /**
   * Sends a PUBACK (MQTT 3.1.1 §3.4) in one piece. aedes writes the four bytes as three chunks, which
   * costs a `writev`. Who does not read its acknowledgements is closed.
   */
  acknowledge(messageId: number): void {
    const { conn } = this.#client;
    if (conn.writableLength > unreadBytesMax) {
      this.close('publish.in-flight-exceeded');
      return;
    }
    const puback = Buffer.allocUnsafe(4);
    puback.writeUInt16BE(0x40_02, 0);
    puback.writeUInt16BE(messageId, 2);
    conn.write(puback);
  }

  close(code: ErrorCode): void {
    if (this.#client.closed) return;
    this.#onRefused(code);
    this.#client.close();
  }
}

interface Pending {
  readonly keepaliveS: number;
  readonly will: PublishPacket | undefined;
}

/** Listens, authenticates, and hands publishes on. Nothing is acknowledged here by itself. */
export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #limits: Limits;
  readonly #broker: EmbeddedBroker;
  readonly #sessions = new Map<Client, DeviceSession>();
  readonly #connecting = new WeakMap<Client, Pending>();
  readonly #limitPackets: (client: Client) => void;
  #listeners: Listeners | null = null;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
    this.#limits = { ...systemLimits, ...options.limits };
    this.#limitPackets = packetLimiter(this.#limits);
    this.#broker = new EmbeddedBroker(
      brokerOptions(this.#limits, {
        preConnect: (client, packet, done) => this.#preConnect(client, packet, done),
        authenticate: (client, username, password, done) => {
          this.#authenticate(client, username, password).then(
            (accepted) => done(null, accepted),
            (error) => done(error, null),
          );
        },
        authorizePublish: (client, packet, done) => this.#authorizePublish(client, packet, done),
        authorizeSubscribe: (client, subscription, done) =>
          done(null, this.#authorizeSubscribe(client, subscription)),
      }),
      options.access === 'open',
    );
    this.#observe();
  }

  /** Starts to listen. @throws OnrampError `config.port-busy`. */
  async start(listen: ListenOptions): Promise<Listeners> {
    await this.#broker.listen();
    const onDropped = () => this.#options.onRefused('connect.busy');
    this.#listeners = await openListeners(listen, onDropped, (connection) => {
      const client = this.#broker.handle(connection);
      this.#limitPackets(client);
      // After aedes' own close, which may still publish the will of this session.
      connection.once('close', () => setImmediate(() => this.#forget(client)));
    });
    return this.#listeners;
  }

  /** Closes the listeners and every session; unacknowledged publishes stay unacknowledged. */
  async stop(): Promise<void> {
    await this.#listeners?.close();
    await new Promise<void>((resolve) => this.#broker.close(() => resolve()));
  }

  /** Open sessions, authenticated ones only. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  #preConnect(
    client: Client,
    packet: ConnectPacket,
    done: (error: Error | null, success: boolean) => void,
  ): void {
    if (packet.protocolVersion !== 3 && packet.protocolVersion !== 4) {
      // aedes answers with return code 1 by itself [MQTT-3.1.2-2]
      this.#options.onRefused('connect.protocol-version');
    }
    const will = packet.will as PublishPacket | undefined;
    this.#connecting.set(client, { keepaliveS: packet.keepalive ?? 0, will });
    done(null, true);
  }

  async #authenticate(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<boolean> {
    const socket = client.conn as { remoteAddress?: string; encrypted?: boolean };
    const remoteAddress = socket.remoteAddress ?? '';
    const pending = this.#connecting.get(client);
    const tls = socket.encrypted === true;
    const room = this.#sessions.size < this.#options.sessionsMax || this.#takesOver(client.id);
    const decision =
      room && this.#options.acceptsSessions()
        ? await this.#decide({ clientId: client.id, username, password, remoteAddress, tls })
        : ({ accepted: false, code: 'connect.busy', returnCode: 3 } as const);
    if (!decision.accepted) throw this.#refusal(decision.code, decision.returnCode);
    const { principal } = decision;
    const will = pending?.will;
    if (will && !this.#options.permissions.mayPublish(principal, will.topic)) {
      throw this.#refusal('topic.not-allowed', 5);
    }
    const keepaliveMs = (pending?.keepaliveS ?? 0) * 1000;
    const ackWaitMs =
      keepaliveMs > 0
        ? Math.min(this.#limits.ackWaitMsMax, keepaliveMs)
        : this.#limits.ackWaitMsMax;
    const session = new DeviceSession(
      client,
      principal,
      { remoteAddress, ackWaitMs },
      this.#options.onRefused,
    );
    this.#connecting.delete(client);
    // A client that left while its credential was looked up never becomes a session.
    if (client.closed) return false;
    this.#sessions.set(client, session);
    this.#options.onSessionOpen?.(session);
    return true;
  }

  /** A client that comes again takes the place of its session. */
  #takesOver(clientId: string): boolean {
    return Object.hasOwn(this.#broker.clients, clientId);
  }

  async #decide(attempt: Parameters<Authenticate>[0]): Promise<ConnectDecision> {
    try {
      return await this.#options.authenticate(attempt);
    } catch {
      return { accepted: false, code: 'connect.busy', returnCode: 3 };
    }
  }

  #refusal(code: ErrorCode, returnCode: number): Error {
    this.#options.onRefused(code);
    return Object.assign(new OnrampError(code), { returnCode });
  }

  #authorizePublish(
    client: Client | null,
    packet: PublishPacket | AedesPublishPacket,
    done: (error?: Error | null) => void,
  ): void {
    const session = client === null ? undefined : this.#sessions.get(client);
    if (session === undefined) {
      done(new OnrampError('topic.not-allowed'));
      return;
    }
    const refused = this.#publishRefusal(session, packet);
    if (refused !== null) {
      this.#options.onRefused(refused);
      done(new OnrampError(refused, packet.topic));
      return;
    }
    const excess = session.inFlight >= this.#limits.sessionInFlightMax;
    session.inFlight++;
    this.#options.onPublish({
      session,
      topic: packet.topic,
      payload: toBuffer(packet.payload),
      qos: packet.qos as 0 | 1 | 2,
      excess,
      settle: this.#settler(session, packet, done),
    });
  }

  #publishRefusal(session: DeviceSession, packet: PublishPacket): ErrorCode | null {
    if (!this.#options.permissions.mayPublish(session.principal, packet.topic)) {
      return 'topic.not-allowed';
    }
    if (packet.retain && this.#options.access !== 'open') return 'topic.retained';
    if (packet.qos !== 0 && session.inFlight >= this.#limits.sessionInFlightMax) {
      return 'publish.in-flight-exceeded';
    }
    return null;
  }

  #settler(session: DeviceSession, packet: PublishPacket, done: Done): Settle {
    const isWill = session.closed;
    return (outcome) => {
      session.inFlight--;
      if (typeof outcome === 'object') {
        session.close(outcome.close);
        return;
      }
      // Acknowledging to a closed connection is an error in aedes; there is no one to tell.
      if (session.closed && !isWill) return;
      const routed = isWill || this.#options.access === 'open';
      // aedes keeps a QoS 2 message until its PUBREL; its content is in the journal already.
      if (packet.qos === 2 && !routed) packet.payload = noPayload;
      if (packet.qos === 1 && !routed) {
        session.acknowledge(packet.messageId ?? 0);
        // For aedes there is nothing left to acknowledge, and nobody to route to.
        packet.qos = 0;
      }
      done(null);
    };
  }

  #authorizeSubscribe(client: Client, subscription: Subscription): Subscription | null {
    const session = this.#sessions.get(client);
    if (
      !session ||
      !this.#options.permissions.maySubscribe(session.principal, subscription.topic)
    ) {
      this.#options.onRefused('topic.not-allowed');
      return null;
    }
    // Kept by name: subscribing again is no new one, and nothing is taken back before the end.
    session.subscriptions.add(subscription.topic);
    if (session.subscriptions.size <= this.#limits.sessionSubscriptionsMax) return subscription;
    session.subscriptions.delete(subscription.topic);
    this.#options.onRefused('subscribe.too-many');
    return null;
  }

  #forget(client: Client): void {
    const session = this.#sessions.get(client);
    if (session && this.#sessions.delete(client)) this.#options.onSessionClose?.(session);
  }

  #observe(): void {
    this.#broker.on('client', (client) => {
      // A connection that ended while its CONNECT was handled is registered all the same.
      if (client.closed) setImmediate(() => this.#broker.release(client));
    });
    this.#broker.on('clientDisconnect', (client) => this.#forget(client));
    const failed = (_client: Client, error: Error): void => {
      if (error instanceof OnrampError) {
        if (error.code === 'packet.too-large') this.#options.onRefused(error.code);
      } else if (!isTransport(error)) {
        const tooDeep = /too many levels/.test(error.message);
        this.#options.onRefused(tooDeep ? 'topic.too-deep' : 'connect.protocol-error');
      }
    };
    this.#broker.on('clientError', failed);
    this.#broker.on('connectionError', failed);
    // aedes reports failures of its own (in-memory) persistence here; without a listener the
    // process would die of them.
    (this.#broker as unknown as NodeJS.EventEmitter).on('error', () => {
      this.#options.onRefused('connect.protocol-error');
    });
  }
}

function toBuffer(payload: string | Buffer | undefined): Buffer {
  if (payload === undefined) return Buffer.alloc(0);
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}

/** Endings that are the network's or the client's, not a breach of the protocol. */
function isTransport(error: Error & { code?: string; errorCode?: number }): boolean {
  return (
    error.code !== undefined || error.errorCode !== undefined || /keep alive/.test(error.message)
  );
}
