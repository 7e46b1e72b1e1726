/** The fleet on a virtual clock against a real broker: sockets are real, time is the test's. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CityDevice } from '../../model/city.ts';
import { native } from '../../model/dialects/native.ts';
import type { SignalValue } from '../../model/reading.ts';
import { resolveTarget } from '../../simulator/client/target.ts';
import { Fleet, type FleetSettings } from '../../simulator/fleet.ts';
import type { LedgerEntry } from '../../simulator/ledger.ts';
import type { MachineEvent } from '../../simulator/machines.ts';
import { eventually } from '../helpers/eventually.ts';
import { TestBroker } from '../helpers/test-broker.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const deviceCount = 10;

const devices = Array.from(
  { length: deviceCount },
  (_, index): CityDevice => ({
    enterprise: `e${1 + (index >> 2)}`,
    device: `d${index}`,
    profile: 'power-meter',
    district: 'wujin',
    industry: '34',
    index,
    production: true,
  }),
);

/** A machine whose readings say which device and moment they were made for. */
class TestMachines {
  readonly events: MachineEvent[] = [];
  nominalMs = 1000;

  read(device: number, timestampMs: number): Record<string, SignalValue> {
    return { number: device, at: timestampMs };
  }

  takeEvents(): readonly MachineEvent[] {
    return this.events.splice(0);
  }

  intervalMs(): number {
    return this.nominalMs;
  }
}

let broker: TestBroker;
let clock: VirtualClock;
let machines: TestMachines;
let fleet: Fleet;

beforeEach(async () => {
  broker = await TestBroker.start({
    authenticate: (_, username, password) => password === `secret of ${username}`,
  });
  clock = new VirtualClock();
  machines = new TestMachines();
});
afterEach(async () => {
  fleet.stop();
  await broker.stop();
});

async function createFleet(settings: Partial<FleetSettings> = {}): Promise<void> {
  fleet = new Fleet({
    clock,
    target: await resolveTarget({ url: `mqtt://127.0.0.1:${broker.port}` }),
    dialect: native,
    devices,
    machines,
    secret: ({ enterprise, device }) => `secret of ${enterprise}/${device}`,
    qos: 1,
    report: 'key',
    intervalMs: 1000,
    connectRatePerSecond: null,
    connectsInFlightMax: 4,
    connectTimeoutMs: 30_000,
    backoffMs: 1000,
    backoffMsMax: 8000,
    keepaliveS: 3600,
    inFlightMax: 16,
    random: () => 0.5,
    ...settings,
  });
}

/** Lets the fleet run until `condition` holds, with I/O between the slots. */
async function runUntil(condition: () => boolean): Promise<void> {
  for (let slot = 0; !condition(); slot++) {
    expect(slot).toBeLessThan(20_000);
    await clock.advanceAsync(10);
  }
}

/** All connected, and the measured window begun. */
async function connectAll(): Promise<void> {
  fleet.start();
  await runUntil(() => fleet.sessions === deviceCount);
  fleet.beginWindow();
}

async function settled(): Promise<void> {
  fleet.stopProducing();
  await runUntil(() => fleet.outstanding === 0);
}

interface Accepted {
  readonly seq: number;
  readonly ts: number;
  readonly dup: boolean;
}

/** What the broker accepted as telemetry of each device, in its order. */
function acceptedOf(device: CityDevice): Accepted[] {
  const topic = native.topic(device.enterprise, device.device, 'telemetry');
  return broker.publishes
    .filter((publish) => publish.topic === topic)
    .map(({ payload, dup }) => {
      const [reading] = native.decodeReadings(Buffer.from(payload));
      expect(reading!.values).toEqual({ number: device.index, at: reading!.ts });
      return { seq: reading!.seq as number, ts: reading!.ts as number, dup };
    });
}

function ackedSeqs(entry: LedgerEntry): number[] {
  return entry.acked.flatMap(([low, high]) =>
    Array.from({ length: high - low + 1 }, (_, i) => low + i),
  );
}

const seqs = (to: number): number[] => Array.from({ length: to }, (_, i) => i + 1);

/** DESIGN: counters add up. */
function expectSums(): void {
  const { counters } = fleet.measurements;
  const made = counters.due - counters.skipped;
  const events = counters.eventsDue - counters.eventsSkipped;
  expect(fleet.outstanding).toBe(made + events - counters.acked - counters.eventsAcked);
  expect(counters.sent).toBeLessThanOrEqual(made);
  expect(counters.acked).toBeLessThanOrEqual(counters.sent);
  const entries = [...fleet.ledger.entries()];
  expect(entries.reduce((sum, { sent }) => sum + sent, 0)).toBe(counters.sent);
  expect(entries.reduce((sum, entry) => sum + ackedSeqs(entry).length, 0)).toBe(counters.acked);
}

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
    broker = await TestBroker.start({ port });
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
      expect(firsts[i]! - firsts[i - 1]!).toBeGreaterThan(40);
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
    for (const device of devices) expect(acceptedOf(device)).toHaveLength(3);
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
    const cells = fleet.fairness.encode();
    expect(cells.filter((_, i) => i % 2 === 1).reduce((a, b) => a + b)).toBe(20 * deviceCount);
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
