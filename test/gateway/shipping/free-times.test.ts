import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FreeTimes } from '../../../gateway/shipping/free-times.ts';
import { MemoryStore } from '../../../gateway/stores/memory.ts';

const device = { enterprise: 'acme', device: 'd1' };

async function storeWith(rowsAtMs: readonly number[], series = 'agv,device=d1,enterprise=acme') {
  const store = new MemoryStore({ kind: 'memory', rowsMax: 100_000 });
  const text = rowsAtMs.map((ms) => `${series} power=1 ${ms}\n`).join('');
  await store.write({ lines: Buffer.from(text), lineCount: rowsAtMs.length });
  return store;
}

const range = (fromMs: number, count: number) =>
  Array.from({ length: count }, (_, i) => fromMs + i);

describe('free times', () => {
  it('are the first from the arrival on that nobody has, each given once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 5000, max: 5040 }), { maxLength: 40 }),
        fc.array(fc.integer({ min: 5000, max: 5040 }), { maxLength: 5 }),
        fc.array(fc.integer({ min: 4990, max: 8000 }), { minLength: 1, maxLength: 60 }),
        async (rows, taken, arrivals) => {
          const times = new FreeTimes(await storeWith(rows), device, 'agv');
          for (const ms of taken) times.take(ms);
          const used = new Set([...rows, ...taken]);
          for (const arrival of arrivals.toSorted((a, b) => a - b)) {
            let expected = arrival;
            while (used.has(expected)) expected++;
            expect(await times.next(arrival)).toBe(expected);
            used.add(expected);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('look past a long run of rows, but not further than an hour', async () => {
    const times = new FreeTimes(await storeWith(range(5000, 2500)), device, 'agv');
    expect(await times.next(5000)).toBe(7500);
    const many = range(0, 4000).map((timestampMs) => ({ timestampMs, seq: null, values: {} }));
    const full = { readings: async () => many };
    expect(await new FreeTimes(full, device, 'agv').next(5000)).toBeNull();
  });

  it('do not mind the rows of other devices and measurements', async () => {
    const store = await storeWith([5000], 'agv,device=d2,enterprise=acme');
    expect(await new FreeTimes(store, device, 'agv').next(5000)).toBe(5000);
    const other = { ...device, device: 'd2' };
    expect(await new FreeTimes(store, other, 'event').next(5000)).toBe(5000);
    expect(await new FreeTimes(store, other, 'agv').next(5000)).toBe(5001);
  });
});
