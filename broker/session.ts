/** One MQTT session as the rest of the gateway sees it. */

import type { ErrorCode } from '../model/errors.ts';
import type { Principal } from './access.ts';

export interface Session {
  /** Its number, unique in this process. */
  readonly number: number;
  readonly clientId: string;
  readonly principal: Principal;
  /** What came with the acceptance of its CONNECT. */
  readonly context?: object | undefined;
  readonly remoteAddress: string;
  /** How long a publish may wait before the session is closed: below its keepalive. */
  readonly ackWaitMs: number;
  readonly closed: boolean;
  /** Closes the connection; what was not acknowledged stays unacknowledged. */
  close(code: ErrorCode): void;
  /** True while the client is subscribed to exactly `topic`. */
  hasSubscribed(topic: string): boolean;
  /**
   * Sends a message to this client, at QoS 0, if it has subscribed to `topic`; true when it was sent.
   * Who leaves too much unread is closed instead.
   */
  deliver(topic: string, payload: string): boolean;
}

/** A publish that passed the topic permissions. */
export interface SessionPublish {
  readonly session: Session;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  /** Left at CONNECT for the end of the session, which has come: nobody waits to hear of it. */
  readonly isWill: boolean;
  /** A QoS 0 message beyond what the session may have in flight: to be counted and discarded. */
  readonly excess: boolean;
  /**
   * To be called once. `accept` lets the PUBACK (or PUBREC) go as soon as those of the publishes
   * before it have gone [MQTT-4.6.0-2]; until then it counts as in flight. `discard` forgets a
   * QoS 0 message. `close` closes the session at once, without acknowledging.
   */
  settle(outcome: 'accept' | 'discard' | { readonly close: ErrorCode }): void;
}
