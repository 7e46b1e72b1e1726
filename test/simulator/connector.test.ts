import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Connector, type ConnectorSettings } from '../../simulator/connector.ts';

function createConnector(settings: Partial<ConnectorSettings>) {
  const begun: number[] = [];
  const connector = new Connector({
    devices: 2000,
    ratePerSecond: null,
    inFlightMax: 50,
    backoffMs: 1000,
    backoffMsMax: 8000,
    random: () => 0.5,
    connect: (device) => begun.push(device),
    ...settings,
  });
  return { connector, begun };
}

describe('Connector', () => {
  it('begins attempts in order, never more at a time than allowed', () => {
    const { connector, begun } = createConnector({ inFlightMax: 50 });
    for (let device = 0; device < 2000; device++) connector.request(device);
    connector.turn(0);
    expect(begun).toEqual(Array.from({ length: 50 }, (_, i) => i));
    for (let i = 0; i < 30; i++) connector.settle(i, true, 5);
    connector.turn(10);
    expect(begun).toHaveLength(80);
    let settled = 30;
    for (let nowMs = 20; begun.length < 2000; nowMs += 10) {
      while (settled < begun.length) connector.settle(settled++, true, nowMs);
      connector.turn(nowMs);
      expect(begun.length - settled).toBeLessThanOrEqual(50);
    }
    expect(begun).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  });

  it.each([1, 30, 500, 3000])('keeps a rate of %i a second', (ratePerSecond) => {
    const { connector, begun } = createConnector({ ratePerSecond, inFlightMax: 100_000 });
    for (let device = 0; device < 2000; device++) connector.request(device);
    for (let nowMs = 0; nowMs <= 5000; nowMs += 10) {
      connector.turn(nowMs);
      const allowed = (nowMs / 1000) * ratePerSecond;
      expect(begun.length).toBeLessThanOrEqual(allowed + Math.max(1, ratePerSecond / 10));
      expect(begun.length).toBeGreaterThanOrEqual(Math.min(2000, Math.floor(allowed)));
    }
  });

  it('does not make up for a pause with a burst', () => {
    const { connector, begun } = createConnector({ ratePerSecond: 100, inFlightMax: 1000 });
    connector.turn(0);
    for (let device = 0; device < 2000; device++) connector.request(device);
    connector.turn(60_000);
    expect(begun.length).toBeLessThanOrEqual(10);
  });

  it('waits between half and all of the doubled back-off after each failure', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, random) => {
          const { connector, begun } = createConnector({ random: () => random });
          connector.request(7);
          let nowMs = 0;
          connector.turn(nowMs);
          for (let n = 1; n <= failures; n++) {
            const failedMs = nowMs;
            connector.settle(7, false, failedMs);
            while (begun.length === n) {
              nowMs += 10;
              connector.turn(nowMs);
            }
            const longestMs = Math.min(1000 * 2 ** (n - 1), 8000);
            expect(nowMs - failedMs).toBeGreaterThanOrEqual(longestMs / 2);
            expect(nowMs - failedMs).toBeLessThanOrEqual(longestMs + 120);
          }
          connector.settle(7, true, nowMs);
          connector.retry(7, nowMs);
          const closedMs = nowMs;
          while (begun.length === failures + 1) {
            nowMs += 10;
            connector.turn(nowMs);
          }
          expect(nowMs - closedMs).toBeLessThanOrEqual(1120);
        },
      ),
      { numRuns: 30 },
    );
  });
});
