/** The schema of a run's report, `report.json`. What could not be known is null, never 0. */

import type { LatencySummary } from './histogram.ts';

/**
 * A run passes, fails a threshold, or says nothing: it was ended early, the generator could not keep
 * up, or a threshold could not be judged.
 */
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
  /** False for what the run was not asked, as isolation with nobody to try it: it decides nothing. */
  readonly asked: boolean;
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
  /** Of these, attempts that nobody answered in time. */
  readonly silent: number;
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

/**
 * Four ways to count who is connected, at one moment under load; a run in which they differ does not
 * have the sessions it claims.
 */
export interface ConnectedProof {
  /** Sessions as the devices see them. */
  readonly client: number | null;
  /** Sessions as the platform's broker sees them. */
  readonly broker: number | null;
  /** Established connections to the platform's MQTT ports in the kernel of its machine. */
  readonly kernel: number | null;
  /** Different devices with a row in the store, of the run's time. */
  readonly store: number | null;
}

/** Readings, over all devices. What could not be asked is null. */
export interface LedgerReport {
  readonly sent: number;
  readonly acked: number | null;
  /** Distinct (device, `seq`) in the store, of the run's time. */
  readonly stored: number | null;
  /** Acknowledged, and neither stored nor dead-lettered whole nor overwritten; null at QoS 0. */
  readonly lost: number | null;
  /** Rows beyond the first of a (device, `seq`). */
  readonly duplicated: number | null;
  /** Acknowledged and not stored, as another `seq` of the device has its timestamp; null at QoS 0. */
  readonly overwritten: number | null;
  readonly deadLettered: number | null;
  /** Stored more than `lateAfterMs` after they were due. */
  readonly late: number | null;
  readonly lateAfterMs: number;
  /** The first few devices that lack something, for people. */
  readonly examples: readonly string[];
}

/** How differently enterprises were served: their own p99 of due time to PUBACK. */
export interface FairnessReport {
  /** Enterprises with enough readings to say. */
  readonly enterprises: number;
  readonly worstEnterprise: string | null;
  readonly worstEnterpriseAckMsP99: number | null;
  readonly medianEnterpriseAckMsP99: number | null;
  /** Enterprises that had readings due in the window, none of which was acknowledged. */
  readonly starved: number;
}

/**
 * What was seen over the run, in columns of equal width. The first column begins with the first
 * connection. A value that was not known then is null.
 */
export interface RunTimeline {
  readonly columnS: number;
  readonly phases: readonly {
    readonly name: string;
    readonly fromS: number;
    readonly toS: number;
  }[];
  /** What was done to the system, or happened to it. */
  readonly events: readonly { readonly atS: number; readonly text: string }[];
  readonly sessions: readonly (number | null)[];
  /** Of the column, in readings a second. */
  readonly ackedPerSecond: readonly (number | null)[];
  readonly storedPerSecond: readonly (number | null)[];
  /** Accepted and not yet in the store, at the end of the column. */
  readonly waiting: readonly (number | null)[];
  /**
   * Heat maps: for each column counts by bucket of `model/latency-buckets.ts`, trailing zeros left
   * out. `connect`: CONNECT to session; `ack`: due to PUBACK; `stored`: due to row.
   */
  readonly connect: readonly (readonly number[])[];
  readonly ack: readonly (readonly number[])[];
  readonly stored: readonly (readonly number[])[];
  /** By group of processes: cores in use, and resident memory. */
  readonly resources: Readonly<
    Record<
      string,
      { readonly cores: readonly (number | null)[]; readonly rssBytes: readonly (number | null)[] }
    >
  >;
}

