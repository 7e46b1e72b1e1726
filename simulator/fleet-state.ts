/** The state of a fleet: before there is one, and of one that several processes play. */

import { latencyBucketCount } from '../model/latency-buckets.ts';
import type { FailureCount } from './measurements.ts';
import type { FleetState } from './simulation.ts';

/** The state of `devices` devices that do nothing yet. */
export function emptyState(devices: number, qos: 0 | 1): FleetState {
  return {
    devices,
    untried: devices,
    connected: 0,
    sessions: 0,
    sent: 0,
    acked: qos === 1 ? 0 : null,
    skipped: 0,
    outstanding: 0,
    provisioned: null,
    firstRows: null,
    failures: [],
    ackCounts: new Array<number>(latencyBucketCount).fill(0),
    connectCounts: new Array<number>(latencyBucketCount).fill(0),
  };
}

/** The state of all, of which there is at least one. What none of them knows is null. */
export function mergeStates(states: readonly FleetState[]): FleetState {
  const total = (of: (state: FleetState) => number): number =>
    states.reduce((sum, state) => sum + of(state), 0);
  const known = (of: (state: FleetState) => number | null): number | null =>
    states.every((state) => of(state) === null) ? null : total((state) => of(state) ?? 0);
  const counts = (of: (state: FleetState) => readonly number[]): number[] =>
    Array.from({ length: latencyBucketCount }, (_, i) => total((state) => of(state)[i]!));
  return {
    devices: total(({ devices }) => devices),
    untried: total(({ untried }) => untried),
    connected: total(({ connected }) => connected),
    sessions: total(({ sessions }) => sessions),
    sent: total(({ sent }) => sent),
    acked: known(({ acked }) => acked),
    skipped: total(({ skipped }) => skipped),
    outstanding: total(({ outstanding }) => outstanding),
    provisioned: known(({ provisioned }) => provisioned),
    firstRows: known(({ firstRows }) => firstRows),
    failures: mergeFailures(states.map(({ failures }) => failures)),
    ackCounts: counts(({ ackCounts }) => ackCounts),
    connectCounts: counts(({ connectCounts }) => connectCounts),
  };
}

/** Most frequent first. */
function mergeFailures(lists: readonly (readonly FailureCount[])[]): FailureCount[] {
  const merged = new Map<string, FailureCount>();
  for (const failure of lists.flat()) {
    const key = `${failure.stage}/${failure.code}`;
    const count = failure.count + (merged.get(key)?.count ?? 0);
    merged.set(key, { ...failure, count });
  }
  return [...merged.values()].sort((a, b) => b.count - a.count);
}
