import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock, Timer } from '../../model/clock.ts';
import { evenPhase, Schedule, slotMs, turnMs } from '../../simulator/schedule.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

/** A fleet of `items` that are due every `intervalMs`; what fired when. */
function play(clock: Clock, items: number, intervalMs: number) {
  const fired: { item: number; dueMs: number; atMs: number }[] = [];
  const schedule: Schedule = new Schedule({
    clock,
    items,
    onDue: (item, dueMs) => {
      fired.push({ item, dueMs, atMs: clock.monotonicMs() });
      schedule.set(item, dueMs + intervalMs);
    },
  });
  schedule.start();
  for (let item = 0; item < items; item++) {
    schedule.set(item, schedule.firstDue(clock.monotonicMs(), intervalMs, evenPhase(item)));
  }
  return { fired, schedule };
}

/** Timers run late by what `latenessMs` says, as they do in a busy process. */
class LateClock extends VirtualClock {
  latenessMs = 0;

  override after(delayMs: number, task: () => void): Timer {
    return super.after(delayMs + this.latenessMs, task);
  }
}

describe('Schedule', () => {
  it('keeps every due time on the grid, one interval apart, for any fleet', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 0, max: 500 }),
        (items, slots, startMs) => {
          const clock = new VirtualClock();
          clock.advance(startMs + 0.25);
          const intervalMs = slots * slotMs;
          const { fired, schedule } = play(clock, items, intervalMs);
          clock.advance(5 * intervalMs + slotMs);
          schedule.stop();
          for (let item = 0; item < items; item++) {
            const due = fired.filter((event) => event.item === item).map((event) => event.dueMs);
            expect(due.length).toBeGreaterThanOrEqual(5);
            for (let i = 1; i < due.length; i++) {
              expect(due[i]! - due[i - 1]!).toBeCloseTo(intervalMs, 6);
            }
          }
          expect(
            fired.every(({ dueMs, atMs }) => atMs - dueMs > -1e-3 && atMs - dueMs < 1e-3),
          ).toBe(true);
          expect(schedule.overruns).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('is flat: the same number of messages in every turn, give or take two', () => {
    const clock = new VirtualClock();
    const { fired, schedule } = play(clock, 1250, 1000);
    clock.advance(3000);
    schedule.stop();
    const perTurn = new Map<number, number>();
    for (const { dueMs } of fired) {
      const turn = dueMs / turnMs;
      if (turn >= 50 && turn < 100) perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1);
    }
    expect(perTurn.size).toBe(50);
    expect(Math.min(...perTurn.values())).toBeGreaterThanOrEqual(23);
    expect(Math.max(...perTurn.values())).toBeLessThanOrEqual(27);
  });

  it('turns at every second slot, and in between only for what is due there', () => {
    const clock = new VirtualClock();
    const turns: number[] = [];
    const due: number[] = [];
    const schedule = new Schedule({
      clock,
      items: 2,
      onDue: (_, dueMs) => due.push(dueMs),
      onTurn: (nowMs) => turns.push(nowMs),
    });
    schedule.start();
    schedule.set(0, 70);
    clock.advance(85);
    expect(turns).toEqual([10, 20, 40, 60, 70, 80]);
    schedule.set(0, 90);
    schedule.set(1, 100);
    clock.advance(15);
    expect(turns.slice(6)).toEqual([90, 100]);
    expect(due).toEqual([70, 90, 100]);
    schedule.stop();
    expect(clock.pending).toBe(0);
  });

  it('is open: a process that was held up still meets every due time, and says how late', () => {
    const clock = new LateClock();
    const { fired, schedule } = play(clock, 20, 100);
    clock.advance(1000);
    clock.latenessMs = 700;
    clock.advance(2000);
    clock.latenessMs = 0;
    clock.advance(2000);
    schedule.stop();
    for (let item = 0; item < 20; item++) {
      const due = fired.filter((event) => event.item === item).map((event) => event.dueMs);
      expect(due.length).toBeGreaterThanOrEqual(49);
      for (let i = 1; i < due.length; i++) expect(due[i]! - due[i - 1]!).toBeCloseTo(100, 6);
    }
    expect(Math.max(...fired.map(({ dueMs, atMs }) => atMs - dueMs))).toBeGreaterThanOrEqual(690);
    expect(schedule.overruns).toBeGreaterThan(0);
    expect(schedule.lag.summary()!.max).toBeGreaterThanOrEqual(700);
  });

  it('lets I/O have its turn while it catches up', () => {
    const clock = new LateClock();
    let turns = 0;
    const turnSizes: number[] = [];
    let inTurn = 0;
    const schedule: Schedule = new Schedule({
      clock,
      items: 100,
      onDue: (item, dueMs) => {
        inTurn++;
        schedule.set(item, dueMs + slotMs);
      },
      onTurn: () => {
        turns++;
        turnSizes.push(inTurn);
        inTurn = 0;
      },
    });
    schedule.start();
    for (let item = 0; item < 100; item++) schedule.set(item, slotMs);
    clock.latenessMs = 1000;
    clock.advance(slotMs);
    clock.latenessMs = 0;
    clock.advance(1000 + slotMs - 1);
    expect(turns).toBe(1);
    clock.advance(1);
    schedule.stop();
    expect(turns).toBe(1 + 21);
    // The turns it catches up with say nothing of how late the timer was.
    expect(schedule.lag.summary()).toMatchObject({ count: 2, max: expect.closeTo(1000, -1) });
    expect(Math.max(...turnSizes)).toBeLessThanOrEqual(600);
    expect(turnSizes.reduce((a, b) => a + b, 0)).toBe(102 * 100);
  });

  it('finds the first due time after a moment, on the phase of the item', () => {
    const clock = new VirtualClock();
    const { schedule } = play(clock, 1, 1000);
    expect(schedule.firstDue(0, 1000, 0.5)).toBe(500);
    expect(schedule.firstDue(499.9, 1000, 0.5)).toBe(500);
    expect(schedule.firstDue(500, 1000, 0.5)).toBe(1500);
    expect(schedule.firstDue(9999, 1000, 0.255)).toBe(10_240);
    expect(schedule.firstDue(9999, 250, 0.255)).toBe(10_060);
    schedule.stop();
  });

  it('follows a wall clock that is set', () => {
    const clock = new VirtualClock({ nowMs: 1_000_000 });
    const { schedule } = play(clock, 1, 1000);
    clock.advance(100);
    expect(schedule.wallOf(100)).toBe(1_000_100);
    clock.stepWall(3_600_000);
    clock.advance(turnMs);
    expect(schedule.wallOf(120)).toBe(4_600_120);
    clock.stepWall(-3_600_000);
    clock.advance(turnMs);
    expect(schedule.wallOf(140)).toBe(1_000_140);
    schedule.stop();
    expect(clock.pending).toBe(0);
  });
});
