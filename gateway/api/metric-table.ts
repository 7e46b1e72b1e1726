/** Every Prometheus metric of the gateway, declared once: name, kind, help, and where it is read. */

import { type ErrorCode, errorTable } from '../../model/errors.ts';
import type { LatencySummary } from '../../model/histogram.ts';
import type { NestedCounts, OnboardingCounts, PlaceCounts } from '../onboarding/onboarding.ts';
import type { DirectoryCounts } from '../registry/registry.ts';
import type { GatewayStatus, WorkerStatus } from '../status/status.ts';

/** What a scrape reads from; a part that could not be had is null and its metrics are left out. */
export interface MetricsSource {
  readonly status: GatewayStatus;
  readonly directory: DirectoryCounts | null;
  readonly onboarding: OnboardingCounts | null;
  /** Dead letters kept, by code. */
  readonly deadLetters: Readonly<Partial<Record<ErrorCode, number>>> | null;
}

type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [value: number, labels: Labels];

export interface MetricRow {
  readonly name: `onramp_${string}`;
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  read(source: MetricsSource): readonly Sample[];
}

const refusalAreas: ReadonlySet<string> = new Set([
  'connect',
  'topic',
  'packet',
  'publish',
  'subscribe',
  'payload',
  'reading',
  'signal',
  'journal',
  'store',
  'device',
  'session',
  'certificate',
  'claim',
  'group',
  'enterprise',
]);

/** Every code with which something a device sent may be refused. */
export const refusalCodes: readonly ErrorCode[] = (Object.keys(errorTable) as ErrorCode[]).filter(
  (code) => refusalAreas.has(code.slice(0, code.indexOf('.'))),
);

/** A metric of one number, absent while that is null. */
function one(
  kind: MetricRow['kind'],
  name: MetricRow['name'],
  help: string,
  value: (status: GatewayStatus) => number | null,
): MetricRow {
  const read = ({ status }: MetricsSource): Sample[] => {
    const number = value(status);
    return number === null ? [] : [[number, {}]];
  };
  return { name, kind, help, labels: [], read };
}

/** A metric of each worker; `worker` is its index, so that a restarted one keeps its label. */
function perWorker(
  kind: MetricRow['kind'],
  name: MetricRow['name'],
  help: string,
  value: (worker: WorkerStatus) => number,
): MetricRow {
  const read = ({ status }: MetricsSource): Sample[] =>
    status.workers.map((worker) => [value(worker), { worker: String(worker.index) }]);
  return { name, kind, help, labels: ['worker'], read };
}

/** Quantiles of a latency, in seconds; absent while there is nothing to measure. */
function quantiles(
  name: MetricRow['name'],
  help: string,
  value: (status: GatewayStatus) => LatencySummary | null,
): MetricRow {
  const read = ({ status }: MetricsSource): Sample[] => {
    const latency = value(status);
    if (latency === null) return [];
    const { p50, p90, p99, p999, max } = latency;
    return [
      [seconds(p50), { quantile: '0.5' }],
      [seconds(p90), { quantile: '0.9' }],
      [seconds(p99), { quantile: '0.99' }],
      [seconds(p999), { quantile: '0.999' }],
      [seconds(max), { quantile: '1' }],
    ];
  };
  return { name, kind: 'gauge', help, labels: ['quantile'], read };
}

/** Milliseconds as seconds, to the microsecond. */
const seconds = (milliseconds: number) => Math.round(milliseconds * 1000) / 1e6;

/** A sample for each of `codes`, which may be 0, and for every other code that was counted. */
function byCode(
  counts: Readonly<Partial<Record<ErrorCode, number>>>,
  codes: readonly ErrorCode[],
): Sample[] {
  const seen = new Set([...codes, ...(Object.keys(counts) as ErrorCode[])]);
  return [...seen].map((code) => [counts[code] ?? 0, { code }]);
}

