/** What the front door asks of whoever owns the identities: injected, so that the broker knows no registry. */

import type { X509Certificate } from 'node:crypto';
import type { ErrorCode } from '../model/errors.ts';

/** What a client presented in CONNECT. */
export interface ConnectAttempt {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
  readonly remoteAddress: string;
  readonly tls: boolean;
  /**
   * The client certificate of a TLS connection, whose key the client has proved to hold (RFC 8446
   * §4.4.3, RFC 5246 §7.4.8); who signed it and when it is valid is for the answerer to check.
   */
  readonly certificate: X509Certificate | null;
}

/**
 * Whom a session acts for. A `claim` session may only ask for a credential: its subject is the
 * serial it is bound to. `open` sessions exist only in the open mode.
 */
export interface Principal {
  readonly kind: 'device' | 'gateway' | 'claim' | 'open';
  readonly enterprise: string;
  /** Device or gateway id; the serial of a claim session. */
  readonly subject: string;
  /** The claim of a claim session. */
  readonly claim?: string | undefined;
}

/**
 * A refused CONNECT, with the CONNACK return code of MQTT 3.1.1 §3.2.2.3: 2 identifier rejected,
 * 3 server unavailable, 4 bad user name or password, 5 not authorized.
 */
export interface ConnectRefusal {
  readonly accepted: false;
  readonly code: ErrorCode;
  readonly returnCode: 2 | 3 | 4 | 5;
  /** What exactly, for whoever runs the platform; the client only gets the return code. */
  readonly detail?: string | undefined;
}

export interface Acceptance {
  readonly accepted: true;
  readonly principal: Principal;
  /** What whoever accepts keeps for the session: its `context`. */
  readonly context?: object | undefined;
}

/** The answer to a CONNECT. */
export type ConnectDecision = Acceptance | ConnectRefusal;

/** Decides about a CONNECT. Must not throw; runs before any take-over of the client id. */
export type Authenticate = (attempt: ConnectAttempt) => Promise<ConnectDecision>;

/** Which topics a principal may use. Pure. */
export interface TopicPermissions {
  mayPublish(principal: Principal, topic: string): boolean;
  maySubscribe(principal: Principal, filter: string): boolean;
  /** Whether it may leave a will (MQTT 3.1.1 §3.1.2.5) on `topic`. */
  mayLeaveWill(principal: Principal, topic: string): boolean;
}
