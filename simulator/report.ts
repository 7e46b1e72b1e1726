/** What a simulation found, as JSON: the parts of a run's report that a fleet knows by itself. */

import type { CityDevice } from '../model/city.ts';
import type { LatencySummary } from '../model/histogram.ts';
import type {
  FairnessReport,
  OnboardingPace,
  OnboardingReport,
  RunReport,
} from '../model/report.ts';
import { parseTarget } from './client/target.ts';
import { type GeneratorProcess, invalidReasons } from './generator.ts';
import type { FailureCount, Measurements } from './measurements.ts';
import type { SimulationOptions } from './options.ts';
import type { WholeRun } from './part.ts';

/** Null is what is not known, or does not exist at the QoS in use; latencies are milliseconds. */
export interface SimulationReport {
  readonly schema: 'onramp-simulation/1';
  readonly seed: number;
  /** Null when it ended before it began to connect. */
  readonly startedAt: string | null;
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
  /**
   * Null when fewer than 20 readings of each enterprise were acknowledged in the window, and some
   * of each that had any due.
   */
  readonly fairness: FairnessReport | null;
  /** Null when connections were not cut. */
  readonly recovery: {
    /** Until the last connection was cut. */
    readonly dropSeconds: number;
    /** From then on to the new session of each device. */
    readonly sessionMs: LatencySummary | null;
  } | null;
  readonly generator: {
    readonly eventLoopLagMs: LatencySummary | null;
    readonly overruns: number;
    readonly connecting: RunReport['generator']['connecting'];
    /** Of the whole processes. */
    readonly cpuS: number;
    readonly rssBytesMax: number;
    readonly valid: boolean;
    readonly processes: readonly GeneratorProcess[];
  };
  readonly invalidReasons: readonly string[];
  readonly failures: readonly FailureCount[];
}

/** Puts together the report of all `devices`. */
export function simulationReport(
  options: SimulationOptions,
  devices: readonly CityDevice[],
  run: WholeRun,
): SimulationReport {
  const { measurements, processes } = run;
  const { counters, latencies } = measurements;
  const reasons = invalidReasons(options, measurements, processes, run);
  return {
    schema: 'onramp-simulation/1',
    seed: options.seed,
    startedAt: run.startedAtMs === null ? null : new Date(run.startedAtMs).toISOString(),
    durationS: run.windowS,
    interrupted: false,
    target: options.target,
    fleet: {
      enterprises: new Set(devices.map((device) => device.enterprise)).size,
      devices: devices.length,
      productionDevices: devices.filter((device) => device.production).length,
      sessions: counters.connected,
    },
    message: messagePart(options, measurements),
    connect: connectPart(run),
    onboarding: onboardingPart(run),
    telemetry: telemetryPart(options, run),
    events: {
      due: counters.eventsDue,
      sent: counters.eventsSent,
      acked: options.qos === 1 ? counters.eventsAcked : null,
      skipped: counters.eventsSkipped,
    },
    fairness: run.fairness,
    recovery:
      run.dropSeconds === null
        ? null
        : { dropSeconds: run.dropSeconds, sessionMs: latencies.recovery.summary() },
    generator: {
      eventLoopLagMs: latencies.eventLoopLag.summary(),
      overruns: counters.overruns,
      connecting: connectingPart(run),
      cpuS: run.cpuS,
      rssBytesMax: run.rssBytesMax,
      valid: reasons.length === 0,
      processes,
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

function connectPart({ connectSeconds, measurements }: WholeRun): SimulationReport['connect'] {
  const { counters, latencies } = measurements;
  return {
    attempted: counters.attempted,
    connected: counters.connected,
    failed: counters.attempted - counters.connected,
    reconnects: counters.reconnects,
    seconds: connectSeconds,
    latencyMs: latencies.connect.summary(),
    stagesMs: {
      tcp: latencies.tcp.summary(),
      tls: latencies.tls.summary(),
      connack: latencies.connack.summary(),
    },
  };
}

function connectingPart({ measurements, processes }: WholeRun) {
  const shares = processes.flatMap(({ connecting: { cpuShare } }) => cpuShare ?? []);
  return {
    eventLoopLagMs: measurements.latencies.connectLag.summary(),
    busiestCpuShare: shares.length === 0 ? null : Math.max(...shares),
  };
}

function onboardingPart(run: WholeRun): OnboardingReport | null {
  const { firstAckSeconds, firstRowSeconds } = run;
  const { counters, latencies } = run.measurements;
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
  { measurements, windowS }: WholeRun,
): SimulationReport['telemetry'] {
  const { counters, latencies } = measurements;
  const acknowledges = options.qos === 1;
  return {
    due: counters.due,
    sent: counters.sent,
    unsent: counters.due - counters.skipped - counters.sent,
    skipped: counters.skipped,
    resent: counters.resent,
    acked: acknowledges ? counters.acked : null,
    unacknowledged: acknowledges ? counters.sent - counters.acked : null,
    perSecond: windowS > 0 ? counters.windowDelivered / windowS : 0,
    publishDelayMs: latencies.publishDelay.summary(),
    ackMs: latencies.ack.summary(),
  };
}
