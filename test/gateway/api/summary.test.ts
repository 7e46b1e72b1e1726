/** The summary: counters, directory, and what the store itself says. */

import { afterEach, expect, it } from 'vitest';
import { storeTotals } from '../../../gateway/api/store-totals.ts';
import { MemoryStore } from '../../../gateway/stores/memory.ts';
import type { StoreTotals } from '../../../gateway/stores/store.ts';
import { OnrampError } from '../../../model/errors.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { ApiWorld } from './api-world.ts';

let world: ApiWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

const summary = async () => (await world!.ask('GET', '/api/v1/summary')).json();

it('holds the status, the directory and the store', async () => {
  world = new ApiWorld();
  const nowMs = world.clock.nowMs();
  for (const device of ['a', 'b', 'c']) {
    await world.context.registry.add({ enterprise: 'acme', device, profile: 'env-sensor' });
  }
  const line = (device: string, ms: number) =>
    `env-sensor,enterprise=acme,device=${device},district=wujin,industry=35 temp=1 ${ms}`;
  await world.store(line('a', nowMs), line('a', nowMs - 1), line('b', nowMs - 25 * 3_600_000));
  expect(await summary()).toMatchObject({
    startedAt: '2025-12-31T23:59:00.000Z',
    asOf: '2026-01-01T00:00:00.000Z',
    readings: { received: 1000, stored: 900 },
    refusals: { 'connect.bad-credentials': 7 },
    sessions: 512,
    registry: { enterprises: 1, devices: 3, productionDevices: 0 },
    store: {
      description: 'memory',
      enterprises: 1,
      devices: 1,
      rows: 2,
      since: '2025-12-31T00:00:00.000Z',
      asOf: '2026-01-01T00:00:00.000Z',
      reason: null,
    },
  });
});

it('says null and why when the store is away, never 0', async () => {
  world = new ApiWorld();
  world.context.store.totals = async () => {
    throw new OnrampError('store.unavailable', 'connection refused');
  };
  expect((await summary()).store).toMatchObject({
    description: 'memory',
    enterprises: null,
    devices: null,
    rows: null,
    reason: 'store.unavailable: connection refused',
  });
});

class CountedStore extends MemoryStore {
  calls = 0;
  answer: () => Promise<StoreTotals> = async () => ({ enterprises: 1, devices: 2, rows: 3 });
  constructor() {
    super({ kind: 'memory', rowsMax: 1 });
  }
  override totals(): Promise<StoreTotals> {
    this.calls += 1;
    return this.answer();
  }
}

it('asks the store once for all who ask within 3 s', async () => {
  const store = new CountedStore();
  const clock = new VirtualClock();
  const totals = storeTotals(store, clock);
  const answers = await Promise.all([totals(), totals(), totals()]);
  expect(new Set(answers).size).toBe(1);
  clock.advance(2999);
  await totals();
  expect(store.calls).toBe(1);
  clock.advance(1);
  expect((await totals()).asOf).toBe('2026-01-01T00:00:03.000Z');
  expect(store.calls).toBe(2);
});

it('asks a slow store twenty times more seldom than it is slow', async () => {
  const store = new CountedStore();
  const clock = new VirtualClock();
  store.answer = async () => {
    clock.advance(1000);
    return { enterprises: 1, devices: 2, rows: 3 };
  };
  const totals = storeTotals(store, clock);
  await totals();
  clock.advance(19_999);
  await totals();
  expect(store.calls).toBe(1);
  clock.advance(1);
  await totals();
  expect(store.calls).toBe(2);
});

it('answers the last totals while the store takes too long for new ones', async () => {
  const store = new CountedStore();
  const clock = new VirtualClock();
  const totals = storeTotals(store, clock);
  const first = await totals();
  clock.advance(3000);
  const slow = Promise.withResolvers<StoreTotals>();
  store.answer = () => slow.promise;
  const second = totals();
  await clock.advanceAsync(5000);
  expect(await second).toBe(first);
  slow.resolve({ enterprises: 9, devices: 9, rows: 9 });
  await clock.advanceAsync(0);
  expect(await totals()).toMatchObject({ rows: 9, asOf: '2026-01-01T00:00:03.000Z' });
  expect(store.calls).toBe(2);
});

it('says that the store is still counting when there is nothing to answer yet', async () => {
  const store = new CountedStore();
  const clock = new VirtualClock();
  store.answer = () => new Promise(() => {});
  const asked = storeTotals(store, clock)();
  await clock.advanceAsync(5000);
  expect(await asked).toMatchObject({ rows: null, reason: 'the store is still counting' });
});
