/** What a simulation counts and times, mergeable over the processes of one run. */

import { LatencyHistogram } from '../model/histogram.ts';
import type { ConnectTimes } from './client/client.ts';
import type { Failure } from './client/failure.ts';

const counterNames = [
  /** Devices that have begun to connect. */
  'attempted',
  /** Devices whose session was accepted at least once. */
  'connected',
  /** Sessions accepted after the first of a device. */
  'reconnects',
  /** Readings that came due: sent, waiting or skipped. */
  'due',
  /** Readings handed to a socket for the first time. */
  'sent',
  /** Readings handed to a socket again after a reconnect. */
  'resent',
  /** Readings acknowledged; QoS 1 only. */
  'acked',
  /** Readings that came due while the device's outbox was full and were never made. */
  'skipped',
  /** Alarms, counted as readings are. */
  'eventsDue',
  'eventsSent',
  'eventsAcked',
  'eventsSkipped',
  /** Values and payload bytes of all readings made. */
  'values',
  'payloadBytes',
  /** Within the measured window: readings acknowledged (QoS 1) or sent (QoS 0). */
  'windowDelivered',
  /** Within the measured window: turns of the timer that missed a slot. */
  'overruns',
  /** Devices that got a credential of their own by a claim. */
  'provisioned',
  /** Requests for a credential sent again, because no answer came. */
  'askedAgain',
  /** Devices that came by a claim and whose first reading was acknowledged. */
  'firstAcked',
  /** Devices that came by a claim and whose first row the platform has confirmed. */
  'firstRows',
] as const;

const latencyNames = [
  /** From the start of a connection until it is open. */
  'tcp',
  /** The TLS handshake. */
  'tls',
  /** From CONNECT to CONNACK. */
  'connack',
  /** From the start of a connection to CONNACK. */
  'connect',
  /** From a reading's due time until it was made; readings due in the measured window. */
  'publishDelay',
  /** From a reading's due time to its PUBACK; readings due in the measured window. */
  'ack',
  /** How late the timer ran; in the measured window. */
  'eventLoopLag',
  /** The same while devices connected for the first time. */
  'connectLag',
  /** The same three stages and their sum, of claim sessions. */
  'claimTcp',
  'claimTls',
  'claimConnack',
  'claim',
  /** From a claim session's request, handed to the socket, to the credential. */
  'provision',
  /** From the start of a device's first connection with its own credential to CONNACK. */
  'reconnect',
  /** From the due time of a device's first reading to its PUBACK. */
  'firstAck',
  /** From the timestamp of a device's first reading to its row, as the platform says. */
  'row',
  /** From a device's first attempt to claim to its first row. */
  'firstRow',
  /** From the moment all connections were cut to the new session of each device. */
  'recovery',
] as const;

export type CounterName = (typeof counterNames)[number];
export type LatencyName = (typeof latencyNames)[number];

/** Kinds of failure told apart. */
const failureKindsMax = 200;

/** Measurements as JSON, for another process. */
export interface EncodedMeasurements {
  readonly counters: Readonly<Record<CounterName, number>>;
  /** HdrHistogram's compressed V2 encoding, base64. */
  readonly latencies: Readonly<Record<LatencyName, string>>;
  readonly failures: readonly FailureCount[];
}

/** How often a kind of failure happened. */
export interface FailureCount extends Failure {
  readonly count: number;
}

export class Measurements {
  readonly counters = recordOf(counterNames, () => 0);
  readonly latencies = recordOf(latencyNames, () => new LatencyHistogram());
  readonly #failures = new Map<string, { failure: Failure; count: number }>();

  /** A connection that became a session. */
  recordConnect(times: ConnectTimes): void {
    this.#recordStages(times, 'tcp', 'tls', 'connack', 'connect');
  }

  /** A connection that became a claim session. */
  recordClaim(times: ConnectTimes): void {
    this.#recordStages(times, 'claimTcp', 'claimTls', 'claimConnack', 'claim');
  }

  /** Counts a failure; a platform that invents codes without end has them counted as `other`. */
  recordFailure(failure: Failure, count = 1): void {
    const key = `${failure.stage}/${failure.code}`;
    const entry = this.#failures.get(key);
    if (entry !== undefined) entry.count += count;
    else if (this.#failures.size < failureKindsMax) this.#failures.set(key, { failure, count });
    else this.#recordOther(failure.stage, count);
  }

  #recordOther(stage: Failure['stage'], count: number): void {
    const key = `${stage}/other`;
    const entry = this.#failures.get(key) ?? { failure: { stage, code: 'other' }, count: 0 };
    entry.count += count;
    this.#failures.set(key, entry);
  }

  #recordStages(
    { begunMs, tcpMs, tlsMs, connackMs }: ConnectTimes,
    tcp: LatencyName,
    tls: LatencyName,
    connack: LatencyName,
    whole: LatencyName,
  ): void {
    this.latencies[tcp].record(tcpMs - begunMs);
    if (tlsMs > 0) this.latencies[tls].record(tlsMs - tcpMs);
    this.latencies[connack].record(connackMs - (tlsMs > 0 ? tlsMs : tcpMs));
    this.latencies[whole].record(connackMs - begunMs);
  }

  /** Most frequent first. */
  failures(): FailureCount[] {
    return [...this.#failures.values()]
      .map(({ failure, count }) => ({ stage: failure.stage, code: failure.code, count }))
      .sort((a, b) => b.count - a.count);
  }

  /** Adds what another process measured. */
  add(other: EncodedMeasurements): void {
    for (const name of counterNames) this.counters[name] += other.counters[name];
    for (const name of latencyNames) {
      this.latencies[name].add(LatencyHistogram.decode(other.latencies[name]));
    }
    for (const { count, ...failure } of other.failures) this.recordFailure(failure, count);
  }

  encode(): EncodedMeasurements {
    return {
      counters: { ...this.counters },
      latencies: recordOf(latencyNames, (name) => this.latencies[name].encode()),
      failures: this.failures(),
    };
  }
}

function recordOf<Name extends string, Value>(
  names: readonly Name[],
  value: (name: Name) => Value,
): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, Value>;
}