/** What a scenario found besides, each in the unit of its name; null: it did not happen, or is not known. */
export interface Findings {
  /** From the disturbance until 99 % of the sessions were back. */
  readonly sessionsBackS?: number | null;
  /** … until, after that, rows came in again at the rate before. */
  readonly rowsBackS?: number | null;
  /** Both, and the backlog gone. */
  readonly recoveryS?: number | null;
  /** From the end of the disturbance until nothing waited any more. */
  readonly drainS?: number | null;
  /** Readings a second while it drained. */
  readonly drainPerSecond?: number | null;
  readonly backlogMax?: number | null;
  /** Memory of the gateway: its growth over the second half of the window, part of what it was. */
  readonly memoryGrowth?: number | null;
  readonly workersKilled?: number | null;
  /** Workers the supervisor started again. */
  readonly workersRestarted?: number | null;
}

/** Latencies in milliseconds, counts in readings. */
export interface RunReport {
  readonly schema: 'onramp-report/1';
  readonly scenario: string;
  readonly question: { readonly en: string; readonly zh: string };
  readonly verdict: Verdict;
  readonly seed: number;
  readonly startedAt: string;
  /** Of the measured window. */
  readonly durationS: number;
  /** It was ended before its time. */
  readonly interrupted: boolean;
  readonly environment: {
    readonly onramp: string;
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly node: string;
    readonly platform: string;
    readonly descriptorLimit: number | null;
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
    readonly reconnects: number;
    readonly seconds: number;
    readonly latencyMs: LatencySummary | null;
    readonly stagesMs: Readonly<Record<'tcp' | 'tls' | 'connack', LatencySummary | null>>;
    readonly proof: ConnectedProof;
  };
  /** Null when the devices were registered beforehand. */
  readonly onboarding: OnboardingReport | null;
  readonly telemetry: {
    /** Came due over the whole run: `sent` + `unsent` + `skipped`. */
    readonly due: number | null;
    readonly sent: number;
    /** Made, and never handed to a socket. */
    readonly unsent: number | null;
    /** Never made, because as many of the device's were not acknowledged as it can keep. */
    readonly skipped: number;
    /** Of those that were sent; null at QoS 0. */
    readonly acked: number | null;
    readonly perSecond: number;
    readonly publishDelayMs: LatencySummary | null;
    readonly ackMs: LatencySummary | null;
    /** From the reading's timestamp, which is its due time, to the store's success answer. */
    readonly storedMs: LatencySummary | null;
  };
  readonly ledger: LedgerReport;
  /** Null where nobody tried. */
  readonly isolation: IsolationReport | null;
  readonly shutOut: ShutOutReport | null;
  readonly audit: AuditReport | null;
  readonly fairness: FairnessReport | null;
  readonly findings: Findings;
  /**
   * `gatewayWorkers`, `gatewaySupervisor`, `simulator`, `store` and `harness`, the run's own process;
   * null what could not be measured. Of the window, or, with `onboarding`, of coming on board.
   */
  readonly resources: Readonly<Record<string, ProcessResources | null>>;
  /** CPU of each group in microseconds for each message of the window; null with `onboarding`. */
  readonly cpuUsPerMessage: Readonly<Record<string, number | null>>;
  readonly generator: {
    readonly eventLoopLagMs: LatencySummary | null;
    readonly overruns: number;
    /**
     * While devices connected; judged where they came by a claim, which is timed then. Null while
     * the fleet has not said.
     */
    readonly connecting: {
      readonly eventLoopLagMs: LatencySummary | null;
      /** Of one process, part of a core. */
      readonly busiestCpuShare: number | null;
    } | null;
    /** Whether the load was the load that was asked for; null while the fleet has not said. */
    readonly valid: boolean | null;
    /** Why not. */
    readonly reasons: readonly string[];
  };
  /** Of the verdict; the generator's are among them when something timed is judged. */
  readonly invalidReasons: readonly string[];
  readonly failures: readonly {
    readonly stage: string;
    readonly code: string;
    readonly count: number;
  }[];
  readonly thresholds: readonly ThresholdResult[];
  readonly timeline: RunTimeline | null;
}
