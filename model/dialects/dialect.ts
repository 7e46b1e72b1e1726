/** What a platform's dialect decides: topics, payloads and credentials. */

import type { RawEvent, RawReading, SignalValue } from '../reading.ts';

/** The last level of a device's topic. */
export type Channel = 'telemetry' | 'event' | 'command' | 'command/reply';

/** Whose topic it is and what it carries. */
export interface DeviceTopic {
  readonly enterprise: string;
  readonly device: string;
  readonly channel: Channel;
}

/** What a device presents in CONNECT. */
export interface Credentials {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
}

/** A reading about to be sent. */
export interface OutgoingReading {
  readonly seq: number;
  readonly timestampMs: number;
  readonly values: Readonly<Record<string, SignalValue>>;
}

/** An alarm about to be sent. */
export interface OutgoingEvent {
  readonly code: string;
  readonly severity: number;
  readonly state: 'raised' | 'cleared';
  readonly timestampMs: number;
}

/**
 * One platform's way of speaking. The simulator encodes with it, the gateway decodes with it;
 * decode ∘ encode is the identity.
 */
export interface Dialect {
  readonly id: string;
  credentials(enterprise: string, device: string, secret: string): Credentials;
  topic(enterprise: string, device: string, channel: Channel): string;
  /** Null when the topic is not of this dialect. */
  parseTopic(topic: string): DeviceTopic | null;
  encodeReadings(readings: readonly OutgoingReading[]): string;
  encodeEvent(event: OutgoingEvent): string;
  /** @throws OnrampError `payload.*` when the payload is not a telemetry message. */
  decodeReadings(payload: Buffer): RawReading[];
  /** @throws OnrampError `payload.*` when the payload is not an event. */
  decodeEvents(payload: Buffer): RawEvent[];
}
