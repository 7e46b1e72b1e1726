/** Reports such as a run would leave, made from a seed: a city that meets a store that goes away. */

import { LatencyHistogram, type LatencySummary } from '../../../model/histogram.ts';
import { latencyBucketCount, latencyBucketOf } from '../../../model/latency-buckets.ts';
import { seededRandom } from '../../../model/random.ts';
import type { RunReport, RunTimeline } from '../../../model/report.ts';

export interface SampleOptions {
  readonly seed?: number;
  readonly columns?: number;
  readonly sessions?: number;
  /** Readings a second. */
  readonly rate?: number;
  /** The store is away for a fifth of the time. */
  readonly outage?: boolean;
}

interface Spread {
  readonly medianMs: number;
  readonly sigma: number;
}

/** A report in which every part is known. */
export function sampleReport(options: SampleOptions = {}): RunReport {
  const { columns = 340, outage = false, rate = 10_000, seed = 1, sessions = 100_000 } = options;
  const random = seededRandom(seed);
  const latencies = ({ medianMs, sigma }: Spread, count: number): number[] =>
    Array.from({ length: count }, () => medianMs * Math.exp(sigma * random.normal()));
  const summary = (spread: Spread, count: number): LatencySummary => {
    const histogram = new LatencyHistogram();
    for (const latency of latencies(spread, Math.min(count, 4000))) histogram.record(latency);
    return { ...histogram.summary()!, count };
  };
  const connectColumns = Math.ceil(columns * 0.1);
  const steadyS = columns - connectColumns;
  const away = { fromS: columns * 0.45, toS: columns * 0.65 };
  const isAway = (at: number): boolean => outage && at >= away.fromS && at < away.toS;
  const jitter = (value: number): number => Math.round(value * (1 + 0.04 * random.normal()));

  const heat = (at: (column: number) => Spread | null, perColumn: number): number[][] =>
    Array.from({ length: columns }, (_, column) => {
      const spread = at(column);
      if (spread === null) return [];
      const counts = new Array<number>(latencyBucketCount).fill(0);
      const drawn = Math.min(perColumn, 400);
      for (const latency of latencies(spread, drawn)) {
        counts[latencyBucketOf(latency)]! += Math.round(perColumn / drawn);
      }
      return counts.slice(0, counts.findLastIndex((count) => count > 0) + 1);
    });

  let waiting = 0;
  const acked: number[] = [];
  const stored: number[] = [];
  const backlog: number[] = [];
  for (let at = 0; at < columns; at++) {
    const accepted = at < connectColumns ? 0 : jitter(rate);
    const capacity = isAway(at) ? 0 : jitter(rate * 1.35);
    const rows = Math.min(capacity, waiting + accepted);
    waiting += accepted - rows;
    acked.push(accepted);
    stored.push(rows);
    backlog.push(waiting);
  }
  const sent = acked.reduce((sum, each) => sum + each, 0);
  const steady = { medianMs: 24, sigma: 0.7 };
  const late = (column: number): Spread =>
    isAway(column)
      ? { medianMs: 1000 * (away.toS - column) + 400, sigma: 0.2 }
      : { medianMs: 420, sigma: 0.5 };

  const timeline: RunTimeline = {
    columnS: 1,
    phases: [
      { name: 'connecting', fromS: 0, toS: connectColumns },
      { name: 'running', fromS: connectColumns, toS: columns * 0.97 },
      { name: 'draining', fromS: columns * 0.97, toS: columns },
    ],
    events: outage
      ? [
          { atS: away.fromS, text: 'the store is stopped' },
          { atS: away.toS, text: 'the store is started again' },
        ]
      : [],
    sessions: acked.map((_, at) =>
      Math.min(sessions, Math.round((sessions * (at + 1)) / connectColumns)),
    ),
    ackedPerSecond: acked,
    storedPerSecond: stored,
    waiting: backlog,
    connect: heat(
      (at) => (at < connectColumns ? { medianMs: 45, sigma: 0.8 } : null),
      Math.round(sessions / connectColumns),
    ),
    ack: heat((at) => (at < connectColumns ? null : steady), rate),
    stored: heat((at) => (at < connectColumns ? null : late(at)), rate),
    resources: {
      gatewayWorkers: load(0.75, 1.4e9),
      gatewaySupervisor: load(0.2, 3e8),
      simulator: load(0.5, 8e8),
      store: load(0.45, 1.9e9),
    },
  };
  function load(cores: number, rssBytes: number) {
    return {
      cores: acked.map(() => Math.max(0, cores * (1 + 0.08 * random.normal()))),
      rssBytes: acked.map((_, at) => Math.round(rssBytes * Math.min(1, 0.3 + at / 60))),
    };
  }

  const used = (cores: number, rssBytesMax: number) => ({ cpuS: cores * steadyS, rssBytesMax });
  const ackMs = summary(steady, sent);
  const storedMs = summary({ medianMs: outage ? 900 : 420, sigma: outage ? 1.6 : 0.5 }, sent);
  return {
    schema: 'onramp-report/1',
    scenario: outage ? 'store-outage' : 'city',
    question: {
      en: 'Do 100,000 devices of 10,000 enterprises come on board in a minute, and is every reading in the store?',
      zh: '1 万家企业的 10 万台设备能否在一分钟内上云,且每条读数都已入库?',
    },
    verdict: 'pass',
    seed,
    startedAt: '2026-11-24T14:55:19.000Z',
    durationS: steadyS,
    interrupted: false,
    environment: {
      onramp: '0.1.0',
      cpu: 'AMD EPYC 7B13',
      cores: 2,
      memoryBytes: 25_269_084_160,
      node: 'v24.21.0',
      platform: 'linux 6.1.0 x64',
      descriptorLimit: 20_000,
      store: 'InfluxDB 1.6.7',
    },
    parameters: {
      size: 'full',
      store: 'influxdb',
      devices: sessions,
      enterprises: sessions / 10,
      interval: '10s',
      duration: '5m',
      report: 'key',
      connectsInFlight: 200,
      tls: false,
      isolation: true,
    },
    fleet: {
      enterprises: sessions / 10,
      devices: sessions,
      productionDevices: sessions,
      sessions,
    },
    message: { dialect: 'native', qos: 1, tls: false, fieldsMean: 6.94, bytesMean: 187.3 },
    connect: {
      attempted: sessions,
      connected: sessions,
      failed: 0,
      reconnects: 0,
      seconds: connectColumns - 0.6,
      latencyMs: summary({ medianMs: 45, sigma: 0.8 }, sessions),
      stagesMs: {
        tcp: summary({ medianMs: 0.4, sigma: 0.9 }, sessions),
        tls: null,
        connack: summary({ medianMs: 44, sigma: 0.8 }, sessions),
      },
      proof: { client: sessions, broker: sessions, kernel: sessions, store: sessions },
    },
    onboarding: null,
    telemetry: {
      due: sent,
      sent,
      unsent: 0,
      skipped: 0,
      acked: sent,
      perSecond: sent / steadyS,
      publishDelayMs: summary({ medianMs: 2.1, sigma: 0.6 }, sent),
      ackMs,
      storedMs,
    },
    ledger: {
      sent,
      acked: sent,
      stored: sent,
      lost: 0,
      duplicated: 0,
      overwritten: 0,
      deadLettered: 0,
      late: outage ? Math.round(sent * 0.18) : 0,
      lateAfterMs: 10_000,
      examples: [],
    },
    isolation: {
      kinds: 14,
      rounds: 9,
      probes: 1834,
      leaks: 0,
      unexpected: 0,
      silent: 0,
      examples: [],
    },
    shutOut: null,
    audit: null,
    fairness: {
      enterprises: sessions / 10,
      worstEnterprise: 'e04217',
      worstEnterpriseAckMsP99: ackMs.p99 * 1.4,
      medianEnterpriseAckMsP99: ackMs.p99 * 0.96,
      starved: 0,
    },
    findings: outage
      ? { drainS: 118.4, drainPerSecond: rate * 1.35, backlogMax: Math.max(...backlog) }
      : {},
    resources: {
      gatewayWorkers: used(0.75, 1.4e9),
      gatewaySupervisor: used(0.2, 3e8),
      simulator: used(0.5, 8e8),
      store: used(0.45, 1.9e9),
    },
    cpuUsPerMessage: { gatewayWorkers: 75, gatewaySupervisor: 20, simulator: 50, store: 45 },
    generator: {
      eventLoopLagMs: summary({ medianMs: 1.2, sigma: 0.7 }, steadyS * 50),
      overruns: 0,
      connecting: {
        eventLoopLagMs: summary({ medianMs: 3, sigma: 0.9 }, 3000),
        busiestCpuShare: 0.71,
      },
      valid: true,
      reasons: [],
    },
    invalidReasons: [],
    failures: [],
    thresholds: [
      { expression: 'connect.connected == fleet.devices', value: sessions, ok: true, asked: true },
      { expression: 'connect.seconds <= 60', value: connectColumns - 0.6, ok: true, asked: true },
      { expression: 'ledger.lost == 0', value: 0, ok: true, asked: true },
      { expression: 'ledger.duplicated == 0', value: 0, ok: true, asked: true },
      { expression: 'isolation.leaks == 0', value: 0, ok: true, asked: true },
      { expression: 'telemetry.ackMs.p99 <= 500', value: ackMs.p99, ok: true, asked: true },
      {
        expression: 'telemetry.storedMs.p99 <= 5000',
        value: storedMs.p99,
        ok: storedMs.p99 <= 5000,
        asked: true,
      },
    ],
    timeline,
  };
}

