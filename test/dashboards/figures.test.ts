import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linearAxis, logAxis } from '../../dashboards/live/axis.ts';
import { fillBounds, fillStep } from '../../dashboards/live/fill.ts';
import {
  bytes,
  count,
  date,
  duration,
  latency,
  percent,
  shortCount,
  timeOfDay,
} from '../../dashboards/live/format.ts';
import { connectedElsewhere, shareAt, stages } from '../../dashboards/live/funnel.ts';
import { History } from '../../dashboards/live/history.ts';
import { parseSnapshot, type Snapshot, unaccounted } from '../../dashboards/live/snapshot.ts';

describe('how quantities are written', () => {
  test.each([
    [0.42, '0.42 ms'],
    [4.21, '4.2 ms'],
    [420.4, '420 ms'],
    [999.7, '1.00 s'],
    [1234, '1.23 s'],
    [45_000, '45.0 s'],
    [150_000, '2.5 min'],
  ])('a latency of %d ms is %s', (milliseconds, text) => {
    expect(latency(milliseconds).join(' ')).toBe(text);
  });

  test.each([
    [0, '0 秒', '0 s'],
    [59, '59 秒', '59 s'],
    [60, '1 分', '1 min'],
    [3725, '1 小时 2 分', '1 h 2 min'],
    [90_000, '1 天 1 小时', '1 d 1 h'],
  ])('a duration of %d s is %s or %s', (seconds, zh, en) => {
    expect(duration(seconds, 'zh')).toBe(zh);
    expect(duration(seconds, 'en')).toBe(en);
  });

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1024, '1.00 KiB'],
    [4096 * 1024 * 1024, '4.00 GiB'],
    [123 * 1024 * 1024, '123 MiB'],
  ])('%d bytes are %s', (value, text) => expect(bytes(value)).toBe(text));

  test('a share is never rounded to all or nothing', () => {
    expect(percent(0, 10)).toBe('0 %');
    expect(percent(10, 10)).toBe('100 %');
    expect(percent(0, 0)).toBe('0 %');
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1e9 }), fc.double({ min: 0, max: 1 }), (whole, at) => {
        const part = 1 + Math.floor(at * (whole - 2));
        expect(percent(part, whole)).not.toMatch(/^(0|0\.0|100|100\.0) %$/);
      }),
    );
  });

  test('counts are exact, on an axis short', () => {
    expect(count(1_234_567, 'zh')).toBe('1,234,567');
    expect(count(1_234_567, 'en')).toBe('1,234,567');
    expect(shortCount(12_500, 'zh')).toBe('1.25万');
    expect(shortCount(12_500, 'en')).toBe('12.5K');
    expect(shortCount(2.5, 'en')).toBe('2.5');
    expect(shortCount(3e8, 'zh')).toBe('3亿');
  });

  test('moments are those of Changzhou', () => {
    const opening = Date.parse('2018-11-30T02:00:05Z');
    expect(timeOfDay(opening, 'zh')).toBe('10:00:05');
    expect(timeOfDay(Date.parse('2018-11-30T16:00:00Z'), 'en')).toBe('00:00:00');
    expect(date(opening, 'zh')).toBe('2018年11月30日');
    expect(date(opening, 'en')).toBe('30 Nov 2018');
  });
});

describe('axes', () => {
  const positive = fc.double({ min: 1e-3, max: 1e12, noNaN: true });

  test('a linear axis holds the highest value in at most four steps', () => {
    fc.assert(
      fc.property(positive, (highest) => {
        const { top, step } = linearAxis(highest);
        expect(top).toBeGreaterThanOrEqual(highest * (1 - 1e-9));
        expect(Math.round(top / step)).toBeLessThanOrEqual(4);
      }),
    );
    expect(linearAxis(0)).toEqual({ top: 1, step: 1 });
    expect(linearAxis(201)).toEqual({ top: 300, step: 100 });
  });

  test('a logarithmic axis holds every value between whole decades', () => {
    fc.assert(
      fc.property(fc.array(positive), (values) => {
        const { low, high } = logAxis(values);
        for (const value of values) {
          expect(value).toBeGreaterThanOrEqual(low * (1 - 1e-9));
          expect(value).toBeLessThanOrEqual(high * (1 + 1e-9));
        }
        expect(high / low).toBeGreaterThan(99);
      }),
    );
  });

  test('the fill of a share grows with it', () => {
    expect(fillStep(0, 100)).toBe(0);
    expect(fillStep(1, 0)).toBe(0);
    expect(fillBounds.map((bound) => fillStep(bound * 1000, 1000))).toEqual([1, 2, 3, 4, 5]);
    expect(fillStep(51, 1000)).toBe(2);
  });
});

describe('the funnel', () => {
  const none = { registered: 0, activated: 0, connected: 0, online: 0 };
  /** Counts that lie in one another. */
  const nested = fc.array(fc.nat(100_000), { minLength: 4, maxLength: 4 }).map((counts) => {
    const [registered, activated, connected, online] = counts.sort((a, b) => b - a);
    return { registered, activated, connected, online } as typeof none;
  });

  test('narrows from all that are registered, whatever the counts', () => {
    fc.assert(
      fc.property(nested, (counts) => {
        const shares = stages.map((stage) => shareAt(counts, stage));
        expect(shares).toEqual([...shares].sort((a, b) => b - a));
        expect(shares[0]).toBe(counts.registered > 0 ? 1 : 0);
      }),
    );
    expect(shareAt({ ...none, registered: 8, activated: 2 }, 'activated')).toBe(0.25);
    expect(shareAt(none, 'online')).toBe(0);
  });

  test('what is connected in none of the known districts', () => {
    const place = (connected: number) => ({
      production: { ...none, connected },
      other: { ...none, connected: 100 },
      enterprises: none,
    });
    const onboarding = {
      city: place(11),
      byDistrict: { wujin: place(1), elsewhere: place(2), unknown: place(8) },
    };
    expect(connectedElsewhere(onboarding, new Set(['wujin']))).toBe(10);
    expect(connectedElsewhere(onboarding, new Set(['wujin', 'elsewhere', 'unknown']))).toBe(0);
  });
});

describe('snapshots', () => {
  const at = (nowMs: number): Snapshot =>
    ({ nowMs, rates: { received: 5, stored: 4 }, shipper: { storedMs: null } }) as Snapshot;

  test('history keeps the last 600 and begins anew when the clock was set back', () => {
    const history = new History();
    for (let second = 0; second < 700; second++) history.add(at(second * 1000));
    expect(history.points).toHaveLength(600);
    expect(history.points[0]!.atMs).toBe(100_000);
    expect(history.points[0]).toMatchObject({ storedPerSecond: 4, storedP99Ms: null });
    history.add(at(5000));
    expect(history.points.map(({ atMs }) => atMs)).toEqual([5000]);
  });

  test('what the counters leave open', () => {
    const counts = {
      received: 10,
      stored: 5,
      deadLettered: 1,
      waiting: 2,
      withheld: 1,
      dropped: 1,
    };
    expect(unaccounted({ ...counts, refusedFields: 3 })).toBe(0);
    expect(unaccounted({ ...counts, waiting: 0, refusedFields: 3 })).toBe(2);
  });

  test('something else is refused', () => {
    expect(() => parseSnapshot('null')).toThrow(TypeError);
    expect(() => parseSnapshot('{"nowMs": 1}')).toThrow(TypeError);
    expect(() => parseSnapshot('{')).toThrow(SyntaxError);
  });
});
