/** Reports as they should not be, but may be: hostile, huge, tiny, with numbers that have no end. */

import fc from 'fast-check';
import { latencyBucketCount } from '../../../model/latency-buckets.ts';
import type { RunReport } from '../../../model/report.ts';
import { sampleReport } from './sample-report.ts';

/** Ends every element and attribute it could stand in, and runs if it can. */
export const attack = `"'></title></style></svg></script><script>window.attacked=1</script><img src="https://evil.example/x" onerror="window.attacked=2">`;

/** Every text and every free name in it is the attack. */
export function hostileReport(): RunReport {
  const sample = sampleReport({ columns: 30, outage: true });
  const { timeline } = sample;
  return {
    ...sample,
    scenario: attack,
    question: { en: `${attack}{toString}`, zh: attack },
    startedAt: attack,
    environment: { ...sample.environment, cpu: attack, platform: attack, store: attack },
    parameters: { ...sample.parameters, note: attack, [attack]: attack },
    message: { ...sample.message, dialect: attack },
    ledger: { ...sample.ledger, lost: 3, examples: [attack, '\u202e\u0000\ud800'] },
    isolation: { ...sample.isolation!, leaks: 1, examples: [attack] },
    fairness: { ...sample.fairness!, worstEnterprise: attack },
    invalidReasons: [attack],
    generator: { ...sample.generator, valid: false, reasons: [attack] },
    failures: [{ stage: attack, code: attack, count: 4 }],
    resources: { ...sample.resources, [attack]: { cpuS: 1, rssBytesMax: 2 } },
    cpuUsPerMessage: { [attack]: 5 },
    thresholds: [...sample.thresholds, { expression: attack, value: 1, ok: false, asked: true }],
    timeline: {
      ...timeline!,
      phases: [{ name: attack, fromS: 0, toS: 30 }],
      events: [{ atS: 3, text: attack }],
      resources: { ...timeline!.resources, [attack]: timeline!.resources.store! },
    },
  };
}

/** As long and as wide as nobody should look at. */
export function hugeReport(): RunReport {
  const sample = sampleReport({ columns: 20, rate: 1 });
  const times = <T>(count: number, make: (at: number) => T): T[] =>
    Array.from({ length: count }, (_, at) => make(at));
  const columns = 7200;
  const cell = times(latencyBucketCount, (bucket) => bucket);
  return {
    ...sample,
    invalidReasons: times(5000, (at) => `reason ${at} ${'x'.repeat(2000)}`),
    failures: times(5000, (at) => ({ stage: 'connack', code: String(at), count: at })),
    thresholds: times(1000, (at) => ({
      expression: `ledger.lost <= ${at}`,
      value: 0,
      ok: true,
      asked: true,
    })),
    parameters: Object.fromEntries(times(1000, (at) => [`p${at}`, at])),
    timeline: {
      columnS: 1,
      phases: times(1000, (at) => ({ name: `phase ${at}`, fromS: at * 80, toS: at * 80 + 80 })),
      events: times(1000, (at) => ({ atS: at * 80, text: `event ${at}` })),
      sessions: times(columns, (at) => at),
      ackedPerSecond: times(columns, (at) => at % 100),
      storedPerSecond: times(columns, (at) => (at % 1000 === 0 ? null : at % 90)),
      waiting: times(columns, () => 1e12),
      connect: times(columns, () => cell),
      ack: times(columns, () => cell),
      stored: times(columns, () => cell),
      resources: Object.fromEntries(
        times(50, (at) => [
          `group${at}`,
          { cores: times(1000, () => 1), rssBytes: times(1000, () => 1e9) },
        ]),
      ),
    },
  };
}

/** One column, the last bucket, and latencies that never ended. */
export function endlessReport(): RunReport {
  const sample = sampleReport({ columns: 1, sessions: 10, rate: 5 });
  const endless = { p50: 3, p90: 4, p99: Infinity, p999: Infinity, max: Infinity, count: 5 };
  const beyond = new Array<number>(latencyBucketCount).fill(0);
  beyond[latencyBucketCount - 1] = 5;
  return {
    ...sample,
    telemetry: { ...sample.telemetry, ackMs: endless, storedMs: endless },
    connect: { ...sample.connect, latencyMs: endless },
    timeline: { ...sample.timeline!, connect: [beyond], ack: [beyond], stored: [[]] },
  };
}

/** A sample of which any part may be missing that the schema lets be null. */
export function partialReports(): fc.Arbitrary<RunReport> {
  const sample = sampleReport({ columns: 12, sessions: 50, rate: 20, outage: true });
  const orNull = <T>(value: T): fc.Arbitrary<T | null> => fc.constantFrom(value, null);
  const holes = <T extends object>(of: T, names: readonly (keyof T)[]): fc.Arbitrary<T> =>
    fc
      .subarray([...names])
      .map((missing) => ({ ...of, ...Object.fromEntries(missing.map((name) => [name, null])) }));
  const columns = fc.array(fc.option(fc.nat(100_000)), { maxLength: 12 });
  const cells = fc.array(fc.array(fc.nat(50), { maxLength: latencyBucketCount }), {
    maxLength: 12,
  });
  const timeline = fc.record({
    columnS: fc.constantFrom(0.5, 1, 10),
    phases: fc.constant(sample.timeline!.phases),
    events: fc.constant(sample.timeline!.events),
    sessions: columns,
    ackedPerSecond: columns,
    storedPerSecond: columns,
    waiting: columns,
    connect: cells,
    ack: cells,
    stored: cells,
    resources: fc.dictionary(fc.string(), fc.record({ cores: columns, rssBytes: columns }), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  });
  return fc
    .record({
      verdict: fc.constantFrom('pass' as const, 'fail' as const, 'invalid' as const),
      message: holes(sample.message, ['fieldsMean', 'bytesMean']),
      ledger: holes(sample.ledger, [
        'acked',
        'stored',
        'lost',
        'duplicated',
        'overwritten',
        'late',
      ]),
      telemetry: holes(sample.telemetry, [
        'due',
        'unsent',
        'acked',
        'publishDelayMs',
        'ackMs',
        'storedMs',
      ]),
      proof: holes(sample.connect.proof, ['client', 'broker', 'kernel', 'store']),
      isolation: orNull(sample.isolation),
      fairness: orNull(sample.fairness),
      resources: fc.constantFrom(sample.resources, {}, { store: null }),
      timeline: fc.option(timeline),
    })
    .map(({ proof, ...parts }) => ({
      ...sample,
      ...parts,
      connect: { ...sample.connect, proof },
    }));
}
