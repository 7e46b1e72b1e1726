/** What a simulation found, as JSON: the parts of a run's report that a fleet knows by itself. */

import type { CityDevice } from '../model/city.ts';
import type { LatencySummary } from '../model/histogram.ts';
import type { OnboardingPace, OnboardingReport, RunReport } from '../model/report.ts';
import { localFailureCodes } from './client/failure.ts';
import { parseTarget } from './client/target.ts';
import type { FailureCount, Measurements } from './measurements.ts';
import type { SimulationOptions } from './options.ts';

/** Null is what is not known, or does not exist at the QoS in use; latencies are milliseconds. */
export interface SimulationReport {
  readonly schema: 'onramp-simulation/1';
  readonly seed: number;
  readonly startedAt: string;
  /** Of the measured window. */
  readonly durationS: number;
  readonly interrupted: boolean;
  readonly target: string;
  readonly fleet: RunReport['fleet'];
  readonly message: RunReport['message'];
  readonly connect: {
    /** `attempted` = `connected` + `failed`, in devices. */
    readonly attempted: number;
    readonly connected: number;
    readonly failed: number;
    readonly reconnects: number;
    readonly seconds: number;
    readonly latencyMs: LatencySummary | null;
    readonly stagesMs: Readonly<Record<'tcp' | 'tls' | 'connack', LatencySummary | null>>;
  };
  /** Null when the devices were registered beforehand. */
  readonly onboarding: OnboardingReport | null;
  readonly telemetry: {
    /** `due` = `sent` + `unsent` + `skipped`; `sent` = `acked` + `unacknowledged` at QoS 1. */
    readonly due: number;
    readonly sent: number;
    readonly unsent: number;
    readonly skipped: number;
    readonly resent: number;
    readonly acked: number | null;
    readonly unacknowledged: number | null;
    /** Acknowledged (QoS 1) or sent (QoS 0) per second of the measured window. */
    readonly perSecond: number;
    readonly publishDelayMs: LatencySummary | null;
    readonly ackMs: LatencySummary | null;
  };
  readonly events: {
    readonly due: number;
    readonly sent: number;
    readonly acked: number | null;
    readonly skipped: number;
  };
  readonly generator: {
    readonly eventLoopLagMs: LatencySummary | null;
    readonly overruns: number;
    /** Of the whole process. */
    readonly cpuS: number;
    readonly rssBytesMax: number;
    readonly valid: boolean;
  };
  readonly invalidReasons: readonly string[];
  readonly failures: readonly FailureCount[];
}

/** What the run itself knows besides the measurements. */
export interface RunFacts {
  readonly startedAtMs: number;
  readonly windowS: number;
  readonly interrupted: boolean;
  readonly connectSeconds: number;
  /** From the first claim to the last acknowledged first reading; null without claims. */
  readonly firstAckSeconds: number | null;
  /** From the first claim to the last first row; null when the platform is not asked. */
  readonly firstRowSeconds: number | null;
  readonly cpuS: number;
  readonly rssBytesMax: number;
}

/** Puts together the report of one process. */
export function simulationReport(
  options: SimulationOptions,
  devices: readonly CityDevice[],
  measurements: Measurements,
  facts: RunFacts,
): SimulationReport {
  const { counters } = measurements;
  const { eventLoopLag } = measurements.latencies;
  const reasons = invalidReasons(options, measurements);
  return {
    schema: 'onramp-simulation/1',
    seed: options.seed,
    startedAt: new Date(facts.startedAtMs).toISOString(),
    durationS: facts.windowS,
    interrupted: facts.interrupted,
    target: options.target,
    fleet: {
      enterprises: new Set(devices.map((device) => device.enterprise)).size,
      devices: devices.length,
      productionDevices: devices.filter((device) => device.production).length,
      sessions: counters.connected,
    },
    message: messagePart(options, measurements),
    connect: connectPart(measurements, facts),
    onboarding: onboardingPart(measurements, facts),
    telemetry: telemetryPart(options, measurements, facts),
    events: {
      due: counters.eventsDue,
      sent: counters.eventsSent,
      acked: options.qos === 1 ? counters.eventsAcked : null,
      skipped: counters.eventsSkipped,
    },
    generator: {
      eventLoopLagMs: eventLoopLag.summary(),
      overruns: counters.overruns,
      cpuS: facts.cpuS,
      rssBytesMax: facts.rssBytesMax,
      valid: reasons.length === 0,
    },
    invalidReasons: reasons,
    failures: measurements.failures(),
  };
}

