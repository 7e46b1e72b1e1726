/** Was the load the load that was asked for? What each process of the simulator says of itself. */

import type { LatencySummary } from '../model/histogram.ts';
import { localFailureCodes } from './client/failure.ts';
import type { Measurements } from './measurements.ts';
import type { SimulationOptions } from './options.ts';

/** A process that uses more of a core than this cannot make more load. */
const cpuShareMax = 0.9;

/** A share of a shorter window says little. */
const cpuWindowSMin = 5;

/** One process, in the measured window. */
export interface GeneratorProcess {
  readonly pid: number;
  readonly eventLoopLagMs: LatencySummary | null;
  readonly publishDelayMs: LatencySummary | null;
  /** Turns of its timer that missed a slot. */
  readonly overruns: number;
  /** Cores in use; null without a window. */
  readonly cpuShare: number | null;
}

/** Why the load was not the load that was asked for; empty when it was. */
export function invalidReasons(
  options: Pick<SimulationOptions, 'publishDelayMax' | 'eventLoopLagMax'>,
  measurements: Measurements,
  processes: readonly GeneratorProcess[],
  windowS: number,
): string[] {
  const { counters, latencies } = measurements;
  const reasons: string[] = [];
  const delay = latencies.publishDelay.summary();
  if (delay !== null && delay.p99 > options.publishDelayMax) {
    const worst = worstOf(processes, ({ publishDelayMs }) => publishDelayMs);
    reasons.push(
      `publish delay p99 ${delay.p99.toFixed(0)} ms is over ${options.publishDelayMax} ms${worst}`,
    );
  }
  const lag = latencies.eventLoopLag.summary();
  if (lag !== null && lag.p99 > options.eventLoopLagMax) {
    const worst = worstOf(processes, ({ eventLoopLagMs }) => eventLoopLagMs);
    const late = `${counters.overruns} of ${lag.count} turns missed a slot`;
    reasons.push(
      `event loop lag p99 ${lag.p99.toFixed(0)} ms is over ${options.eventLoopLagMax} ms, ${late}${worst}`,
    );
  }
  if (windowS >= cpuWindowSMin) reasons.push(...busy(processes));
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

/** Which of several processes was worst. */
function worstOf(
  processes: readonly GeneratorProcess[],
  summary: (process: GeneratorProcess) => LatencySummary | null,
): string {
  if (processes.length < 2) return '';
  const p99 = (process: GeneratorProcess): number => summary(process)?.p99 ?? 0;
  const worst = processes.reduce((a, b) => (p99(b) > p99(a) ? b : a));
  return `; worst of ${processes.length} processes: ${p99(worst).toFixed(0)} ms, pid ${worst.pid}`;
}

function busy(processes: readonly GeneratorProcess[]): string[] {
  const over = processes.filter(({ cpuShare }) => (cpuShare ?? 0) > cpuShareMax);
  if (over.length === 0) return [];
  const worst = over.reduce((a, b) => (b.cpuShare! > a.cpuShare! ? b : a));
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  return [
    `${over.length} of ${processes.length} simulator processes used over ${percent(cpuShareMax)} ` +
      `of a core: they were the bottleneck; most, ${percent(worst.cpuShare!)}, pid ${worst.pid}`,
  ];
}
