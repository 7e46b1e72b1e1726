/** The steps a fleet is played in: release, window, drop. */

import { describe, expect, it } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import {
  acceptedOf,
  ackedSeqs,
  broker,
  clock,
  connectAll,
  createFleet,
  deviceCount,
  devices,
  expectSums,
  fleet,
  runUntil,
  seqs,
  settled,
} from './fleet-world.ts';

describe('a fleet that is played step by step', () => {
  it('publishes nothing before its release, and then evenly over one interval', async () => {
    await createFleet({ publishFrom: 'release' });
    await connectAll();
    await clock.advanceAsync(5000);
    expect(fleet.measurements.counters.due).toBe(0);
    const releasedAtMs = clock.nowMs();
    fleet.release();
    fleet.release();
    await clock.advanceAsync(4000);
    await settled();
    const firsts = devices.map((device) => acceptedOf(device)[0]!.ts - releasedAtMs);
    for (const first of firsts) expect(first).toBeGreaterThan(0);
    for (const first of firsts) expect(first).toBeLessThanOrEqual(1000);
    // Ten devices in ten tenths: no part of the interval is empty, none crowded.
    firsts.sort((a, b) => a - b);
    for (let i = 1; i < firsts.length; i++) {
      expect(firsts[i]! - firsts[i - 1]!).toBeGreaterThanOrEqual(40);
      expect(firsts[i]! - firsts[i - 1]!).toBeLessThan(200);
    }
    for (const device of devices) {
      expect(fleet.ledger.entry(device.index).stamps).toEqual([[1, expect.any(Number), 1000]]);
      expect(acceptedOf(device)).toHaveLength(4);
    }
  });

  it('publishes from its session on when that is after the release', async () => {
    await createFleet({ publishFrom: 'release' });
    fleet.start();
    fleet.release();
    await runUntil(() => fleet.sessions === deviceCount);
    await clock.advanceAsync(3000);
    await settled();
    // Four where the first was due while others were still connecting.
    for (const device of devices) expect([3, 4]).toContain(acceptedOf(device).length);
  });

  it('comes back after all its connections were cut, and sends what came due meanwhile', async () => {
    await createFleet({ backoffMs: 4000 });
    await connectAll();
    await clock.advanceAsync(2000);
    fleet.drop();
    expect(fleet.dropping).toBe(true);
    await runUntil(() => !fleet.dropping && fleet.sessions === 0);
    expect(fleet.measurements.counters.reconnects).toBe(0);
    await runUntil(() => fleet.sessions === deviceCount);
    fleet.endWindow();
    await settled();
    const { counters, latencies } = fleet.measurements;
    expect(counters.reconnects).toBe(deviceCount);
    expect(latencies.recovery.count).toBe(deviceCount);
    // Back-off is between half and the whole of four seconds; here three.
    expect(latencies.recovery.summary()!.p50).toBeGreaterThanOrEqual(3000);
    expect(latencies.recovery.summary()!.max).toBeLessThan(4000);
    expect(fleet.measurements.failures()).toEqual([
      { stage: 'session', code: 'cut', count: deviceCount },
    ]);
    expect(counters.skipped).toBe(0);
    expect(counters.acked).toBe(counters.due);
    expectSums();
    for (const { index } of devices) {
      const entry = fleet.ledger.entry(index);
      expect(entry.stamps).toEqual([[1, expect.any(Number), 1000]]);
      expect(ackedSeqs(entry)).toEqual(seqs(entry.sent));
    }
  });

  it('counts acknowledgements of the window by enterprise, all of them by latency', async () => {
    await createFleet();
    await connectAll();
    broker.hold();
    await clock.advanceAsync(20_000);
    fleet.endWindow();
    await clock.advanceAsync(5000);
    await eventually(() => broker.held).toBe(16 * deviceCount);
    broker.release();
    await settled();
    const { counters, latencies } = fleet.measurements;
    expect(latencies.ack.count).toBe(20 * deviceCount);
    expect(latencies.publishDelay.count).toBe(20 * deviceCount);
    expect(fleet.ackCounts.reduce((a, b) => a + b)).toBe(counters.acked);
    expect(fleet.connectCounts.reduce((a, b) => a + b)).toBe(deviceCount);
    expect(fleet.enterprises).toEqual(['e1', 'e2', 'e3']);
    const fairness = fleet.fairness.report(fleet.enterprises)!;
    expect(fairness.enterprises).toBe(3);
    expect(fairness.worstEnterpriseAckMsP99).toBeGreaterThanOrEqual(20_000);
    expect(fairness.starved).toBe(0);
    // Each reading of the window came due, and was acknowledged.
    const cells = fleet.fairness.encode();
    expect(cells.filter((_, i) => i % 2 === 1).reduce((a, b) => a + b)).toBe(2 * 20 * deviceCount);
  });
});
