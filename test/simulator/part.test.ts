/** What several processes found, put together. */

import { describe, expect, it } from 'vitest';
import { latencyBucketCount, latencyBucketOf } from '../../model/latency-buckets.ts';
import { EnterpriseLatencies } from '../../simulator/fairness.ts';
import { emptyState, mergeStates } from '../../simulator/fleet-state.ts';
import { invalidReasons } from '../../simulator/generator.ts';
import { Measurements } from '../../simulator/measurements.ts';
import { mergeParts, type SimulationPart } from '../../simulator/part.ts';

const enterprises = ['e1', 'e2'];

interface Made extends Partial<SimulationPart> {
  readonly lagMs?: number;
  readonly delayMs?: number;
  readonly connectLagMs?: number;
  readonly acksOfE2?: number;
}

function part(made: Made): SimulationPart {
  const { lagMs = 1, delayMs = 2, connectLagMs = 1, acksOfE2 = 0, ...more } = made;
  const measurements = new Measurements();
  measurements.counters.sent = 100;
  measurements.counters.overruns = 3;
  for (let i = 0; i < 10; i++) measurements.latencies.eventLoopLag.record(lagMs);
  for (let i = 0; i < 10; i++) measurements.latencies.publishDelay.record(delayMs);
  for (let i = 0; i < 10; i++) measurements.latencies.connectLag.record(connectLagMs);
  const fairness = new EnterpriseLatencies(2);
  for (let i = 0; i < acksOfE2; i++) fairness.record(1, latencyBucketOf(8));
  return {
    measurements: measurements.encode(),
    fairness: fairness.encode(),
    pid: 1,
    startedAtMs: 1000,
    connectSeconds: 0,
    connecting: { cpuS: 3, seconds: 10 },
    windowS: 10,
    cpuS: 4,
    windowCpuS: 2,
    rssBytesMax: 100,
    dropSeconds: null,
    firstAcks: null,
    firstRows: null,
    ...more,
  };
}

describe('mergeParts', () => {
  it('counts time from the first beginning to the last end', () => {
    const run = mergeParts(
      [
        part({ startedAtMs: 5000, connectSeconds: 4, dropSeconds: 0.2, acksOfE2: 10 }),
        part({ startedAtMs: 4000, connectSeconds: 3, dropSeconds: 0.5, acksOfE2: 10 }),
        part({
          startedAtMs: 4500,
          firstAcks: { startedAtMs: 4600, seconds: 2 },
          firstRows: { startedAtMs: 0, seconds: 0 },
        }),
      ],
      enterprises,
    );
    expect(run).toMatchObject({
      startedAtMs: 4000,
      connectSeconds: 5,
      windowS: 10,
      cpuS: 12,
      rssBytesMax: 300,
      dropSeconds: 0.5,
      firstAckSeconds: 2,
      firstRowSeconds: 0,
    });
    expect(run.measurements.counters).toMatchObject({ sent: 300, overruns: 9 });
    expect(run.fairness).toMatchObject({ enterprises: 1, worstEnterprise: 'e2' });
    expect(run.processes).toHaveLength(3);
    expect(run.processes[0]).toMatchObject({
      overruns: 3,
      cpuShare: 0.2,
      connecting: { eventLoopLagMs: { p99: 1 }, cpuShare: 0.3 },
    });
  });

  it('spans the claims of all processes', () => {
    const spans = [
      { startedAtMs: 1000, seconds: 2 },
      { startedAtMs: 2500, seconds: 4 },
    ];
    const run = mergeParts(
      spans.map((firstAcks) => part({ firstAcks, firstRows: firstAcks })),
      enterprises,
    );
    expect(run).toMatchObject({ firstAckSeconds: 5.5, firstRowSeconds: 5.5 });
  });

  it('leaves out who has not begun to connect', () => {
    const idle = { startedAtMs: null, connectSeconds: 0, connecting: null };
    const run = mergeParts([part(idle), part({ connectSeconds: 2 })], enterprises);
    expect(run).toMatchObject({ startedAtMs: 1000, connectSeconds: 2 });
    expect(run.processes[0]!.connecting.cpuShare).toBeNull();
    const nobody = mergeParts([part(idle)], enterprises);
    expect(nobody).toMatchObject({ startedAtMs: null, connectSeconds: 0 });
  });

  it('does not know what nobody knows', () => {
    expect(mergeParts([part({}), part({})], enterprises)).toMatchObject({
      fairness: null,
      dropSeconds: null,
      firstAckSeconds: null,
      firstRowSeconds: null,
    });
  });
});

