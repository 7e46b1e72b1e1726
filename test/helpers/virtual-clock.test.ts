import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sleep } from '../../model/clock.ts';
import { VirtualClock } from './virtual-clock.ts';

describe('VirtualClock', () => {
  it('runs timers in the order of their times, equal times in the order they were set', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 }), (delays) => {
        const clock = new VirtualClock();
        const ran: { delay: number; order: number; atMs: number }[] = [];
        delays.forEach((delay, order) => {
          clock.after(delay, () => ran.push({ delay, order, atMs: clock.monotonicMs() }));
        });
        clock.advance(20);
        const expected = delays
          .map((delay, order) => ({ delay, order, atMs: delay }))
          .sort((a, b) => a.delay - b.delay || a.order - b.order);
        expect(ran).toEqual(expected);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it('keeps the period of every() and stops when cancelled, also from within', () => {
    const clock = new VirtualClock({ nowMs: 1000 });
    const at: number[] = [];
    const timer = clock.every(10, () => {
      at.push(clock.nowMs());
      if (at.length === 3) timer.cancel();
    });
    clock.advance(100);
    expect(at).toEqual([1010, 1020, 1030]);
    expect(clock.pending).toBe(0);
    expect(clock.nowMs()).toBe(1100);
  });

  it('does not run what was cancelled, and runs what a task sets in the same advance', () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    const cancelled = clock.after(5, () => ran.push('cancelled'));
    clock.after(1, () => {
      cancelled.cancel();
      clock.after(2, () => ran.push('nested'));
    });
    clock.advance(4);
    expect(ran).toEqual(['nested']);
  });

  it('steps the wall clock alone', () => {
    const clock = new VirtualClock({ nowMs: 5000 });
    clock.advance(10);
    clock.stepWall(-1000);
    expect(clock.nowMs()).toBe(4010);
    expect(clock.monotonicMs()).toBe(10);
  });

  it('lets promises settle between tasks', async () => {
    const clock = new VirtualClock();
    const at: number[] = [];
    const sleeper = (async () => {
      for (let i = 0; i < 3; i++) {
        await sleep(clock, 10);
        at.push(clock.monotonicMs());
      }
    })();
    await clock.advanceAsync(100);
    await sleeper;
    expect(at).toEqual([10, 20, 30]);
  });
});
