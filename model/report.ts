/** The schema of a run's report, `report.json`. What could not be known is null, never 0. */

import type { LatencySummary } from './histogram.ts';

/** A run passes, fails a threshold, or says nothing because the generator could not keep up. */
export type Verdict = 'pass' | 'fail' | 'invalid';

/** CPU seconds during the run, largest resident memory. */
export interface ProcessResources {
  readonly cpuS: number;
  readonly rssBytesMax: number;
}

export interface ThresholdResult {
  readonly expression: string;
  readonly value: number | null;
  /** Null when the value is not known. */
  readonly ok: boolean | null;
}

/** Latencies in milliseconds, counts in readings. */
export interface RunReport {
  readonly schema: 'onramp-report/1';
  readonly scenario: string;
  readonly question: string;
  readonly verdict: Verdict;
  readonly seed: number;
  readonly startedAt: string;
  /** Of the measured window. */
  readonly durationS: number;
  readonly environment: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly node: string;
    readonly platform: string;
    readonly store: string;
  };
  readonly parameters: Readonly<Record<string, number | string | boolean>>;
  readonly fleet: {
    readonly enterprises: number;
    readonly devices: number;
    readonly productionDevices: number;
    readonly sessions: number;
  };
  readonly message: {
    readonly dialect: string;
    readonly qos: 0 | 1;
    readonly tls: boolean;
    readonly fieldsMean: number | null;
    readonly bytesMean: number | null;
  };
  readonly connect: {
    readonly attempted: number;
    readonly connected: number;
    readonly failed: number;
    readonly seconds: number;
    readonly latencyMs: LatencySummary | null;
  };
  readonly telemetry: {
    readonly sent: number;
    readonly acked: number | null;
    readonly perSecond: number;
    readonly publishDelayMs: LatencySummary | null;
    readonly ackMs: LatencySummary | null;
    /** From the reading's timestamp, which is its due time, to the store's success answer. */
    readonly storedMs: LatencySummary | null;
  };
  readonly ledger: {
    readonly sent: number;
    readonly acked: number | null;
    readonly stored: number | null;
    readonly lost: number | null;
    readonly duplicated: number | null;
    readonly deadLettered: number | null;
  };
  /** `gatewayWorkers`, `gatewaySupervisor`, `simulator`, `store`; null what could not be measured. */
  readonly resources: Readonly<Record<string, ProcessResources | null>>;
  /** CPU of each stage in microseconds for each message of the window. */
  readonly cpuUsPerMessage: Readonly<Record<string, number | null>>;
  readonly generator: {
    readonly eventLoopLagMs: LatencySummary | null;
    readonly overruns: number;
    readonly valid: boolean;
  };
  readonly invalidReasons: readonly string[];
  readonly failures: readonly unknown[];
  readonly thresholds: readonly ThresholdResult[];
}