describe('invalidReasons', () => {
  const limits = { publishDelayMax: 100, eventLoopLagMax: 100 };
  const reasons = (parts: SimulationPart[], times = {}, onboard?: 'claim') => {
    const { measurements, processes } = mergeParts(parts, enterprises);
    const judged = { connectSeconds: 10, windowS: 10, ...times };
    return invalidReasons({ ...limits, onboard }, measurements, processes, judged);
  };

  it('are none of a generator that kept up', () => {
    expect(reasons([part({}), part({})])).toEqual([]);
  });

  it('name the worst process', () => {
    expect(reasons([part({ pid: 7 }), part({ pid: 8, lagMs: 300, delayMs: 400 })])).toEqual([
      expect.stringMatching(/^publish delay p99 400 ms is over 100 ms; worst of 2.*400 ms, pid 8$/),
      expect.stringMatching(/^event loop lag p99 300 ms .*6 of 20 turns missed a slot.*pid 8$/),
    ]);
  });

  it('tell of processes that had no CPU left', () => {
    const parts = [part({ pid: 7 }), part({ pid: 8, windowCpuS: 9.7 })];
    expect(reasons(parts)).toEqual([expect.stringMatching(/^1 of 2 .* over 90 % .* 97 %, pid 8$/)]);
    expect(reasons(parts, { windowS: 1 })).toEqual([]);
  });

  it('tell of the time in which devices connected, where they come by a claim', () => {
    const connecting = { cpuS: 9.5, seconds: 10 };
    const parts = [part({ pid: 7 }), part({ pid: 8, connectLagMs: 300, connecting })];
    expect(reasons(parts)).toEqual([]);
    const lag = expect.stringMatching(/^while devices connected: event loop lag p99 300 .* pid 8$/);
    const cpu = expect.stringMatching(/^while devices connected: 1 of 2 .* 95 %, pid 8$/);
    expect(reasons(parts, {}, 'claim')).toEqual([lag, cpu]);
    expect(reasons(parts, { connectSeconds: 2 }, 'claim')).toEqual([]);
    expect(reasons([part({}), part({})], {}, 'claim')).toEqual([]);
  });
});

describe('mergeStates', () => {
  it('adds up, and leaves unknown what nobody knows', () => {
    const counts = new Array<number>(latencyBucketCount).fill(0).with(3, 2);
    const failure = { stage: 'tcp' as const, code: 'refused', count: 2 };
    const one = { ...emptyState(5, 1), sessions: 3, ackCounts: counts, failures: [failure] };
    const other = {
      ...emptyState(6, 1),
      provisioned: 4,
      acked: 9,
      ackCounts: counts,
      failures: [{ stage: 'connack' as const, code: '5', count: 3 }, failure],
    };
    const merged = mergeStates([one, other]);
    expect(merged).toMatchObject({
      devices: 11,
      untried: 11,
      sessions: 3,
      acked: 9,
      provisioned: 4,
      firstRows: null,
      failures: [
        { stage: 'tcp', code: 'refused', count: 4 },
        { stage: 'connack', code: '5', count: 3 },
      ],
    });
    expect(merged.ackCounts).toEqual(new Array(latencyBucketCount).fill(0).with(3, 4));
    expect(mergeStates([emptyState(1, 0)]).acked).toBeNull();
  });
});
