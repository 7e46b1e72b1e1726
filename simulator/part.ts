/** What each process of a simulation found, and what all of them did together. */

import { LatencyHistogram } from '../model/histogram.ts';
import type { FairnessReport } from '../model/report.ts';
import { EnterpriseLatencies } from './fairness.ts';
import type { GeneratorProcess } from './generator.ts';
import { type EncodedMeasurements, Measurements } from './measurements.ts';

/** What one process found. Wall times are epoch milliseconds. */
export interface SimulationPart {
  readonly measurements: EncodedMeasurements;
  /** Cells of `EnterpriseLatencies`. */
  readonly fairness: Uint32Array;
  readonly pid: number;
  /** When it began to connect; null before. */
  readonly startedAtMs: number | null;
  readonly connectSeconds: number;
  /** Until every device had tried: CPU of the whole process; null before. */
  readonly connecting: { readonly cpuS: number; readonly seconds: number } | null;
  readonly windowS: number;
  /** CPU of the whole process: from `prepare` on, and of the window. */
  readonly cpuS: number;
  readonly windowCpuS: number;
  readonly rssBytesMax: number;
  /** From `drop` until the last connection was cut; null without one. */
  readonly dropSeconds: number | null;
  /** From its first claim to the last acknowledged first reading; null without claims. */
  readonly firstAcks: TimeSpan | null;
  /** From its first claim to the last first row; null when the platform is not asked. */
  readonly firstRows: TimeSpan | null;
}

export interface TimeSpan {
  /** Epoch milliseconds; 0 when it has not begun. */
  readonly startedAtMs: number;
  readonly seconds: number;
}

/** The parts of one simulation as a whole. */
export interface WholeRun {
  readonly measurements: Measurements;
  readonly fairness: FairnessReport | null;
  readonly processes: readonly GeneratorProcess[];
  /** Null when nobody has begun to connect. */
  readonly startedAtMs: number | null;
  readonly connectSeconds: number;
  readonly windowS: number;
  readonly cpuS: number;
  /** The sum of what each process needed at most. */
  readonly rssBytesMax: number;
  readonly dropSeconds: number | null;
  readonly firstAckSeconds: number | null;
  readonly firstRowSeconds: number | null;
}

/** Puts parts together, of which there is at least one; `enterprises` are those of the city. */
export function mergeParts(
  parts: readonly SimulationPart[],
  enterprises: readonly string[],
): WholeRun {
  const measurements = new Measurements();
  const fairness = new EnterpriseLatencies(enterprises.length);
  for (const part of parts) {
    measurements.add(part.measurements);
    fairness.add(part.fairness);
  }
  const begun = parts.flatMap(({ connectSeconds, startedAtMs }) =>
    startedAtMs === null ? [] : [{ startedAtMs, seconds: connectSeconds }],
  );
  const drops = parts.flatMap(({ dropSeconds }) => (dropSeconds === null ? [] : [dropSeconds]));
  return {
    measurements,
    fairness: fairness.report(enterprises),
    processes: parts.map(processOf),
    startedAtMs: begun.length === 0 ? null : Math.min(...begun.map((span) => span.startedAtMs)),
    connectSeconds: spanOf(begun) ?? 0,
    windowS: Math.max(...parts.map(({ windowS }) => windowS)),
    cpuS: sum(parts.map(({ cpuS }) => cpuS)),
    rssBytesMax: sum(parts.map(({ rssBytesMax }) => rssBytesMax)),
    dropSeconds: drops.length === 0 ? null : Math.max(...drops),
    firstAckSeconds: spanOf(parts.map(({ firstAcks }) => firstAcks)),
    firstRowSeconds: spanOf(parts.map(({ firstRows }) => firstRows)),
  };
}

function processOf(part: SimulationPart): GeneratorProcess {
  const { connecting, pid, measurements, windowCpuS, windowS } = part;
  const { counters, latencies } = measurements;
  return {
    pid,
    eventLoopLagMs: LatencyHistogram.decode(latencies.eventLoopLag).summary(),
    publishDelayMs: LatencyHistogram.decode(latencies.publishDelay).summary(),
    overruns: counters.overruns,
    cpuShare: windowS > 0 ? windowCpuS / windowS : null,
    connecting: {
      eventLoopLagMs: LatencyHistogram.decode(latencies.connectLag).summary(),
      cpuShare: connecting && connecting.seconds > 0 ? connecting.cpuS / connecting.seconds : null,
    },
  };
}

/** Seconds from the first beginning to the last end; null where nobody has one. */
function spanOf(spans: readonly (TimeSpan | null)[]): number | null {
  const known = spans.filter((span) => span !== null);
  if (known.length === 0) return null;
  const begun = known.filter(({ startedAtMs }) => startedAtMs > 0);
  if (begun.length === 0) return 0;
  const ends = begun.map(({ startedAtMs, seconds }) => startedAtMs + seconds * 1000);
  return (Math.max(...ends) - Math.min(...begun.map((span) => span.startedAtMs))) / 1000;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
