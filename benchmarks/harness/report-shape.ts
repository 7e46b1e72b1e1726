/** The numbers a threshold may name: every path into a report that ends in one. */

import type { LatencySummary } from '../../model/histogram.ts';
import type { RunReport } from '../../model/report.ts';

type Shape<T> = [NonNullable<T>] extends [number]
  ? 'number'
  : [NonNullable<T>] extends [LatencySummary]
    ? 'latency'
    : {
        readonly [Key in keyof T as IsNumeric<T[Key]> extends true ? Key : never]-?: Inner<T[Key]>;
      };
type Inner<T> = Shape<Exclude<T, null | undefined>>;

/** False for text, lists and truth values, which no bound can be set to. */
type IsNumeric<T> = [NonNullable<T>] extends [string | boolean | readonly unknown[]] ? false : true;

/** What is not judged, and records whose names the type does not list. */
type Apart =
  | 'question'
  | 'parameters'
  | 'environment'
  | 'timeline'
  | 'resources'
  | 'cpuUsPerMessage';

type ReportShape = Shape<Omit<RunReport, Apart>>;

const latency = 'latency';
const number = 'number';
const pace = { devices: number, seconds: number, perSecond: number } as const;

const shape: ReportShape = {
  seed: number,
  durationS: number,
  fleet: { enterprises: number, devices: number, productionDevices: number, sessions: number },
  message: { qos: number, fieldsMean: number, bytesMean: number },
  connect: {
    attempted: number,
    connected: number,
    failed: number,
    reconnects: number,
    seconds: number,
    latencyMs: latency,
    stagesMs: { tcp: latency, tls: latency, connack: latency },
    proof: { client: number, broker: number, kernel: number, store: number },
  },
  onboarding: {
    provisioned: number,
    acknowledged: pace,
    stored: pace,
    firstRowMs: latency,
    stagesMs: {
      tcp: latency,
      tls: latency,
      connack: latency,
      claim: latency,
      provision: latency,
      reconnect: latency,
      puback: latency,
      row: latency,
    },
  },
  telemetry: {
    due: number,
    sent: number,
    unsent: number,
    skipped: number,
    acked: number,
    perSecond: number,
    publishDelayMs: latency,
    ackMs: latency,
    storedMs: latency,
  },
  ledger: {
    sent: number,
    acked: number,
    stored: number,
    lost: number,
    duplicated: number,
    overwritten: number,
    deadLettered: number,
    late: number,
    lateAfterMs: number,
  },
  isolation: {
    kinds: number,
    rounds: number,
    probes: number,
    leaks: number,
    unexpected: number,
    silent: number,
  },
  shutOut: {
    devices: number,
    stillOpen: number,
    letIn: number,
    suspendMs: latency,
    revokeMs: latency,
  },
  audit: { sampled: number, complete: number },
  fairness: {
    enterprises: number,
    worstEnterpriseAckMsP99: number,
    medianEnterpriseAckMsP99: number,
    starved: number,
  },
  findings: {
    sessionsBackS: number,
    rowsBackS: number,
    recoveryS: number,
    drainS: number,
    drainPerSecond: number,
    backlogMax: number,
    memoryGrowth: number,
    workersKilled: number,
    workersRestarted: number,
  },
  generator: {
    eventLoopLagMs: latency,
    overruns: number,
    connecting: { eventLoopLagMs: latency, busiestCpuShare: number },
  },
};

const latencyNames: readonly (keyof LatencySummary)[] = [
  'p50',
  'p90',
  'p99',
  'p999',
  'max',
  'count',
];

/** Groups of processes whose resources are measured. */
export const processGroups = [
  'gatewayWorkers',
  'gatewaySupervisor',
  'simulator',
  'store',
  'harness',
] as const;

export type ProcessGroup = (typeof processGroups)[number];

/** Every path, in the order of the report. */
export const reportPaths: ReadonlySet<string> = new Set([
  ...pathsOf(shape, ''),
  ...processGroups.flatMap((group) => [
    `resources.${group}.cpuS`,
    `resources.${group}.rssBytesMax`,
    `cpuUsPerMessage.${group}`,
  ]),
]);

function pathsOf(of: object, prefix: string): string[] {
  return Object.entries(of).flatMap(([name, inner]) => {
    const path = prefix + name;
    if (inner === number) return [path];
    if (inner === latency) return latencyNames.map((each) => `${path}.${each}`);
    return pathsOf(inner as object, `${path}.`);
  });
}
