/** The account of a fleet's messages, each from its due time to its acknowledgement. */

import { latencyBucketCount, latencyBucketOf } from '../model/latency-buckets.ts';
import type { EnterpriseLatencies } from './fairness.ts';
import type { Ledger } from './ledger.ts';
import type { Measurements } from './measurements.ts';

/** Alarms have no `seq` of their own; readings begin at 1. */
export const eventSeq = 0;

export interface DeliveriesSettings {
  readonly measurements: Measurements;
  readonly ledger: Ledger;
  readonly fairness: EnterpriseLatencies;
  /** For each device the number of its enterprise in `fairness`. */
  readonly enterpriseOf: Uint32Array;
}

/**
 * Counts messages that were made, written and delivered. Latencies are those of readings due in
 * the measured window, also when they are acknowledged after it.
 */
export class Deliveries {
  /** Messages that are not acknowledged (QoS 1) or not written (QoS 0). */
  outstanding = 0;
  /** Acknowledged readings by their latency, in the window or not; whoever reads it sets it to 0. */
  readonly ackCounts = new Uint32Array(latencyBucketCount);
  readonly #settings: DeliveriesSettings;
  #beginMs = Number.POSITIVE_INFINITY;
  #endMs = Number.POSITIVE_INFINITY;

  constructor(settings: DeliveriesSettings) {
    this.#settings = settings;
  }

  /** The window begins at `atMs` (monotonic), which may be a little ahead. */
  beginWindow(atMs: number): void {
    this.#beginMs = atMs;
    this.#endMs = Number.POSITIVE_INFINITY;
  }

  endWindow(atMs: number): void {
    this.#endMs = atMs;
  }

  /** Of the window that has ended; 0 before. */
  get windowMs(): number {
    return Number.isFinite(this.#endMs) ? this.#endMs - this.#beginMs : 0;
  }

  /** A reading came due, whether it is made or not, that is to be acknowledged. */
  due(device: number, dueMs: number): void {
    const { enterpriseOf, fairness } = this.#settings;
    if (this.#inWindow(dueMs)) fairness.due(enterpriseOf[device]!);
  }

  /** The device's next reading was made at `nowMs`. */
  made(device: number, timestampMs: number, dueMs: number, nowMs: number): void {
    const { ledger, measurements } = this.#settings;
    this.outstanding++;
    ledger.make(device, timestampMs);
    if (this.#inWindow(dueMs)) measurements.latencies.publishDelay.record(nowMs - dueMs);
  }

  /** A message was handed to a socket; `again` when it was before. */
  written(device: number, seq: number, again: boolean): void {
    const { ledger, measurements } = this.#settings;
    const { counters } = measurements;
    if (seq === eventSeq) {
      if (!again) counters.eventsSent++;
    } else if (again) {
      counters.resent++;
    } else {
      counters.sent++;
      ledger.send(device, seq);
    }
  }

  /** A message is done: acknowledged, or written at QoS 0. */
  delivered(
    device: number,
    seq: number,
    dueMs: number,
    acknowledged: boolean,
    nowMs: number,
  ): void {
    const { enterpriseOf, fairness, ledger, measurements } = this.#settings;
    const { counters, latencies } = measurements;
    this.outstanding--;
    if (seq === eventSeq) {
      if (acknowledged) counters.eventsAcked++;
      return;
    }
    if (this.#inWindow(nowMs)) counters.windowDelivered++;
    if (!acknowledged) return;
    counters.acked++;
    ledger.acknowledge(device, seq);
    const latencyMs = nowMs - dueMs;
    const bucket = latencyBucketOf(latencyMs);
    this.ackCounts[bucket]!++;
    if (!this.#inWindow(dueMs)) return;
    latencies.ack.record(latencyMs);
    fairness.record(enterpriseOf[device]!, bucket);
  }

  #inWindow(atMs: number): boolean {
    return atMs >= this.#beginMs && atMs < this.#endMs;
  }
}
