import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IsolatedLine, Isolation, type Offer } from '../../../gateway/shipping/isolate.ts';
import { splitLines } from '../../../model/line-protocol.ts';

/** A store that refuses any write with a bad line in it and then stores nothing of it. */
function strictStore(isBad: (line: string) => boolean) {
  const stored = new Set<string>();
  let requests = 0;
  const offer: Offer = async ({ lines }) => {
    requests++;
    const texts = splitLines(lines).map(String);
    if (texts.some(isBad)) return { status: 'refused', reason: 'bad line' };
    for (const text of texts) stored.add(text);
    return { status: 'stored' };
  };
  return { offer, stored, requests: () => requests };
}

function lines(measurement: string, count: number): IsolatedLine<string>[] {
  return Array.from({ length: count }, (_, i) => {
    const text = `${measurement},device=d${i} power=${i} 1\n`;
    return { line: Buffer.from(text), owner: text };
  });
}

test('one bad line of thousands is found, everything else is stored', async () => {
  const all = [...lines('press', 4000), ...lines('loom', 1000)];
  const bad = 'press,device=d1234 power=1234 1\n';
  const store = strictStore((line) => line === bad);
  const rejected = await new Isolation(48).run(all, store.offer);
  expect(rejected).toMatchObject([{ owner: bad, code: 'store.refused-line', reason: 'bad line' }]);
  expect(store.stored.size).toBe(4999);
  expect(store.requests()).toBeLessThan(48);
});

test('a profile whose every line is bad does not hold up the others, and costs little the second time', async () => {
  const all = [...lines('press', 2000), ...lines('loom', 500), ...lines('agv', 500)];
  const store = strictStore((line) => line.startsWith('press'));
  const isolation = new Isolation(48);
  const rejected = await isolation.run(all, store.offer);
  expect(rejected).toHaveLength(2000);
  expect(rejected.every(({ code }) => code === 'store.refused-group')).toBe(true);
  expect(store.stored.size).toBe(1000);
  const before = store.requests();
  expect(before).toBeLessThanOrEqual(48 + 2);
  await isolation.run(all, store.offer);
  await isolation.run(all, store.offer);
  const third = store.requests();
  await isolation.run(all, store.offer);
  expect(store.requests() - third).toBeLessThanOrEqual(2 + 2);
});

test('a profile that is well again gets its whole budget back', async () => {
  let poisoned = true;
  const store = strictStore((line) => poisoned && line.startsWith('press'));
  const isolation = new Isolation(48);
  for (let i = 0; i < 4; i++) await isolation.run(lines('press', 500), store.offer);
  poisoned = false;
  expect(await isolation.run(lines('press', 500), store.offer)).toEqual([]);
  const bad = 'press,device=d7 power=7 1\n';
  const strict = strictStore((line) => line === bad);
  expect(await isolation.run(lines('press', 500), strict.offer)).toMatchObject([{ owner: bad }]);
});

test('a store that names the bad lines is believed', async () => {
  const offer: Offer = async () => ({ status: 'rejected', lines: [{ index: 2, reason: 'type' }] });
  const rejected = await new Isolation(48).run(lines('press', 5), offer);
  expect(rejected).toMatchObject([{ owner: 'press,device=d2 power=2 1\n', reason: 'type' }]);
});

describe('whatever is bad', () => {
  test('no good line is lost without a letter, no bad line without one, work is bounded', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ kind: fc.constantFrom('a', 'b', 'c'), bad: fc.boolean() }), {
          maxLength: 200,
        }),
        fc.integer({ min: 1, max: 60 }),
        async (specs, budget) => {
          const all = specs.map(({ kind, bad }, i) => {
            const text = `${kind},device=d${i} x=${bad ? 'bad' : i} 1\n`;
            return { line: Buffer.from(text), owner: text };
          });
          const store = strictStore((line) => line.includes('=bad'));
          const rejected = new Set(
            (await new Isolation(budget).run(all, store.offer)).map(({ owner }) => owner),
          );
          for (const { owner } of all) {
            expect(store.stored.has(owner) || rejected.has(owner)).toBe(true);
            if (owner.includes('=bad')) expect(rejected.has(owner)).toBe(true);
          }
          expect(store.requests()).toBeLessThanOrEqual(3 * budget);
        },
      ),
      { numRuns: 100 },
    );
  });
});
