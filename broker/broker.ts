/** aedes with every option stated, and without the work that nobody's subscription needs. */

import { Aedes, type AedesOptions, type AedesPublishPacket, type Client } from 'aedes';
import type { Limits } from '../model/limits.ts';

type Done = (error?: Error | null) => void;
type Publish = (packet: AedesPublishPacket, client: Client | Done | null, done?: Done) => void;

const sessionNotices = /^\$SYS\/[^/]+\/(new|disconnect)\/(clients|subscribes|unsubscribes)$/;

/**
 * The options of aedes 1.2, all of them, each with its reason. The hooks are the front door's.
 */
export function brokerOptions(
  limits: Limits,
  hooks: Required<
    Pick<AedesOptions, 'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe'>
  >,
): AedesOptions {
  return {
    ...hooks,
    // Slots of the emitter shared by all subscribers; also the bound of listeners per connection.
    concurrency: 100,
    // Aedes' own notice of being alive, which keeps it from publishing the wills of its clients.
    heartbeatInterval: 60_000,
    connectTimeout: limits.connectTimeoutMs,
    // A subscriber that does not read is cut, so that it cannot take the emitter's slots.
    drainTimeout: 30_000,
    // 0 = no limit: aedes answers a forbidden keepalive with code 6, which MQTT 3.1.1 does not
    // know. TCP keepalive finds dead peers of sessions without one.
    keepaliveLimit: 0,
    // Packets a client may send before its CONNACK; each is bounded by connectPacketBytesMax.
    queueLimit: 42,
    maxInflightInbound: limits.sessionInFlightMax,
    // Only for MQTT 3.1 clients; 23 is their specification's bound and too short for our ids.
    maxClientsIdLength: 2 * limits.idCharsMax + '.claim.'.length,
    maxTopicLevels: limits.topicLevelsMax,
    // No proxy stands in front unless somebody configures one; its header is not to be believed.
    trustProxy: false,
    trustedProxies: [],
  };
}

/** What aedes does with a client's id; its own methods, not in its types. */
interface Registration {
  _finishRegisterClient(client: Client): void;
  unregisterClient(client: Client): void;
}

const registration = Aedes.prototype as unknown as Registration;

/**
 * The embedded broker. Telemetry ends in the gateway, not at subscribers: in the ordinary mode no
 * one may subscribe to it, so what devices publish is not routed at all, and the notices of
 * sessions under `$SYS` are not made. In the open mode everything is routed.
 */
export class EmbeddedBroker extends Aedes {
  /** Sessions by client id; aedes' own, not in its types. */
  declare readonly clients: Readonly<Record<string, Client>>;
  #routesEverything: boolean;

  constructor(options: AedesOptions, routesEverything: boolean) {
    super(options);
    this.#routesEverything = routesEverything;
  }

  /** As aedes does, but a connection that ended while its CONNECT was handled takes nobody's place. */
  registerClient(client: Client): void {
    if (client.closed) return;
    const before = this.clients[client.id];
    if (before === undefined) this._finishRegisterClient(client);
    else before.close(() => this._finishRegisterClient(client));
  }

  _finishRegisterClient(client: Client): void {
    if (!client.closed) registration._finishRegisterClient.call(this, client);
  }

  /** As aedes does, but a client whose id is another's by now ends alone. */
  unregisterClient(client: Client): void {
    if (this.clients[client.id] === client) registration.unregisterClient.call(this, client);
    else this.emit('clientDisconnect', client);
  }

  /** Publishes as aedes does, or acknowledges without routing where nobody can be listening. */
  // biome-ignore lint/suspicious/noExplicitAny: aedes declares only one of its two call forms
  override publish(packet: any, client: any, done?: any): void {
    const publish = super.publish as unknown as Publish;
    if (this.#routesEverything) {
      publish.call(this, packet, client, done);
      return;
    }
    const callback: Done = typeof client === 'function' ? client : (done ?? (() => {}));
    const fromDevice = typeof client !== 'function' && client !== null;
    if (fromDevice || sessionNotices.test(packet.topic)) callback();
    else publish.call(this, packet, client, done);
  }
}
