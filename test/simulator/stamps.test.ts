import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger, type LedgerEntry, timestampOf } from '../../simulator/ledger.ts';
import { StampBook } from '../../simulator/stamps.ts';

const identity = { enterprise: 'e1', device: 'd1', profile: 'p1' };
const devices = [identity, { ...identity, device: 'd2' }, { ...identity, device: 'd3' }];

/** Mostly the same step, now and then another: what a device does. */
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(10_000) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 60_000 }) },
    { weight: 1, arbitrary: fc.constant(2 ** 33) },
  ),
  { maxLength: 200 },
);

/** The readings of three devices, in any order among them. */
const histories = fc.tuple(steps, steps, steps);

const startMs = 1_800_000_000_000;

function timestampsOf(history: readonly number[]): number[] {
  let timestampMs = startMs;
  return [startMs, ...history.map((step) => (timestampMs += step))];
}

function entriesOf(ledger: Ledger, all: readonly number[][]): LedgerEntry[] {
  for (let turn = 0; all.some((one) => turn < one.length); turn++) {
    all.forEach((timestamps, device) => {
      if (turn >= timestamps.length) return;
      ledger.make(device, timestamps[turn]!);
      ledger.send(device, turn + 1);
    });
  }
  return [...ledger.entries()];
}

describe('the timestamps of a ledger', () => {
  it('are those the readings had, also in another process', () => {
    fc.assert(
      fc.property(histories, (three) => {
        const all = three.map(timestampsOf);
        const ledger = new Ledger(devices);
        const entries = entriesOf(ledger, all);
        entries.forEach((entry, device) => {
          const found = all[device]!.map((_, i) => timestampOf(entry, i + 1));
          expect(found).toEqual(all[device]);
          expect(timestampOf(entry, 0)).toBeNull();
          expect(timestampOf(entry, all[device]!.length + 1)).toBeNull();
        });
        const copy = new Ledger(devices, deserialize(serialize(ledger.columns())));
        expect([...copy.entries()]).toEqual(entries);
      }),
      { numRuns: 100 },
    );
  });

  it('are one run while a device keeps its interval', () => {
    const book = new StampBook(2);
    for (let i = 0; i < 5000; i++) book.add(1, startMs + i * 10_000);
    expect(book.runs(0)).toEqual([]);
    expect(book.runs(1)).toEqual([[1, startMs, 10_000]]);
    expect(book.columns().earlier).toHaveLength(0);
  });

  it('go on as a run after each irregularity', () => {
    const book = new StampBook(1);
    const missed = 7;
    for (let i = 0; i < 20; i++) if (i !== missed) book.add(0, startMs + i * 1000);
    expect(book.runs(0)).toEqual([
      [1, startMs, 1000],
      [missed + 1, startMs + (missed + 1) * 1000, 1000],
    ]);
  });

  it('are bounded: the oldest are forgotten, and then not known', () => {
    const ledger = new StampBook(2, 10);
    let timestampMs = startMs;
    for (let i = 0; i < 1000; i++) {
      timestampMs += 1 + i * i;
      ledger.add(0, timestampMs);
    }
    // The other device finds no room, and forgets its own past only.
    for (const at of [1, 2, 10, 11, 50]) ledger.add(1, startMs + at);
    const runs = ledger.runs(0);
    expect(runs).toHaveLength(11);
    expect(ledger.runs(1)).toEqual([[5, startMs + 50, 0]]);
    const entry = { ...identity, sent: 1000, acked: [], stamps: runs };
    expect(timestampOf(entry, 1000)).toBe(timestampMs);
    expect(timestampOf(entry, 1)).toBeNull();
    expect(timestampOf(entry, runs[0]![0])).toBe(runs[0]![1]);
  });
});
