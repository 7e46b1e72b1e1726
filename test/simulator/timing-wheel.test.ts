import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimingWheel } from '../../simulator/timing-wheel.ts';

describe('TimingWheel', () => {
  it('is due exactly at the tick that was set, in the order of setting, however far ahead', () => {
    const items = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 60 });
    const steps = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(items, steps, (ticks, advances) => {
        const wheel = new TimingWheel(ticks.length, 16);
        for (const [item, tick] of ticks.entries()) wheel.set(item, tick);
        const fired: { item: number; due: number; at: number }[] = [];
        let now = 0;
        for (const step of advances) {
          now += step;
          wheel.advance(now, (item, due) => fired.push({ item, due, at: wheel.tick }));
        }
        const expected = ticks
          .map((tick, item) => ({ item, due: tick, at: tick }))
          .filter(({ due }) => due <= now)
          .sort((a, b) => a.due - b.due || a.item - b.item);
        expect(fired).toEqual(expected);
        for (const [item, tick] of ticks.entries()) expect(wheel.isSet(item)).toBe(tick > now);
      }),
      { numRuns: 200 },
    );
  });

  it('meets every due time of items that set themselves again, in one advance or many', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 10 }),
        (periods, advances) => {
          const wheel = new TimingWheel(periods.length, 32);
          const fired: number[][] = periods.map(() => []);
          for (const [item, period] of periods.entries()) wheel.set(item, period);
          let now = 0;
          for (const step of advances) {
            now += step;
            wheel.advance(now, (item, due) => {
              fired[item]!.push(due);
              wheel.set(item, due + periods[item]!);
            });
          }
          periods.forEach((period, item) => {
            const expected = Array.from(
              { length: Math.floor(now / period) },
              (_, i) => (i + 1) * period,
            );
            expect(fired[item]).toEqual(expected);
          });
        },
      ),
      { numRuns: 100 },
    );
  });

  it('stops after the tick in which it has handled enough, and goes on from there', () => {
    const wheel = new TimingWheel(6, 8);
    for (let item = 0; item < 6; item++) wheel.set(item, 1 + (item >> 1));
    const fired: number[] = [];
    expect(wheel.advance(3, (item) => fired.push(item), 3)).toBe(false);
    expect(fired).toEqual([0, 1, 2, 3]);
    expect(wheel.tick).toBe(2);
    expect(wheel.advance(3, (item) => fired.push(item), 3)).toBe(true);
    expect(fired).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('makes what is past due at the next tick, and holds an item once', () => {
    const wheel = new TimingWheel(1, 8);
    wheel.advance(5, () => undefined);
    wheel.set(0, 2);
    expect(() => wheel.set(0, 9)).toThrow('set already');
    const fired: number[] = [];
    wheel.advance(6, (_, due) => fired.push(due));
    expect(fired).toEqual([6]);
  });
});
