/** The Prometheus text: well-formed, complete, and as the status says. */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { metricTable, refusalCodes } from '../../../gateway/api/metric-table.ts';
import { errorTable } from '../../../model/errors.ts';
import { ApiWorld, letter } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = new ApiWorld();
});
afterEach(() => world.close());

interface Scrape {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: ReadonlyMap<string, number>;
}

const samplePattern =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+)$/;

/** Reads text format 0.0.4, and fails on any line that is not of it. */
function parseScrape(text: string): Scrape {
  expect(text.endsWith('\n')).toBe(true);
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const type = /^# TYPE (\S+) (counter|gauge)$/.exec(line);
    if (type) {
      expect(types.has(type[1]!)).toBe(false);
      types.set(type[1]!, type[2]!);
      continue;
    }
    const sample = samplePattern.exec(line);
    expect(sample, line).not.toBeNull();
    const [, name, labels = '', value] = sample!;
    expect(types.has(name!), line).toBe(true);
    expect(samples.has(name! + labels)).toBe(false);
    const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
    expect(number, line).not.toBeNaN();
    samples.set(name! + labels, number);
  }
  return { types, samples };
}

async function scrape(): Promise<Scrape> {
  const answer = await world.ask('GET', '/metrics');
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseScrape(answer.body);
}

it('has every metric of the table, with the names Prometheus asks for', async () => {
  const { types } = await scrape();
  expect([...types.keys()].sort()).toEqual(metricTable.map(({ name }) => name).sort());
  for (const [name, type] of types) {
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(name).not.toMatch(/_(ms|milliseconds|kb|mb|percent)(_|$)/);
  }
});

it('has a refusal counter of every code a device can meet', async () => {
  const { samples } = await scrape();
  for (const code of refusalCodes) {
    expect(samples.has(`onramp_refusals_total{code="${code}"}`), code).toBe(true);
  }
  const others = Object.keys(errorTable).filter(
    (code) => !(refusalCodes as readonly string[]).includes(code),
  );
  expect(new Set(others.map((code) => code.split('.')[0]))).toEqual(
    new Set([
      ...['registry', 'profile', 'database', 'config', 'api', 'command', 'simulate', 'trial'],
      ...['bench', 'report'],
    ]),
  );
});

it('says what the status says', async () => {
  const { samples } = await scrape();
  expect(Object.fromEntries(samples)).toMatchObject({
    onramp_readings_received_total: 1000,
    'onramp_readings_total{outcome="stored"}': 900,
    'onramp_readings_total{outcome="dead_lettered"}': 31,
    'onramp_readings_total{outcome="withheld"}': 17,
    'onramp_readings_total{outcome="dropped"}': 10,
    onramp_readings_waiting: 42,
    onramp_refused_fields_total: 23,
    'onramp_refusals_total{code="connect.bad-credentials"}': 7,
    'onramp_refusals_total{code="topic.not-allowed"}': 0,
    onramp_sessions: 512,
    'onramp_worker_connects_total{worker="0"}': 600,
    'onramp_worker_cpu_seconds_total{worker="0"}': 12.5,
    'onramp_worker_memory_bytes{worker="0"}': 180_000_000,
    onramp_worker_restarts_total: 2,
    onramp_supervisor_cpu_seconds_total: 3.25,
    onramp_journal_bytes: 123_456,
    onramp_journal_limit_bytes: 4_294_967_296,
    onramp_journal_full_seconds: Number.POSITIVE_INFINITY,
    onramp_store_writes_total: 77,
    onramp_store_retries_total: 6,
    onramp_store_unavailable: 0,
    'onramp_stored_latency_seconds{quantile="0.99"}': 0.95,
    'onramp_store_write_seconds{quantile="0.5"}': 0.04,
    onramp_ready: 1,
  });
});

it('reads anew on each scrape, also what shrank or vanished', async () => {
  await scrape();
  const { shipper, journal, readings } = world.status;
  world.status = {
    ...world.status,
    readings: { ...readings, stored: 950 },
    workers: [],
    shipper: {
      ...shipper,
      storedMs: null,
      unavailable: { sinceMs: 0, reason: 'connection refused' },
    },
    journal: { ...journal, secondsUntilFull: 90 },
    notReady: ['the store does not answer'],
  };
  const { samples } = await scrape();
  expect(samples.get('onramp_readings_total{outcome="stored"}')).toBe(950);
  expect(samples.get('onramp_journal_full_seconds')).toBe(90);
  expect(samples.get('onramp_store_unavailable')).toBe(1);
  expect(samples.get('onramp_ready')).toBe(0);
  expect([...samples.keys()].filter((name) => /^onramp_worker_\w+\{/.test(name))).toEqual([]);
  expect([...samples.keys()].filter((name) => name.startsWith('onramp_stored_'))).toEqual([]);
});

it('counts directory and dead letters, and does without when they fail', async () => {
  await world.context.registry.add({
    enterprise: 'acme',
    device: 'm',
    profile: 'generic',
    district: 'wujin',
  });
  await world.context.deadLetters.put([letter(1), letter(2)]);
  const { samples } = await scrape();
  expect(samples.get('onramp_registered_devices{district="wujin"}')).toBe(1);
  expect(samples.get('onramp_registered_enterprises{district="wujin"}')).toBe(1);
  expect(samples.get('onramp_dead_letters{code="signal.out-of-range"}')).toBe(2);
  world.context.deadLetters.close();
  world.clock.advance(10_000);
  const without = await scrape();
  expect([...without.samples.keys()].some((name) => name.startsWith('onramp_dead_'))).toBe(false);
  expect(without.samples.get('onramp_sessions')).toBe(512);
});

it('labels a worker by its index, whoever else runs', async () => {
  const [worker] = world.status.workers;
  world.status = {
    ...world.status,
    workers: [
      { ...worker!, index: 2, sessions: 20 },
      { ...worker!, index: 1, sessions: 10 },
    ],
  };
  const { samples } = await scrape();
  expect(samples.get('onramp_worker_sessions{worker="2"}')).toBe(20);
  expect(samples.get('onramp_worker_sessions{worker="1"}')).toBe(10);
  expect(samples.has('onramp_worker_sessions{worker="0"}')).toBe(false);
});
