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

/** How many devices got there, how long after the first claim the last one did, and the quotient. */
export interface OnboardingPace {
  readonly devices: number;
  readonly seconds: number;
  readonly perSecond: number;
}

/** Devices that came on board by a claim; stages are of those that passed them. */
export interface OnboardingReport {
  /** Devices that got a credential of their own. */
  readonly provisioned: number;
  /** Devices whose first reading was acknowledged. */
  readonly acknowledged: OnboardingPace;
  /** Devices whose first row the platform has confirmed; null when it was not asked. */
  readonly stored: OnboardingPace | null;
  /** From a device's first attempt to claim to its first row; needs one clock for both. */
  readonly firstRowMs: LatencySummary | null;
  readonly stagesMs: {
    /** Of the claim session: opening, TLS, CONNECT to CONNACK, and `claim`, their sum. */
    readonly tcp: LatencySummary | null;
    readonly tls: LatencySummary | null;
    readonly connack: LatencySummary | null;
    readonly claim: LatencySummary | null;
    /** From the request for a credential to the credential. */
    readonly provision: LatencySummary | null;
    /** From opening the connection with the device's own credential to CONNACK. */
    readonly reconnect: LatencySummary | null;
    /** From the due time of the first reading to its PUBACK. */
    readonly puback: LatencySummary | null;
    /** From the timestamp of the first reading to its row. */
    readonly row: LatencySummary | null;
  };
}

/** Attempts to get where one does not belong. */
export interface IsolationReport {
  /** Different attempts, and those that must succeed, so that a closed door proves nothing. */
  readonly kinds: number;
  readonly rounds: number;
  /** Attempts of all rounds. */
  readonly probes: number;
  /** Attempts that were answered as a success, and effects of attempts that could be seen. */
  readonly leaks: number;
  /** Attempts that came to something else than they must, and are no leak. */
  readonly unexpected: number;
  /** The first few leaks and surprises, for people. */
  readonly examples: readonly string[];
}

/** Devices that were shut out while they were connected. */
export interface ShutOutReport {
  /** Sessions that were to end. */
  readonly devices: number;
  readonly stillOpen: number;
  /** Devices that were let in again while they were shut out. */
  readonly letIn: number;
  /** From the call of the API to the end of the connection, as the device sees it. */
  readonly suspendMs: LatencySummary | null;
  readonly revokeMs: LatencySummary | null;
}

/** Devices whose audit trail was read, and those of them in whose trail nothing is missing. */
export interface AuditReport {
  readonly sampled: number;
  readonly complete: number;
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
  /** Null when the devices were registered beforehand. */
  readonly onboarding: OnboardingReport | null;
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
  /** Null where nobody tried. */
  readonly isolation: IsolationReport | null;
  readonly shutOut: ShutOutReport | null;
  readonly audit: AuditReport | null;
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
