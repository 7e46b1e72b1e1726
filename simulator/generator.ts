/** Was the load the load that was asked for? What each process of the simulator says of itself. */

import type { LatencySummary } from '../model/histogram.ts';
import { localFailureCodes } from './client/failure.ts';
import type { Measurements } from './measurements.ts';
import type { SimulationOptions } from './options.ts';

/** A process that uses more of a core than this cannot make more load. */
const cpuShareMax = 0.9;

/** A share of CPU, or the first turns of a timer, say little of a shorter time. */
const judgedSMin = 5;

/** One process, in the measured window. */
export interface GeneratorProcess {
  readonly pid: number;
  readonly eventLoopLagMs: LatencySummary | null;
  readonly publishDelayMs: LatencySummary | null;
  /** Turns of its timer that missed a slot. */
  readonly overruns: number;
  /** Cores in use; null without a window. */
  readonly cpuShare: number | null;
  /** The same while its devices connected. */
  readonly connecting: {
    readonly eventLoopLagMs: LatencySummary | null;
    readonly cpuShare: number | null;
  };
}

/** How long devices connected, and how long the measured window was. */
export interface JudgedTimes {
  readonly connectSeconds: number;
  readonly windowS: number;
}

/**
 * Why the load was not the load that was asked for; empty when it was. While devices connect, as
 * fast as they can, only those that come by a claim are measured.
 */
export function invalidReasons(
  options: Pick<SimulationOptions, 'publishDelayMax' | 'eventLoopLagMax' | 'onboard'>,
  measurements: Measurements,
  processes: readonly GeneratorProcess[],
  { connectSeconds, windowS }: JudgedTimes,
): string[] {
  const { counters, latencies } = measurements;
  const { eventLoopLagMax, onboard, publishDelayMax } = options;
  const reasons: string[] = [];
  if (onboard === 'claim' && connectSeconds >= judgedSMin) {
    const lag = latencies.connectLag.summary();
    if (lag !== null && lag.p99 > eventLoopLagMax) {
      const worst = worstOf(processes, ({ connecting }) => connecting.eventLoopLagMs);
      reasons.push(`${whileConnecting}: ${over('event loop lag', lag, eventLoopLagMax)}${worst}`);
    }
    const shares = busy(processes, ({ connecting }) => connecting.cpuShare);
    reasons.push(...shares.map((reason) => `${whileConnecting}: ${reason}`));
  }
  const delay = latencies.publishDelay.summary();
  if (delay !== null && delay.p99 > publishDelayMax) {
    const worst = worstOf(processes, ({ publishDelayMs }) => publishDelayMs);
    reasons.push(`${over('publish delay', delay, publishDelayMax)}${worst}`);
  }
  const lag = latencies.eventLoopLag.summary();
  if (lag !== null && lag.p99 > eventLoopLagMax) {
    const worst = worstOf(processes, ({ eventLoopLagMs }) => eventLoopLagMs);
    const late = `${counters.overruns} of ${lag.count} turns missed a slot`;
    reasons.push(`${over('event loop lag', lag, eventLoopLagMax)}, ${late}${worst}`);
  }
  if (windowS >= judgedSMin) reasons.push(...busy(processes, ({ cpuShare }) => cpuShare));
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

const whileConnecting = 'while devices connected';

function over(what: string, { p99 }: LatencySummary, maxMs: number): string {
  return `${what} p99 ${p99.toFixed(0)} ms is over ${maxMs} ms`;
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

function busy(
  processes: readonly GeneratorProcess[],
  shareOf: (process: GeneratorProcess) => number | null,
): string[] {
  const shares = processes.map((process) => ({ pid: process.pid, share: shareOf(process) ?? 0 }));
  const over = shares.filter(({ share }) => share > cpuShareMax);
  if (over.length === 0) return [];
  const worst = over.reduce((a, b) => (b.share > a.share ? b : a));
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  return [
    `${over.length} of ${processes.length} simulator processes used over ${percent(cpuShareMax)} ` +
      `of a core: they were the bottleneck; most, ${percent(worst.share)}, pid ${worst.pid}`,
  ];
}
