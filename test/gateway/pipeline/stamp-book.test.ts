import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkReading } from '../../../gateway/pipeline/check.ts';
import { KnownDevice } from '../../../gateway/pipeline/known-device.ts';
import { StampBook } from '../../../gateway/pipeline/stamp-book.ts';

const nowMs = 1_767_225_600_000;

describe('stamps', () => {
  test('of one device never repeat, whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5000, max: 5000 }), { maxLength: 200 }), (steps) => {
        const book = new StampBook();
        const given = new Set<number>();
        let clockMs = nowMs;
        for (const step of steps) {
          clockMs += step;
          given.add(book.next('a', clockMs) ?? -1);
        }
        expect(given.size).toBe(steps.length);
      }),
    );
  });

  test('go on where the last session of the device ended', () => {
    const stamps = new StampBook();
    const device = {
      enterprise: 'acme',
      device: 'a',
      profile: 'generic',
      district: 'x',
      industry: '00',
    };
    const given = [1, 2, 3].flatMap(() => {
      const session = new KnownDevice(device, stamps);
      return Array.from({ length: 500 }, () => session.stamp(nowMs));
    });
    expect(new Set(given).size).toBe(1500);
  });

  test('that would run too far ahead are refused, and the device is told what to do', () => {
    const stamps = new StampBook({ floorMs: 0, leadMsMax: 2000 });
    const device = {
      enterprise: 'acme',
      device: 'a',
      profile: 'generic',
      district: 'x',
      industry: '00',
    };
    const known = new KnownDevice(device, stamps);
    const context = { nowMs, strict: false, ageMsMax: 1000, aheadMsMax: 1000 };
    const codes = Array.from({ length: 2100 }, () => {
      const checked = checkReading(
        { seq: 1, ts: undefined, values: { x: 1 } },
        known,
        null,
        context,
      );
      return checked.ok ? 'stored' : checked.code;
    });
    expect(codes.filter((code) => code === 'stored')).toHaveLength(2001);
    expect(codes.at(-1)).toBe('reading.timestamp-needed');
    expect(stamps.next('a', nowMs + 5000)).toBe(nowMs + 5000);
  });

  test('of a new worker begin beyond whatever the killed one can have given', () => {
    const leadMsMax = 2000;
    const before = new StampBook({ floorMs: nowMs - 10_000 + leadMsMax, leadMsMax });
    let last = 0;
    for (let stamp = before.next('a', nowMs); stamp !== null; stamp = before.next('a', nowMs)) {
      last = stamp;
    }
    const restartedMs = nowMs + 1;
    const after = new StampBook({ floorMs: restartedMs + leadMsMax, leadMsMax });
    expect(after.next('a', restartedMs)).toBeGreaterThan(last);
  });

  test('that are past are forgotten when there are many devices', () => {
    const book = new StampBook();
    for (let i = 0; i < 10_000; i++) book.next(`d${i}`, nowMs);
    book.next('ahead', nowMs + 50);
    book.next('ahead', nowMs + 50);
    book.next('new', nowMs + 10);
    expect(book.next('ahead', nowMs + 10)).toBe(nowMs + 52);
  });
});