function messagePart(
  options: SimulationOptions,
  { counters }: Measurements,
): SimulationReport['message'] {
  const made = counters.due - counters.skipped;
  return {
    dialect: options.dialect,
    qos: options.qos,
    tls: parseTarget(options.target)!.tls,
    fieldsMean: made > 0 ? counters.values / made : null,
    bytesMean: made > 0 ? counters.payloadBytes / made : null,
  };
}

function connectPart(measurements: Measurements, facts: RunFacts): SimulationReport['connect'] {
  const { counters, latencies } = measurements;
  return {
    attempted: counters.attempted,
    connected: counters.connected,
    failed: counters.attempted - counters.connected,
    reconnects: counters.reconnects,
    seconds: facts.connectSeconds,
    latencyMs: latencies.connect.summary(),
    stagesMs: {
      tcp: latencies.tcp.summary(),
      tls: latencies.tls.summary(),
      connack: latencies.connack.summary(),
    },
  };
}

function onboardingPart(
  { counters, latencies }: Measurements,
  { firstAckSeconds, firstRowSeconds }: RunFacts,
): OnboardingReport | null {
  if (firstAckSeconds === null) return null;
  return {
    provisioned: counters.provisioned,
    acknowledged: pace(counters.firstAcked, firstAckSeconds),
    stored: firstRowSeconds === null ? null : pace(counters.firstRows, firstRowSeconds),
    firstRowMs: latencies.firstRow.summary(),
    stagesMs: {
      tcp: latencies.claimTcp.summary(),
      tls: latencies.claimTls.summary(),
      connack: latencies.claimConnack.summary(),
      claim: latencies.claim.summary(),
      provision: latencies.provision.summary(),
      reconnect: latencies.reconnect.summary(),
      puback: latencies.firstAck.summary(),
      row: latencies.row.summary(),
    },
  };
}

function pace(devices: number, seconds: number): OnboardingPace {
  return { devices, seconds, perSecond: seconds > 0 ? devices / seconds : 0 };
}

function telemetryPart(
  options: SimulationOptions,
  { counters, latencies }: Measurements,
  facts: RunFacts,
): SimulationReport['telemetry'] {
  const acknowledges = options.qos === 1;
  return {
    due: counters.due,
    sent: counters.sent,
    unsent: counters.due - counters.skipped - counters.sent,
    skipped: counters.skipped,
    resent: counters.resent,
    acked: acknowledges ? counters.acked : null,
    unacknowledged: acknowledges ? counters.sent - counters.acked : null,
    perSecond: facts.windowS > 0 ? counters.windowDelivered / facts.windowS : 0,
    publishDelayMs: latencies.publishDelay.summary(),
    ackMs: latencies.ack.summary(),
  };
}

/** Why the load was not the load that was asked for; empty when it was. */
export function invalidReasons(options: SimulationOptions, measurements: Measurements): string[] {
  const { counters, latencies } = measurements;
  const reasons: string[] = [];
  const delay = latencies.publishDelay.summary();
  if (delay !== null && delay.p99 > options.publishDelayMax) {
    reasons.push(
      `publish delay p99 ${delay.p99.toFixed(0)} ms is over ${options.publishDelayMax} ms`,
    );
  }
  const lag = latencies.eventLoopLag.summary();
  if (lag !== null && lag.p99 > options.eventLoopLagMax) {
    reasons.push(
      `event loop lag p99 ${lag.p99.toFixed(0)} ms is over ${options.eventLoopLagMax} ms`,
    );
  }
  if (counters.skipped > 0) {
    reasons.push(
      `${counters.skipped} readings were due and not made: their devices' outboxes were full`,
    );
  }
  for (const { code, count } of measurements.failures()) {
    if (localFailureCodes.has(code))
      reasons.push(`this machine could not connect: ${code}, ${count} times`);
  }
  return reasons;
}
