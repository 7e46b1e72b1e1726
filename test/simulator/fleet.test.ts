/** How a fleet connects, publishes and copes with losses. */

import { describe, expect, it } from 'vitest';
import { native } from '../../model/dialects/native.ts';
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
  machines,
  runUntil,
  seqs,
  settled,
  startBroker,
} from './fleet-world.ts';

describe('a fleet', () => {
  it('connects every device as itself and delivers every reading once, in order', async () => {
    await createFleet();
    await connectAll();
    await clock.advanceAsync(5000);
    await settled();
    for (const device of devices) {
      const accepted = acceptedOf(device);
      expect(accepted.map(({ seq }) => seq)).toEqual(seqs(accepted.length));
      expect(accepted.length).toBeGreaterThanOrEqual(5);
      for (let i = 1; i < accepted.length; i++) {
        expect(accepted[i]!.ts - accepted[i - 1]!.ts).toBe(1000);
      }
      const entry = fleet.ledger.entry(device.index);
      expect(entry).toMatchObject({ device: device.device, sent: accepted.length });
      expect(ackedSeqs(entry)).toEqual(seqs(accepted.length));
    }
    expect(new Set(broker.publishes.map(({ clientId }) => clientId)).size).toBe(deviceCount);
    expect(fleet.measurements.counters).toMatchObject({
      attempted: deviceCount,
      connected: deviceCount,
      reconnects: 0,
      resent: 0,
      skipped: 0,
    });
    expect(fleet.untried).toBe(0);
    expect(fleet.measurements.failures()).toEqual([]);
    expectSums();
  });

  it('sends again what was not acknowledged when the broker dies, and loses nothing', async () => {
    await createFleet();
    await connectAll();
    for (let round = 0; round < 3; round++) {
      await clock.advanceAsync(1500);
      broker.hold();
      await clock.advanceAsync(1500);
      await eventually(() => broker.held).toBeGreaterThanOrEqual(deviceCount);
      broker.dropAll();
      await runUntil(() => fleet.sessions === 0);
      broker.release();
      await runUntil(() => fleet.sessions === deviceCount);
    }
    await settled();
    expectSums();
    const { counters } = fleet.measurements;
    expect(counters.reconnects).toBe(3 * deviceCount);
    expect(counters.resent).toBeGreaterThanOrEqual(3 * deviceCount);
    expect(counters.acked).toBe(counters.due);
    expect(broker.publishes.filter(({ dup }) => dup)).toHaveLength(counters.resent);
    for (const device of devices) {
      const accepted = acceptedOf(device);
      const bySeq = new Map(accepted.map(({ seq, ts }) => [seq, ts]));
      const entry = fleet.ledger.entry(device.index);
      expect([...bySeq.keys()].sort((a, b) => a - b)).toEqual(seqs(entry.sent));
      expect(ackedSeqs(entry)).toEqual(seqs(entry.sent));
      for (const { seq, ts } of accepted) expect(ts).toBe(bySeq.get(seq));
      for (let seq = 2; seq <= entry.sent; seq++) {
        expect(bySeq.get(seq)!).toBeGreaterThan(bySeq.get(seq - 1)!);
      }
    }
    expect(fleet.measurements.failures().every(({ stage }) => stage === 'session')).toBe(true);
  });

  it('is open: a stalled broker shows as latency, not as fewer readings', async () => {
    await createFleet();
    await connectAll();
    await clock.advanceAsync(2000);
    await runUntil(() => fleet.outstanding === 0);
    const { counters, latencies } = fleet.measurements;
    const before = counters.due;
    broker.hold();
    await clock.advanceAsync(10_000);
    expect(counters.due - before).toBe(10 * deviceCount);
    expect(counters.skipped).toBe(0);
    await eventually(() => broker.held).toBe(10 * deviceCount);
    broker.release();
    await settled();
    fleet.endWindow();
    expect(latencies.ack.summary()!.max).toBeGreaterThanOrEqual(9000);
    expect(latencies.ack.count).toBe(latencies.publishDelay.count);
    expect(latencies.publishDelay.summary()!.max).toBeLessThanOrEqual(10);
    expectSums();
  });

  it('holds 32 messages a device and 16 on the wire, counts what does not fit, and is honest', async () => {
    await createFleet();
    await connectAll();
    await runUntil(() => fleet.outstanding === 0);
    const { counters } = fleet.measurements;
    const before = counters.due;
    broker.hold();
    await clock.advanceAsync(60_000);
    await eventually(() => broker.held).toBe(16 * deviceCount);
    expect(counters.due - before).toBe(60 * deviceCount);
    expect(counters.skipped).toBe((60 - 32) * deviceCount);
    expect(fleet.outstanding).toBe(32 * deviceCount);
    expectSums();
    broker.release();
    await runUntil(() => fleet.outstanding === 0);
    await clock.advanceAsync(3000);
    await settled();
    expectSums();
    expect(counters.acked).toBe(counters.due - counters.skipped);
    for (const device of devices) {
      const accepted = acceptedOf(device);
      expect(accepted.map(({ seq }) => seq)).toEqual(seqs(fleet.ledger.entry(device.index).sent));
    }
  });

  it('goes on making readings while offline', async () => {
    await createFleet();
    await connectAll();
    const { port } = broker;
    await broker.stop();
    await runUntil(() => fleet.sessions === 0);
    const before = fleet.measurements.counters.due;
    await clock.advanceAsync(20_000);
    expect(fleet.measurements.counters.due - before).toBe(20 * deviceCount);
    expect(fleet.measurements.failures()).toContainEqual({
      stage: 'tcp',
      code: 'refused',
      count: expect.any(Number),
    });
    await startBroker({ port });
    await runUntil(() => fleet.sessions === deviceCount);
    await settled();
    expectSums();
    expect(fleet.measurements.counters.skipped).toBe(0);
    expect(fleet.measurements.counters.acked).toBe(fleet.measurements.counters.due);
  });

  it('classifies a wrong password, tries again, and lets the others be', async () => {
    let secretOfD3 = 'wrong';
    await createFleet({
      secret: ({ enterprise, device }) =>
        device === 'd3' ? secretOfD3 : `secret of ${enterprise}/${device}`,
    });
    fleet.start();
    await runUntil(() => fleet.untried === 0);
    expect(fleet.sessions).toBe(deviceCount - 1);
    expect(fleet.measurements.failures()).toEqual([{ stage: 'connack', code: '5', count: 1 }]);
    await clock.advanceAsync(3000);
    expect(fleet.ledger.entry(3)).toMatchObject({ sent: 0, acked: [] });
    expect(fleet.ledger.entry(4).sent).toBeGreaterThanOrEqual(2);
    secretOfD3 = 'secret of e1/d3';
    await runUntil(() => fleet.sessions === deviceCount);
    expect(fleet.measurements.counters).toMatchObject({ connected: deviceCount, reconnects: 0 });
    const { connectSeconds } = fleet;
    expect(connectSeconds).toBeGreaterThan(1);
    await settled();
    expectSums();
  });

  it('sends QoS 0 without acknowledgements', async () => {
    await createFleet({ qos: 0 });
    await connectAll();
    await clock.advanceAsync(3000);
    fleet.stopProducing();
    const { counters } = fleet.measurements;
    expect(counters.sent).toBe(counters.due);
    expect(counters.acked).toBe(0);
    expect(fleet.outstanding).toBe(0);
    await eventually(() => broker.publishes.length).toBe(counters.sent);
    expect(broker.publishes.every(({ qos }) => qos === 0)).toBe(true);
  });

  it('sends alarms on the event topic, after the reading that shows them', async () => {
    await createFleet();
    await connectAll();
    machines.events.push(
      { code: 'OVER_TEMP', severity: 2, state: 'raised', timestampMs: 1000 },
      { code: 'OVER_TEMP', severity: 2, state: 'cleared', timestampMs: 2000 },
    );
    await clock.advanceAsync(1000);
    await settled();
    const events = broker.publishes.filter(({ topic }) => topic.endsWith('/event'));
    expect(events.map(({ payload }) => native.decodeEvents(Buffer.from(payload)))).toEqual([
      [{ code: 'OVER_TEMP', severity: 2, state: 'raised', ts: 1000 }],
      [{ code: 'OVER_TEMP', severity: 2, state: 'cleared', ts: 2000 }],
    ]);
    expect(fleet.measurements.counters).toMatchObject({
      eventsDue: 2,
      eventsSent: 2,
      eventsAcked: 2,
      eventsSkipped: 0,
    });
    expectSums();
  });

  it('follows the nominal intervals of its machines', async () => {
    machines.nominalMs = 2004;
    await createFleet({ intervalMs: null });
    await connectAll();
    await clock.advanceAsync(4000);
    machines.nominalMs = 500;
    await clock.advanceAsync(4000);
    await settled();
    const steps = devices.flatMap((device) => {
      const accepted = acceptedOf(device);
      return accepted.slice(1).map(({ ts }, i) => ts - accepted[i]!.ts);
    });
    expect(new Set(steps)).toEqual(new Set([2000, 500]));
  });

  it('has timestamps that increase when the wall clock is set back', async () => {
    await createFleet();
    await connectAll();
    await clock.advanceAsync(3000);
    clock.stepWall(-60_000);
    await clock.advanceAsync(3000);
    await settled();
    for (const device of devices) {
      const timestamps = acceptedOf(device).map(({ ts }) => ts);
      expect(timestamps).toEqual([...new Set(timestamps)].sort((a, b) => a - b));
    }
  });

  it('keeps idle sessions alive', async () => {
    await createFleet({ intervalMs: 3_600_000, keepaliveS: 10 });
    await connectAll();
    await clock.advanceAsync(60_000);
    expect(fleet.sessions).toBe(deviceCount);
    expect(fleet.measurements.failures()).toEqual([]);
  });

  it('leaves politely and does not come back', async () => {
    await createFleet();
    await connectAll();
    fleet.leave();
    await runUntil(() => fleet.sessions === 0);
    await eventually(() => broker.sessions).toBe(0);
    await clock.advanceAsync(20_000);
    expect(fleet.sessions).toBe(0);
    expect(fleet.measurements.failures()).toEqual([]);
    fleet.stop();
    expect(clock.pending).toBe(0);
  });
});
