/** The MQTT front door: sessions with an identity, publishes within their topics, nothing else. */

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AedesPublishPacket, Client, ConnectPacket, PublishPacket, Subscription } from 'aedes';
import { type Clock, systemClock } from '../model/clock.ts';
import { type ErrorCode, OnrampError } from '../model/errors.ts';
import { type Limits, limits as systemLimits } from '../model/limits.ts';
import type {
  Authenticate,
  ConnectAttempt,
  ConnectDecision,
  ConnectRefusal,
  Principal,
  TopicPermissions,
} from './access.ts';
import { brokerOptions, EmbeddedBroker } from './broker.ts';
import { ClientConnection, type TakePacket } from './client-connection.ts';
import { ClientSession } from './client-session.ts';
import { Keepalive } from './keepalive.ts';
import {
  clientCertificate,
  type Listeners,
  type ListenOptions,
  openListeners,
} from './listeners.ts';
import { pingRequest } from './packet-bytes.ts';
import { PublishDoor } from './publish-door.ts';
import type { Session, SessionPublish } from './session.ts';
import { retainedRefusal, topicRefusal } from './topic-permissions.ts';

/** Something that was refused, for whoever counts and tells. */
export interface Refused {
  readonly code: ErrorCode;
  /** What exactly: the topic, for example; any length. */
  readonly detail: string;
  /** Whose; null before there is a session. */
  readonly session: Session | null;
  /** The CONNECT that was refused; null for anything else. */
  readonly attempt: ConnectAttempt | null;
}

export interface FrontDoorOptions {
  readonly access: 'authenticated' | 'open';
  readonly authenticate: Authenticate;
  readonly permissions: TopicPermissions;
  /** Every publish that passed the permissions, in order of arrival for each session. */
  readonly onPublish: (publish: SessionPublish) => void;
  /**
   * A session that is about to be let in; the one it takes over has ended. May still refuse it, or
   * close it: then its CONNECT is not accepted, and of a refused one no end is told.
   */
  readonly onSessionOpen?: (session: Session) => ConnectRefusal | null;
  /** `code`: why it was closed from this side, refused publishes apart; else null. */
  readonly onSessionClose?: (session: Session, code: ErrorCode | null) => void;
  /** A CONNECT, packet, publish or subscription was refused. */
  readonly onRefused: (refused: Refused) => void;
  /** Sessions at the same time, over all listeners; beyond it a CONNECT is answered with code 3. */
  readonly sessionsMax: number;
  /** False while no new session can be served; a CONNECT is then answered with code 3. */
  readonly acceptsSessions: () => boolean;
  readonly limits?: Partial<Limits>;
  /** The machine's clock unless given. */
  readonly clock?: Clock;
}

const busy: ConnectRefusal = { accepted: false, code: 'connect.busy', returnCode: 3 };

