/** Watches a run: once a second it looks at the fleet, the gateway and the processes. */

import type { GatewayProgress } from '../../gateway/api/progress.ts';
import type { Clock, Timer } from '../../model/clock.ts';
import { latencyBucketCount } from '../../model/latency-buckets.ts';
import type { RunTimeline } from '../../model/report.ts';
import type { FleetState } from '../../simulator/simulation.ts';
import { type Phase, Phases } from './phases.ts';
import { type ProcessGroup, processGroups } from './report-shape.ts';
import { ResourceMeter, type Usages } from './resources.ts';
import { type Sample, Timeline } from './timeline.ts';

/** What is known at a moment, and what happened since the look before it. */
export interface Look {
  readonly sample: Sample;
  readonly fleet: FleetState | null;
  readonly gateway: GatewayProgress | null;
}

export interface MonitorOptions {
  readonly clock: Clock;
  readonly onLook?: (look: Look) => void;
  readonly onPhase?: (phase: Phase) => void;
}

/** What is asked for the gateway's counters. */
export interface WatchedGateway {
  progress(): Promise<GatewayProgress>;
}

const lookMs = 1000;

/** Things that happened which a timeline names. */
const eventsMax = 200;

export class Monitor {
  readonly phases: Phases;
  readonly resources: ResourceMeter;
  readonly #options: MonitorOptions;
  readonly #timeline = new Timeline();
  readonly #events: { readonly atMs: number; readonly text: string }[] = [];
  readonly #connectCounts = new Array<number>(latencyBucketCount).fill(0);
  readonly #ackCounts = new Array<number>(latencyBucketCount).fill(0);
  #timer: Timer | null = null;
  #gatewayClient: WatchedGateway | null = null;
  #asking = false;
  #fleet: FleetState | null = null;
  #gateway: GatewayProgress | null = null;
  #lastLook: (Omit<Look, 'sample'> & { readonly usage: Usages }) | null = null;
  #lookedMs: number;
  #originMs: number | null = null;
  #simulatorPids: () => readonly number[] = () => [];
  #storePid: () => number | null = () => null;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.phases = new Phases(options.clock, options.onPhase);
    this.resources = new ResourceMeter(() => this.#pids());
    this.#lookedMs = options.clock.monotonicMs();
  }

  start(): void {
    this.#timer = this.#options.clock.every(lookMs, () => this.#look());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.phases.end();
  }

  /** The latest state of the fleet. */
  get fleet(): FleetState | null {
    return this.#fleet;
  }

  /** The gateway's latest answer; null before the first, and while it does not answer. */
  get gateway(): GatewayProgress | null {
    return this.#gateway;
  }

  /** Resident memory of supervisor and workers; null where it cannot be seen. */
  get gatewayMemoryBytes(): number | null {
    const { gatewaySupervisor, gatewayWorkers } = this.#lastLook?.usage ?? {};
    if (!gatewaySupervisor || !gatewayWorkers) return null;
    return gatewaySupervisor.rssBytes + gatewayWorkers.rssBytes;
  }

  /** To be called with every state of the fleet. */
  onFleet(state: FleetState): void {
    this.#fleet = state;
    for (const [i, count] of state.ackCounts.entries()) this.#ackCounts[i]! += count;
    for (const [i, count] of state.connectCounts.entries()) this.#connectCounts[i]! += count;
  }

  /** The fleet is no more: what it said last is not true any longer. */
  fleetLeft(): void {
    this.#fleet = null;
  }

  watchGateway(client: WatchedGateway): void {
    this.#gatewayClient = client;
    this.#ask();
  }

  watchSimulator(pids: () => readonly number[]): void {
    this.#simulatorPids = pids;
  }

  watchStore(pid: () => number | null): void {
    this.#storePid = pid;
  }

  /** The timeline begins now. */
  beginTimeline(): void {
    this.#look();
    this.#originMs = this.#options.clock.monotonicMs();
  }

  /** Notes that something was done to the system, or happened to it. */
  event(text: string): void {
    if (this.#events.length >= eventsMax) return;
    this.#events.push({ atMs: this.#options.clock.monotonicMs(), text });
  }

  /** Null when it has not begun. */
  timeline(): RunTimeline | null {
    const originMs = this.#originMs;
    if (originMs === null) return null;
    const events = this.#events
      .filter(({ atMs }) => atMs >= originMs)
      .map(({ atMs, text }) => ({ atS: (atMs - originMs) / 1000, text }));
    return this.#timeline.report(this.phases.since(originMs), events);
  }

  #pids(): Record<ProcessGroup, readonly number[]> {
    const store = this.#storePid();
    const gateway = this.#gateway ?? this.#lastLook?.gateway;
    return {
      gatewayWorkers: gateway?.workers.map(({ pid }) => pid) ?? [],
      gatewaySupervisor: gateway ? [gateway.supervisor.pid] : [],
      simulator: this.#simulatorPids(),
      store: store === null ? [] : [store],
      harness: [process.pid],
    };
  }

  #ask(): void {
    if (this.#asking || this.#gatewayClient === null) return;
    this.#asking = true;
    this.#gatewayClient
      .progress()
      .then(
        (progress) => {
          this.#gateway = progress;
        },
        () => {
          this.#gateway = null;
        },
      )
      .finally(() => {
        this.#asking = false;
      });
  }

  #look(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const seconds = (nowMs - this.#lookedMs) / 1000;
    if (seconds <= 0) return;
    this.#lookedMs = nowMs;
    const now = { fleet: this.#fleet, gateway: this.#gateway, usage: this.resources.look() };
    const sample = this.#sample(seconds, now);
    this.#lastLook = { ...now, gateway: now.gateway ?? this.#lastLook?.gateway ?? null };
    this.#connectCounts.fill(0);
    this.#ackCounts.fill(0);
    if (this.#originMs !== null) this.#timeline.add(sample);
    this.#options.onLook?.({ sample, ...now });
    this.#ask();
  }

  #sample(seconds: number, now: Omit<Look, 'sample'> & { readonly usage: Usages }): Sample {
    const last = this.#lastLook;
    const { fleet, gateway, usage } = now;
    const grown = (to: number | null | undefined, from: number | null | undefined) =>
      to === null || to === undefined ? null : Math.max(0, to - (from ?? 0));
    return {
      seconds,
      sessions: fleet?.sessions ?? null,
      waiting: gateway?.waiting ?? null,
      acked: grown(fleet?.acked, last?.fleet?.acked),
      stored: last?.gateway ? grown(gateway?.stored, last.gateway.stored) : null,
      connectCounts: [...this.#connectCounts],
      ackCounts: [...this.#ackCounts],
      storedCounts: storedSince(gateway, last?.gateway ?? null),
      usage: usageSince(usage, last?.usage ?? null),
    };
  }
}

/** A supervisor that was started again counts from 0. */
function storedSince(now: GatewayProgress | null, before: GatewayProgress | null): number[] {
  if (now === null) return [];
  if (before === null || before.startedAtMs !== now.startedAtMs) return [...now.storedCounts];
  return now.storedCounts.map((count, i) => count - (before.storedCounts[i] ?? 0));
}

function usageSince(now: Usages, before: Usages | null): Usages {
  const grown = processGroups.map((group) => {
    const [to, from] = [now[group], before?.[group] ?? null];
    if (to === null || from === null) return [group, null];
    return [group, { ...to, cpuS: to.cpuS - from.cpuS }];
  });
  return Object.fromEntries(grown) as Record<ProcessGroup, Usages[ProcessGroup]>;
}
