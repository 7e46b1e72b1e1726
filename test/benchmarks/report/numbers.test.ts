/** Quantities are written with their unit, and say exactly what they are beside it. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesText,
  count,
  countText,
  latency,
  latencyText,
  quantityAt,
  secondsText,
} from '../../../benchmarks/report/numbers.ts';

const milliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
};

test.each([
  [0, '0 ms'],
  [0.413, '0.413 ms'],
  [23.94, '23.9 ms'],
  [999.4, '999 ms'],
  [999.6, '1 s'],
  [1310, '1.31 s'],
  [185_364, '3.09 min'],
  [3 * 3_600_000, '3 h'],
  [Number.POSITIVE_INFINITY, '∞'],
])('%s ms is %s', (ms, expected) => {
  expect(latencyText(ms)).toBe(expected);
});

test('a latency reads as what it is, to three digits', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 1e7, noNaN: true }), (ms) => {
      const [number, unit] = latencyText(ms).split(' ') as [string, string];
      const read = Number(number.replaceAll(',', '')) * milliseconds[unit]!;
      expect(Math.abs(read - ms)).toBeLessThanOrEqual(Math.max(ms * 0.0051, 0.0005));
    }),
  );
});

test('counts are exact and grouped', () => {
  expect(countText(3_062_227)).toBe('3,062,227');
  expect(countText(-6.94)).toBe('−6.94');
  fc.assert(
    fc.property(fc.nat(), (value) => {
      expect(Number(countText(value).replaceAll(',', ''))).toBe(value);
    }),
  );
});

test('bytes are binary, seconds grow into hours', () => {
  expect(bytesText(25_269_084_160)).toBe('23.5 GiB');
  expect(bytesText(187.3)).toBe('187 B');
  expect(secondsText(33.4)).toBe('33.4 s');
  expect(secondsText(7200)).toBe('2 h');
});

describe('what is not known', () => {
  test.each([
    null,
    undefined,
    Number.NaN,
    '</script>' as unknown as number,
    {} as unknown as number,
  ])('%s is no number and never 0', (value) => {
    for (const { markup } of [count(value), latency(value)]) {
      expect(markup).toContain('not known');
      expect(markup).toContain('未知');
      expect(markup).not.toContain('data');
      expect(markup).not.toContain('script');
    }
  });
});

test.each([
  ['telemetry.ackMs.p99', 128.4, '128 ms'],
  ['telemetry.ackMs.count', 128, '128'],
  ['connect.stagesMs.tls.max', 2000, '2 s'],
  ['fairness.worstEnterpriseAckMsP99', 180, '180 ms'],
  ['connect.seconds', 33.4, '33.4 s'],
  ['findings.drainS', 118.4, '118 s'],
  ['findings.memoryGrowth', 0.012, '1.2 %'],
  ['resources.store.rssBytesMax', 1024 ** 3, '1 GiB'],
  ['resources.store.cpuS', 472.5, '472.5 s'],
  ['cpuUsPerMessage.store', 45, '45 µs'],
  ['telemetry.perSecond', 9996.81, '9,996.8'],
  ['ledger.lost', 17, '17'],
  ['ledger.lateAfterMs', 10_000, '10 s'],
])('a threshold over %s: %s is %s', (path, value, expected) => {
  expect(quantityAt(path, value).markup).toContain(
    `<data value="${value}" title="${value}">${expected}<`,
  );
});