const readings: readonly MetricRow[] = [
  one(
    'counter',
    'onramp_readings_received_total',
    'Readings received since the data folder was made',
    (status) => status.readings.received,
  ),
  {
    name: 'onramp_readings_total',
    kind: 'counter',
    help: 'Readings by what became of them; with onramp_readings_waiting they add up to received',
    labels: ['outcome'],
    read: ({ status: { readings: counts } }) => [
      [counts.stored, { outcome: 'stored' }],
      [counts.deadLettered, { outcome: 'dead_lettered' }],
      [counts.withheld, { outcome: 'withheld' }],
      [counts.dropped, { outcome: 'dropped' }],
    ],
  },
  one(
    'gauge',
    'onramp_readings_waiting',
    'Readings that are neither stored nor dead-lettered yet',
    (status) => status.readings.waiting,
  ),
  one(
    'counter',
    'onramp_refused_fields_total',
    'Fields refused of readings that were otherwise stored',
    (status) => status.readings.refusedFields,
  ),
  {
    name: 'onramp_refusals_total',
    kind: 'counter',
    help: 'Connections, messages, readings and fields refused since the start, by error code',
    labels: ['code'],
    read: ({ status }) => byCode(status.refusals, refusalCodes),
  },
  {
    name: 'onramp_dead_letters',
    kind: 'gauge',
    help: 'Dead letters kept, by error code',
    labels: ['code'],
    read: ({ deadLetters }) => (deadLetters === null ? [] : byCode(deadLetters, [])),
  },
];

const workers: readonly MetricRow[] = [
  one('gauge', 'onramp_sessions', 'Connected MQTT sessions', (status) => status.sessions),
  perWorker('gauge', 'onramp_worker_sessions', 'Sessions of a worker', (w) => w.sessions),
  perWorker('counter', 'onramp_worker_connects_total', 'Sessions begun', (w) => w.connects),
  perWorker('counter', 'onramp_worker_disconnects_total', 'Sessions ended', (w) => w.disconnects),
  perWorker('counter', 'onramp_worker_commits_total', 'Commits to the journal', (w) => w.commits),
  perWorker('gauge', 'onramp_worker_messages_waiting', 'Messages before commit', (w) => w.waiting),
  perWorker('gauge', 'onramp_worker_blocked', '1 while the journal takes nothing', (w) =>
    w.blocked ? 1 : 0,
  ),
  perWorker('gauge', 'onramp_worker_memory_bytes', 'Resident memory', (w) => w.rssBytes),
  perWorker('counter', 'onramp_worker_cpu_seconds_total', 'CPU time', (w) => w.cpuS),
  one(
    'counter',
    'onramp_worker_restarts_total',
    'Workers started again after they ended',
    (status) => status.workerRestarts,
  ),
  one(
    'gauge',
    'onramp_supervisor_memory_bytes',
    'Resident memory of the supervisor',
    (status) => status.supervisor.rssBytes,
  ),
  one(
    'counter',
    'onramp_supervisor_cpu_seconds_total',
    'CPU time of the supervisor',
    (status) => status.supervisor.cpuS,
  ),
  one('gauge', 'onramp_ready', '1 when ready for devices', (status) =>
    status.notReady.length === 0 ? 1 : 0,
  ),
  one(
    'gauge',
    'onramp_start_time_seconds',
    'Start of the gateway, seconds since 1970',
    (status) => status.startedAtMs / 1000,
  ),
];

