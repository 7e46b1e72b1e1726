/** What whoever measures asks every second, and what it is reconciled with afterwards. */

import { afterEach, expect, it } from 'vitest';
import { LatencyHistogram } from '../../../model/histogram.ts';
import { latencyBucketOf } from '../../../model/latency-buckets.ts';
import { ApiWorld } from './api-world.ts';

let world: ApiWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

it('gives counters, processes and latencies to the row, and asks nothing of the store', async () => {
  world = new ApiWorld();
  world.context.store.totals = () => Promise.reject(new Error('asked'));
  for (const ms of [3, 3, 700]) world.storedMs.record(ms);
  const answer = await world.ask('GET', '/api/v1/progress');
  expect(answer.statusCode).toBe(200);
  const progress = answer.json();
  expect(progress).toMatchObject({
    sessions: 512,
    received: 1000,
    stored: 900,
    deadLettered: 31,
    waiting: 42,
    withheld: 17,
    dropped: 10,
    journalBytes: 123_456,
    storeAway: null,
    workerRestarts: 2,
    workers: [{ pid: 4242, sessions: 512, cpuS: 12.5, rssBytes: 180_000_000 }],
    supervisor: { pid: 4241 },
  });
  expect(progress.storedCounts[latencyBucketOf(3)]).toBe(2);
  expect(LatencyHistogram.decode(progress.storedHdr).summary()).toEqual(world.storedMs.summary());
});

it('says why rows cannot be stored', async () => {
  world = new ApiWorld();
  const unavailable = { sinceMs: 1, reason: 'connection refused' };
  world.status = { ...world.status, shipper: { ...world.status.shipper, unavailable } };
  const { storeAway } = (await world.ask('GET', '/api/v1/progress')).json();
  expect(storeAway).toBe('connection refused');
});

it('lists rows and sequence numbers of every device of a profile in a window', async () => {
  world = new ApiWorld();
  const line = (device: string, seq: number, ms: number) =>
    `agv,enterprise=acme,device=${device},district=wujin,industry=35 seq=${seq},quality=192 ${ms}`;
  await world.store(
    line('a', 1, 1000),
    line('a', 2, 2000),
    line('a', 2, 2500),
    line('b', 7, 2000),
    line('b', 8, 9000),
  );
  const answer = await world.ask('GET', '/api/v1/ledger?profile=agv&from=1000&to=9000');
  expect(answer.headers['content-type']).toContain('application/x-ndjson');
  const rows = answer.body
    .trimEnd()
    .split('\n')
    .map((row: string) => JSON.parse(row));
  expect(rows.toSorted((a, b) => a.device.localeCompare(b.device))).toEqual([
    { enterprise: 'acme', device: 'a', rows: 3, distinctSeq: 2, seqMin: 1, seqMax: 2 },
    { enterprise: 'acme', device: 'b', rows: 1, distinctSeq: 1, seqMin: 7, seqMax: 7 },
  ]);
});

it('is empty where there is nothing, and refuses a window that ends before it begins', async () => {
  world = new ApiWorld();
  const nothing = await world.ask('GET', '/api/v1/ledger?profile=agv&from=1&to=2');
  expect([nothing.statusCode, nothing.body]).toEqual([200, '']);
  const wrong = await world.ask('GET', '/api/v1/ledger?profile=agv&from=2&to=2');
  expect(wrong.statusCode).toBe(400);
});
