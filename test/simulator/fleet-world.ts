/** A fleet on a virtual clock against a real broker: sockets are real, time is the test's. */

import { afterEach, beforeEach, expect } from 'vitest';
import type { CityDevice } from '../../model/city.ts';
import { native } from '../../model/dialects/native.ts';
import type { SignalValue } from '../../model/reading.ts';
import { resolveTarget } from '../../simulator/client/target.ts';
import { Fleet, type FleetSettings } from '../../simulator/fleet.ts';
import type { LedgerEntry } from '../../simulator/ledger.ts';
import type { MachineEvent } from '../../simulator/machines.ts';
import { TestBroker, type TestBrokerOptions } from '../helpers/test-broker.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

export const deviceCount = 10;

export const devices = Array.from(
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
export class TestMachines {
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

export let broker: TestBroker;
export let clock: VirtualClock;
export let machines: TestMachines;
export let fleet: Fleet;

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

export async function createFleet(settings: Partial<FleetSettings> = {}): Promise<void> {
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
export async function runUntil(condition: () => boolean): Promise<void> {
  for (let slot = 0; !condition(); slot++) {
    expect(slot).toBeLessThan(20_000);
    await clock.advanceAsync(10);
  }
}

/** Another broker takes the place of the one there was. */
export async function startBroker(options: TestBrokerOptions): Promise<void> {
  broker = await TestBroker.start(options);
}

/** All connected, and the measured window begun. */
export async function connectAll(): Promise<void> {
  fleet.start();
  await runUntil(() => fleet.sessions === deviceCount);
  fleet.beginWindow();
}

export async function settled(): Promise<void> {
  fleet.stopProducing();
  await runUntil(() => fleet.outstanding === 0);
}

interface Accepted {
  readonly seq: number;
  readonly ts: number;
  readonly dup: boolean;
}

/** What the broker accepted as telemetry of each device, in its order. */
export function acceptedOf(device: CityDevice): Accepted[] {
  const topic = native.topic(device.enterprise, device.device, 'telemetry');
  return broker.publishes
    .filter((publish) => publish.topic === topic)
    .map(({ payload, dup }) => {
      const [reading] = native.decodeReadings(Buffer.from(payload));
      expect(reading!.values).toEqual({ number: device.index, at: reading!.ts });
      return { seq: reading!.seq as number, ts: reading!.ts as number, dup };
    });
}

export function ackedSeqs(entry: LedgerEntry): number[] {
  return entry.acked.flatMap(([low, high]) =>
    Array.from({ length: high - low + 1 }, (_, i) => low + i),
  );
}

export const seqs = (to: number): number[] => Array.from({ length: to }, (_, i) => i + 1);

/** DESIGN: counters add up. */
export function expectSums(): void {
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
