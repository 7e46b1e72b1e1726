/** Which publishes of a session are taken, and what becomes of them; the same for both ways in. */

import type { AedesPublishPacket, PublishPacket } from 'aedes';
import type { ErrorCode } from '../model/errors.ts';
import type { Limits } from '../model/limits.ts';
import type { TopicPermissions } from './access.ts';
import type { ClientSession } from './client-session.ts';
import { type PublishParts, publishParts, sameText } from './packet-bytes.ts';
import type { SessionPublish } from './session.ts';
import { retainedRefusal, topicRefusal } from './topic-permissions.ts';

type Outcome = Parameters<SessionPublish['settle']>[0];
type Done = (error?: Error | null) => void;

export interface PublishDoorOptions {
  readonly access: 'authenticated' | 'open';
  readonly permissions: TopicPermissions;
  readonly onPublish: (publish: SessionPublish) => void;
}

const noPayload = Buffer.alloc(0);

export class PublishDoor {
  readonly #options: PublishDoorOptions;
  readonly #limits: Pick<Limits, 'sessionInFlightMax'>;

  constructor(options: PublishDoorOptions, limits: Pick<Limits, 'sessionInFlightMax'>) {
    this.#options = options;
    this.#limits = limits;
  }

  /**
   * Takes the packet from `begin` to `end` if it is a publish that nothing speaks against; false
   * when it is for aedes, which asks `refusal` of every publish, and has the answer for it.
   */
  take(session: ClientSession, bytes: Buffer, begin: number, end: number): boolean {
    const parts = publishParts(bytes, begin, end);
    if (parts === null) return false;
    const topic = this.#allowedTopic(session, bytes, parts);
    const { sessionInFlightMax } = this.#limits;
    const excess = session.inFlight >= sessionInFlightMax;
    if (topic === null || (excess && parts.qos !== 0)) return false;
    session.inFlight++;
    const payload = bytes.subarray(parts.payloadBegin, end);
    this.#options.onPublish(new DirectPublish(session, topic, payload, parts, excess));
    return true;
  }

  /** Why a publish is refused, or null. */
  refusal(session: ClientSession, packet: PublishPacket): ErrorCode | null {
    const { access, permissions } = this.#options;
    const { principal } = session;
    if (!permissions.mayPublish(principal, packet.topic)) return topicRefusal(principal);
    if (packet.retain && access !== 'open') return retainedRefusal(principal);
    if (packet.qos !== 0 && session.inFlight >= this.#limits.sessionInFlightMax) {
      return 'publish.in-flight-exceeded';
    }
    return null;
  }

  /** Hands on a publish that came through aedes and is not refused. */
  handOn(session: ClientSession, packet: PublishPacket | AedesPublishPacket, done: Done): void {
    const excess = session.inFlight >= this.#limits.sessionInFlightMax;
    session.inFlight++;
    this.#options.onPublish({
      session,
      topic: packet.topic,
      payload: toBuffer(packet.payload),
      qos: packet.qos as 0 | 1 | 2,
      isWill: session.closed,
      excess,
      settle: this.#settler(session, packet, done),
    });
  }

  /** The topic if the session may publish on it; most sessions have one, and it is kept. */
  #allowedTopic(session: ClientSession, bytes: Buffer, parts: PublishParts): string | null {
    const { topicBegin, topicEnd } = parts;
    const { topicAllowed } = session;
    if (sameText(bytes, topicBegin, topicEnd, topicAllowed)) return topicAllowed;
    const topic = bytes.toString('utf8', topicBegin, topicEnd);
    if (!this.#options.permissions.mayPublish(session.principal, topic)) return null;
    session.topicAllowed = topic;
    return topic;
  }

  #settler(session: ClientSession, packet: PublishPacket, done: Done): (outcome: Outcome) => void {
    const isWill = session.closed;
    const routed = isWill || this.#options.access === 'open';
    const acknowledge = (): void => {
      session.inFlight--;
      // Acknowledging to a closed connection is an error in aedes; there is no one to tell.
      if (session.closed && !isWill) return;
      if (packet.qos === 1 && !routed) {
        session.acknowledge(packet.messageId ?? 0);
        // For aedes there is nothing left to acknowledge, and nobody to route to.
        packet.qos = 0;
      }
      done(null);
    };
    const { order } = session;
    // Nobody waits to hear of a will.
    const place = packet.qos === 0 || isWill ? null : order.next();
    return (outcome) => {
      if (typeof outcome === 'object') {
        session.inFlight--;
        session.close(outcome.close);
        return;
      }
      // aedes keeps a QoS 2 message until its PUBREL; its content is in the journal already.
      if (packet.qos !== 0 && !routed) packet.payload = noPayload;
      if (place === null) acknowledge();
      else order.done(place, acknowledge);
    };
  }
}

/** A publish that aedes knows nothing of. */
class DirectPublish implements SessionPublish {
  readonly isWill = false;
  readonly session: ClientSession;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly excess: boolean;
  readonly #messageId: number;
  /** Its place among what is acknowledged; of no meaning at QoS 0. */
  readonly #place: number;

  constructor(
    session: ClientSession,
    topic: string,
    payload: Buffer,
    { qos, messageId }: PublishParts,
    excess: boolean,
  ) {
    this.session = session;
    this.topic = topic;
    this.payload = payload;
    this.qos = qos;
    this.excess = excess;
    this.#messageId = messageId;
    this.#place = qos === 0 ? 0 : session.order.next();
  }

  settle(outcome: Outcome): void {
    const { session } = this;
    if (typeof outcome === 'object' || this.qos === 0) {
      session.inFlight--;
      if (typeof outcome === 'object') session.close(outcome.close);
      return;
    }
    const messageId = this.#messageId;
    session.order.done(this.#place, () => {
      session.inFlight--;
      session.acknowledge(messageId);
    });
  }
}

function toBuffer(payload: string | Buffer | undefined): Buffer {
  if (payload === undefined) return noPayload;
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}
