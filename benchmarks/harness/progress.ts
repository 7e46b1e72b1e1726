/** How a run is going, for people: drawn anew on a terminal, a line now and then elsewhere. */

import { latencyBucketPercentile } from '../../model/latency-buckets.ts';
import type { Look } from './monitor.ts';
import type { Phase } from './phases.ts';
import type { ProcessGroup } from './report-shape.ts';

/** What progress is written to: standard error. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface View extends Look {
  readonly scenario: string;
  readonly phase: Phase;
  /** Of the phase. */
  readonly elapsedMs: number;
  /** Until it ends; null when nobody can say. */
  readonly leftMs: number | null;
}

/** Beyond this part of a core a process that plays the fleet may be late with what is due. */
const generatorCoresMax = 0.9;

const groupNames: readonly (readonly [ProcessGroup, string])[] = [
  ['gatewayWorkers', 'workers'],
  ['gatewaySupervisor', 'supervisor'],
  ['store', 'store'],
  ['simulator', 'simulator'],
];

/** What there is to say, the most important first. */
export function progressParts(view: View): string[] {
  const { elapsedMs, leftMs, phase, scenario } = view;
  const left = leftMs === null ? '' : `, ${minutes(leftMs)} left`;
  return [
    `${scenario}: ${phase} ${minutes(elapsedMs)}${left}`,
    fleetPart(view),
    ratesPart(view),
    cpuPart(view),
  ].filter((part) => part !== '');
}

function fleetPart({ fleet, phase, sample }: View): string {
  if (fleet === null) return '';
  const parts = [`${fleet.sessions}/${fleet.devices} sessions`];
  if (phase === 'connecting') {
    const connected = sample.connectCounts.reduce((sum, count) => sum + count, 0);
    parts.push(`${Math.round(connected / sample.seconds)} connects/s`);
  }
  if (fleet.provisioned !== null) parts.push(`${fleet.provisioned} with a credential`);
  if (fleet.firstRows !== null) parts.push(`${fleet.firstRows} first rows`);
  const worst = fleet.failures[0];
  if (worst !== undefined) parts.push(`${worst.stage} ${worst.code} ×${worst.count}`);
  return parts.join(', ');
}

function ratesPart({ fleet, gateway, sample }: View): string {
  const rate = (count: number) => `${Math.round(count / sample.seconds)}`;
  const parts: string[] = [];
  if (fleet !== null && fleet.sent > 0 && sample.acked !== null) {
    parts.push(`${rate(sample.acked)} acked/s`);
  }
  if (sample.stored !== null) parts.push(`${rate(sample.stored)} stored/s`);
  if (gateway !== null) parts.push(`${gateway.waiting} waiting`);
  if (gateway?.storeAway) parts.push('the store is away');
  const [p50, p99] = [50, 99].map((part) => latencyBucketPercentile(sample.ackCounts, part));
  if (p50 !== null) parts.push(`PUBACK p50 ${ms(p50!)} p99 ${ms(p99!)}`);
  return parts.join(', ');
}

function cpuPart({ fleet, sample }: View): string {
  const parts = groupNames.flatMap(([group, name]) => {
    const usage = sample.usage[group];
    return usage === null ? [] : [`${name} ${(usage.cpuS / sample.seconds).toFixed(2)}`];
  });
  if (parts.length === 0) return '';
  return [`cores: ${parts.join(', ')}`, generatorPart(fleet, sample)]
    .filter((part) => part !== '')
    .join('; ');
}

function generatorPart(fleet: View['fleet'], { seconds, usage }: View['sample']): string {
  if (fleet === null) return '';
  if (fleet.skipped > 0) return `the generator skipped ${fleet.skipped} readings`;
  if (usage.simulator === null) return '';
  const busiest = usage.simulator.busiestCpuS / seconds;
  return busiest > generatorCoresMax ? 'the generator is at its limit' : 'the generator keeps up';
}

/** `4s`, `3:05`. */
function minutes(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** Between two lines where there is no terminal. */
const lineIntervalMs = 5000;

/** Cursor up, and clear from there to the end of the screen (ECMA-48 CUU, ED). */
const upAndClear = (lines: number) => (lines === 0 ? '' : `\u001b[${lines}A\u001b[J`);

export class ProgressWriter {
  readonly #output: ProgressOutput;
  #drawn = 0;
  /** Of the present phase, when a line was written last. */
  #shownMs = 0;

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  /** A phase begins; a terminal is drawn anew within a second. */
  entered(scenario: string, phase: Phase): void {
    if (!this.#output.isTTY) this.#output.write(`${scenario}: ${phase}\n`);
    this.#shownMs = 0;
  }

  show(view: View): void {
    const parts = progressParts(view);
    if (this.#output.isTTY) {
      const width = (this.#output.columns ?? 80) - 1;
      const lines = parts.map((part, i) => `${i === 0 ? '' : '  '}${part}`.slice(0, width));
      this.#output.write(`${upAndClear(this.#drawn)}${lines.join('\n')}\n`);
      this.#drawn = lines.length;
    } else if (view.elapsedMs - this.#shownMs >= lineIntervalMs - 100) {
      this.#output.write(`${parts.join('; ')}\n`);
      this.#shownMs = view.elapsedMs;
    }
  }

  /** A line that stays. */
  say(line: string): void {
    this.#output.write(`${upAndClear(this.#drawn)}${line}\n`);
    this.#drawn = 0;
  }

  /** The last picture is removed: what comes next is the report. */
  end(): void {
    this.#output.write(upAndClear(this.#drawn));
    this.#drawn = 0;
  }
}