/** Listens, authenticates, and hands publishes on. Nothing is acknowledged here by itself. */
export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #limits: Limits;
  readonly #broker: EmbeddedBroker;
  readonly #sessions = new Map<Client, ClientSession>();
  /** The newest session of each client id. */
  readonly #byClientId = new Map<string, ClientSession>();
  readonly #byNumber = new Map<number, ClientSession>();
  readonly #connecting = new WeakMap<Client, ConnectPacket>();
  readonly #publishes: PublishDoor;
  readonly #keepalive: Keepalive<ClientSession>;
  #listeners: Listeners | null = null;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
    this.#limits = { ...systemLimits, ...options.limits };
    this.#publishes = new PublishDoor(options, this.#limits);
    // As any connection that breaks: with its will, and no fault of anybody.
    this.#keepalive = new Keepalive(options.clock ?? systemClock, ({ client }) => client.close());
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
          this.#authorizeSubscribe(client, subscription, done),
      }),
      options.access === 'open',
    );
    this.#observe();
  }

  /** Starts to listen. @throws OnrampError `config.port-busy`. */
  async start(listen: ListenOptions): Promise<Listeners> {
    await this.#broker.listen();
    const onDropped = () => this.#refused('connect.busy');
    const { tlsHandshakeTimeoutMs } = this.#limits;
    const onConnection = (connection: Socket): void => {
      const conn = new ClientConnection(connection, this.#limits);
      const client = this.#broker.handle(conn as unknown as Duplex);
      conn.start();
      // After aedes' own close, which may still publish the will of this session.
      connection.once('close', () => setImmediate(() => this.#forget(client)));
    };
    const events = { onConnection, onDropped };
    this.#listeners = await openListeners({ ...listen, tlsHandshakeTimeoutMs }, events);
    return this.#listeners;
  }

  /** Closes the listeners and every session; unacknowledged publishes stay unacknowledged. */
  async stop(): Promise<void> {
    await this.#listeners?.close();
    this.#keepalive.stop();
    await new Promise<void>((resolve) => this.#broker.close(() => resolve()));
  }

  /** Open sessions, authenticated ones only. */
  get sessionCount(): number {
    return this.#byClientId.size;
  }

  /** The session of a client id; null when there is none. */
  sessionOf(clientId: string): Session | null {
    return this.#byClientId.get(clientId) ?? null;
  }

  /** The session of that number; null when there is none. */
  sessionNumbered(number: number): Session | null {
    return this.#byNumber.get(number) ?? null;
  }

  #preConnect(
    client: Client,
    packet: ConnectPacket,
    done: (error: Error | null, success: boolean) => void,
  ): void {
    if (packet.protocolVersion !== 3 && packet.protocolVersion !== 4) {
      // aedes answers with return code 1 by itself [MQTT-3.1.2-2]
      this.#refused('connect.protocol-version');
    }
    this.#connecting.set(client, packet);
    done(null, true);
  }

  async #authenticate(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<boolean> {
    const connection = connectionOf(client);
    const socket = connection.socket as { remoteAddress?: string; encrypted?: boolean };
    const attempt: ConnectAttempt = {
      clientId: client.id,
      username,
      password,
      remoteAddress: socket.remoteAddress ?? '',
      tls: socket.encrypted === true,
      certificate: clientCertificate(connection.socket),
    };
    const packet = this.#connecting.get(client);
    // aedes keeps the CONNECT as long as the session: a secret has no business there.
    if (packet !== undefined) delete packet.password;
    const { sessionsMax, acceptsSessions } = this.#options;
    // A client that comes again takes the place of its session.
    const room = this.#byClientId.size < sessionsMax || this.#byClientId.has(client.id);
    const decision = room && acceptsSessions() ? await this.#decide(attempt) : busy;
    if (!decision.accepted) throw this.#refusedConnect(attempt, decision);
    const { principal } = decision;
    const will = packet?.will as PublishPacket | undefined;
    if (will !== undefined) this.#checkWill(attempt, principal, will);
    // Of a claim nothing is kept: there are as many serials as anybody likes to make up.
    if (packet !== undefined && principal.kind === 'claim') beginClean(client, packet);
    this.#connecting.delete(client);
    // A client that left while its credential was looked up never becomes a session.
    if (client.closed) return false;
    const { remoteAddress } = attempt;
    const keepaliveS = packet?.keepalive ?? 0;
    const details = { remoteAddress, ackWaitMs: this.#ackWaitMs(keepaliveS) };
    const session = new ClientSession(client, connection, decision, details);
    this.#open(session, attempt);
    if (client.closed) return false;
    this.#keepalive.watch(session, keepaliveS);
    // Silence is found here; aedes, which does not see every packet, is to have no part in it.
    if (packet !== undefined) packet.keepalive = 0;
    return true;
  }

  /** A publish may wait as long as the client would for any answer. */
  #ackWaitMs(keepaliveS: number): number {
    const { ackWaitMsMax } = this.#limits;
    return keepaliveS > 0 ? Math.min(ackWaitMsMax, keepaliveS * 1000) : ackWaitMsMax;
  }

  /** Throws when a principal may not leave this will: nobody could be told when it is published. */
  #checkWill(attempt: ConnectAttempt, principal: Principal, will: PublishPacket): void {
    const { access, permissions } = this.#options;
    const refuse = (code: ErrorCode) => {
      const refusal = { accepted: false, code, returnCode: 5, detail: will.topic } as const;
      throw this.#refusedConnect(attempt, refusal);
    };
    if (!permissions.mayLeaveWill(principal, will.topic)) refuse(topicRefusal(principal));
    if (will.retain && access !== 'open') refuse(retainedRefusal(principal));
  }

  /** Makes a session known, in the place of another with its client id [MQTT-3.1.4-2]. */
  #open(session: ClientSession, attempt: ConnectAttempt): void {
    const before = this.#byClientId.get(session.clientId);
    if (before !== undefined) {
      before.close('session.taken-over');
      this.#tellEnd(before);
    }
    this.#sessions.set(session.client, session);
    this.#byClientId.set(session.clientId, session);
    this.#byNumber.set(session.number, session);
    const refusal = this.#options.onSessionOpen?.(session) ?? null;
    if (refusal === null) return;
    session.ended = true;
    this.#forget(session.client);
    throw this.#refusedConnect(attempt, refusal);
  }

  async #decide(attempt: Parameters<Authenticate>[0]): Promise<ConnectDecision> {
    try {
      return await this.#options.authenticate(attempt);
    } catch {
      return busy;
    }
  }

  #refused(code: ErrorCode, session: Session | null = null, detail = ''): void {
    this.#options.onRefused({ code, detail, session, attempt: null });
  }

  #refusedConnect(attempt: ConnectAttempt, refusal: ConnectRefusal): Error {
    const { code, detail = '', returnCode } = refusal;
    this.#options.onRefused({ code, detail, session: null, attempt });
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
    const refused = this.#publishes.refusal(session, packet);
    if (refused !== null) {
      this.#refused(refused, session, packet.topic);
      done(new OnrampError(refused, packet.topic));
      return;
    }
    this.#publishes.handOn(session, packet, done);
  }

  /** Offered every packet of an open session; true when aedes is not to see it. */
  #take(session: ClientSession, bytes: Buffer, begin: number, end: number): boolean {
    session.heardAtTick = this.#keepalive.tick;
    if (session.closed) return true;
    // In the open mode aedes routes what is published.
    if (this.#options.access !== 'open' && this.#publishes.take(session, bytes, begin, end)) {
      return true;
    }
    if (bytes[begin] === pingRequest && end - begin === 2) {
      session.answerPing();
      return true;
    }
    // Whoever does not read the answers gets no more of them.
    return !session.mayWrite();
  }

  /** An error ends the session; null is a refusal (granted 128) that it survives. */
  #authorizeSubscribe(
    client: Client,
    subscription: Subscription,
    done: (error: Error | null, subscription?: Subscription | null) => void,
  ): void {
    const session = this.#sessions.get(client);
    const refused =
      session === undefined ? 'topic.not-allowed' : this.#noted(session, subscription);
    if (refused === null) {
      done(null, subscription);
      return;
    }
    const { topic } = subscription;
    this.#refused(refused, session, topic);
    done(refused === 'claim.topic-not-allowed' ? new OnrampError(refused, topic) : null, null);
  }

  /** Notes a subscription, or answers why it is refused. */
  #noted(session: ClientSession, { topic }: Subscription): ErrorCode | null {
    const { principal } = session;
    if (!this.#options.permissions.maySubscribe(principal, topic)) return topicRefusal(principal);
    const noted = session.subscribe(topic, this.#limits.sessionSubscriptionsMax);
    return noted ? null : 'subscribe.too-many';
  }

  #forget(client: Client): void {
    const session = this.#sessions.get(client);
    if (session === undefined) return;
    this.#sessions.delete(client);
    this.#keepalive.forget(session);
    this.#byNumber.delete(session.number);
    if (this.#byClientId.get(session.clientId) === session) {
      this.#byClientId.delete(session.clientId);
    }
    this.#tellEnd(session);
  }

  #tellEnd(session: ClientSession): void {
    if (session.ended) return;
    session.ended = true;
    this.#options.onSessionClose?.(session, session.closeCode);
  }

  #observe(): void {
    this.#broker.on('clientReady', (client) => {
      const session = this.#sessions.get(client);
      if (session === undefined) return;
      const take: TakePacket = (bytes, begin, end) => this.#take(session, bytes, begin, end);
      connectionOf(client).open(take);
    });
    this.#broker.on('clientDisconnect', (client) => this.#forget(client));
    this.#broker.on('unsubscribe', (filters, client) => {
      for (const filter of filters) this.#sessions.get(client)?.unsubscribe(filter);
    });
    const failed = (client: Client, error: Error): void => {
      // What fails because it was closed is no fault of the client.
      if (client.closed) return;
      const session = this.#sessions.get(client) ?? null;
      if (error instanceof OnrampError) {
        if (error.code === 'packet.too-large') {
          this.#refused(error.code, session, error.details.join('; '));
        }
      } else if (!isTransport(error)) {
        const tooDeep = /too many levels/.test(error.message);
        this.#refused(tooDeep ? 'topic.too-deep' : 'connect.protocol-error', session);
      }
    };
    this.#broker.on('clientError', failed);
    this.#broker.on('connectionError', failed);
    // aedes reports failures of its own (in-memory) persistence here; without a listener the
    // process would die of them.
    (this.#broker as unknown as NodeJS.EventEmitter).on('error', () => {
      this.#refused('connect.protocol-error');
    });
  }
}

/** Makes a session that is kept into one that is not (MQTT 3.1.1 §3.1.2.4), before it begins. */
function beginClean(client: Client, packet: ConnectPacket): void {
  packet.clean = true;
  (client as { clean: boolean }).clean = true;
}

/** What aedes was given as the connection of `client`. */
function connectionOf(client: Client): ClientConnection {
  return client.conn as unknown as ClientConnection;
}

/** Endings that are the network's or the client's, not a breach of the protocol. */
function isTransport(error: Error & { code?: string; errorCode?: number }): boolean {
  return (
    error.code !== undefined || error.errorCode !== undefined || /keep alive/.test(error.message)
  );
}