/** A run that was ended before anything happened: nothing is known. */
export function emptyReport(): RunReport {
  const sample = sampleReport({ columns: 20, sessions: 10, rate: 1 });
  return {
    ...sample,
    verdict: 'invalid',
    durationS: 0,
    interrupted: true,
    environment: { ...sample.environment, descriptorLimit: null },
    message: { ...sample.message, fieldsMean: null, bytesMean: null },
    connect: {
      attempted: 0,
      connected: 0,
      failed: 0,
      reconnects: 0,
      seconds: 0,
      latencyMs: null,
      stagesMs: { tcp: null, tls: null, connack: null },
      proof: { client: null, broker: null, kernel: null, store: null },
    },
    telemetry: {
      due: null,
      sent: 0,
      unsent: null,
      skipped: 0,
      acked: null,
      perSecond: 0,
      publishDelayMs: null,
      ackMs: null,
      storedMs: null,
    },
    ledger: {
      ...sample.ledger,
      sent: 0,
      acked: null,
      stored: null,
      lost: null,
      duplicated: null,
      overwritten: null,
      deadLettered: null,
      late: null,
    },
    isolation: null,
    fairness: null,
    resources: { gatewayWorkers: null },
    cpuUsPerMessage: { gatewayWorkers: null },
    generator: { eventLoopLagMs: null, overruns: 0, connecting: null, valid: null, reasons: [] },
    invalidReasons: ['the run was interrupted while the fleet was connecting'],
    thresholds: sample.thresholds.map(({ expression }) => ({
      expression,
      value: null,
      ok: null,
      asked: true,
    })),
    timeline: null,
  };
}