const shipping: readonly MetricRow[] = [
  one(
    'gauge',
    'onramp_journal_bytes',
    'Bytes of the journals that the store does not have yet',
    (status) => status.journal.unshippedBytes,
  ),
  one(
    'gauge',
    'onramp_journal_limit_bytes',
    'Unshipped bytes at which devices have to wait',
    (status) => status.journal.bytesMax,
  ),
  one(
    'gauge',
    'onramp_journal_full_seconds',
    'Seconds until the journal is full at its present growth; +Inf while it does not grow',
    (status) => status.journal.secondsUntilFull ?? Number.POSITIVE_INFINITY,
  ),
  one(
    'gauge',
    'onramp_disk_free_bytes',
    'Free bytes of the disk the journal is on',
    (status) => status.journal.diskFreeBytes,
  ),
  one('counter', 'onramp_store_writes_total', 'Writes to the store', (s) => s.shipper.writes),
  one(
    'counter',
    'onramp_store_retries_total',
    'Writes to the store that had to be tried again',
    (status) => status.shipper.retries,
  ),
  one(
    'gauge',
    'onramp_store_lines_per_write',
    'Lines in one write at present',
    (status) => status.shipper.linesPerWrite,
  ),
  one('gauge', 'onramp_store_unavailable', '1 while the store does not answer', (status) =>
    status.shipper.unavailable === null ? 0 : 1,
  ),
  one(
    'counter',
    'onramp_store_fields_left_out_total',
    'Texts the store cannot keep, left out of rows it stored since the start; absent: it keeps all',
    (status) => status.shipper.fieldsLeftOut ?? null,
  ),
  quantiles(
    'onramp_store_write_seconds',
    'Duration of a write to the store',
    (status) => status.shipper.writeMs,
  ),
  quantiles(
    'onramp_stored_latency_seconds',
    "From a reading's timestamp to the store's success answer, over the last minute",
    (status) => status.shipper.storedMs,
  ),
];

const directory: readonly MetricRow[] = [
  {
    name: 'onramp_registered_devices',
    kind: 'gauge',
    help: 'Registered devices by district, gateways not counted',
    labels: ['district'],
    read: (source) =>
      (source.directory?.byDistrict ?? []).map(({ district, devices }) => [devices, { district }]),
  },
  {
    name: 'onramp_registered_enterprises',
    kind: 'gauge',
    help: 'Registered enterprises by district',
    labels: ['district'],
    read: (source) =>
      (source.directory?.byDistrict ?? []).map(({ district, enterprises }) => [
        enterprises,
        { district },
      ]),
  },
];

const stages: readonly (keyof NestedCounts)[] = ['registered', 'activated', 'connected', 'online'];

/** A sample for each stage of devices, of either kind. */
function deviceStages({ production, other }: PlaceCounts, labels: Labels): Sample[] {
  return stages.flatMap((stage): Sample[] => [
    [production[stage], { ...labels, kind: 'production', stage }],
    [other[stage], { ...labels, kind: 'other', stage }],
  ]);
}

function enterpriseStages({ enterprises }: PlaceCounts, labels: Labels): Sample[] {
  return stages.map((stage): Sample => [enterprises[stage], { ...labels, stage }]);
}

/** Samples of every district. */
function ofDistricts(
  counts: OnboardingCounts | null,
  samples: (place: PlaceCounts, labels: Labels) => Sample[],
): Sample[] {
  return Object.entries(counts?.byDistrict ?? {}).flatMap(([district, place]) =>
    samples(place, { district }),
  );
}

const onboarding: readonly MetricRow[] = [
  {
    name: 'onramp_onboarding_devices',
    kind: 'gauge',
    help: 'Devices by stage (each includes the next) and kind: production equipment, or other',
    labels: ['kind', 'stage'],
    read: ({ onboarding: counts }) => (counts === null ? [] : deviceStages(counts.city, {})),
  },
  {
    name: 'onramp_onboarding_enterprises',
    kind: 'gauge',
    help: 'Enterprises with at least one device at a stage',
    labels: ['stage'],
    read: ({ onboarding: counts }) => (counts === null ? [] : enterpriseStages(counts.city, {})),
  },
  {
    name: 'onramp_onboarding_district_devices',
    kind: 'gauge',
    help: 'onramp_onboarding_devices of each district',
    labels: ['district', 'kind', 'stage'],
    read: ({ onboarding: counts }) => ofDistricts(counts, deviceStages),
  },
  {
    name: 'onramp_onboarding_district_enterprises',
    kind: 'gauge',
    help: 'onramp_onboarding_enterprises of each district',
    labels: ['district', 'stage'],
    read: ({ onboarding: counts }) => ofDistricts(counts, enterpriseStages),
  },
];

export const metricTable: readonly MetricRow[] = [
  ...readings,
  ...workers,
  ...shipping,
  ...directory,
  ...onboarding,
];
