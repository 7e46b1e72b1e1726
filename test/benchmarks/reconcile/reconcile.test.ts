/** What every device was promised against the rows of a store. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Letter } from '../../../benchmarks/gateway-client.ts';
import { type DeadReadings, deadReadingsOf } from '../../../benchmarks/reconcile/dead-readings.ts';
import { reconcile } from '../../../benchmarks/reconcile/reconcile.ts';
import { rowsInStore } from '../../../benchmarks/reconcile/rows.ts';
import { MemoryStore } from '../../../gateway/stores/memory.ts';

const noDead: DeadReadings = { seqs: new Set(), unnamed: 0 };
const window = { fromMs: 0, toMs: 1_000_000 };
const device = { enterprise: 'e', device: 'a', profile: 'press' };

interface Row {
  readonly seq: number;
  readonly timestampMs: number;
}

async function storeWith(rows: readonly Row[], name = 'a') {
  const store = new MemoryStore({ kind: 'memory', rowsMax: 10_000 });
  const lines = rows.map(
    ({ seq, timestampMs }) =>
      `press,device=${name},enterprise=e power=1,seq=${seq},quality=192 ${timestampMs}\n`,
  );
  await store.write({ lines: Buffer.from(lines.join('')), lineCount: lines.length });
  return store;
}

/** Reading `seq` was due at `seq` seconds. */
const stamps = [[1, 1000, 1000]] as const;
const timely = (seq: number): Row => ({ seq, timestampMs: 1000 * seq });

async function reconciled(
  rows: readonly Row[],
  acked: readonly (readonly [number, number])[],
  dead: DeadReadings = noDead,
) {
  return reconcile({
    rows: rowsInStore(await storeWith(rows)),
    ledger: [{ ...device, sent: 6, acked, stamps }],
    window,
    deadReadings: async () => dead,
  });
}

test.each([
  [[1, 2, 3], [[1, 3]], { stored: 3, lost: 0, duplicated: 0 }],
  [[1, 2, 3, 4], [[1, 3]], { stored: 4, lost: 0, duplicated: 0 }],
  [[1, 3], [[1, 3]], { stored: 2, lost: 1, duplicated: 0 }],
  // An unacknowledged row that was stored must not hide an acknowledged one that was not.
  [[1, 3, 4], [[1, 3]], { stored: 3, lost: 1, duplicated: 0 }],
  [[2, 3, 4], [[1, 3]], { stored: 3, lost: 1, duplicated: 0 }],
  [[], [[1, 3]], { stored: 0, lost: 3, duplicated: 0 }],
] as const)('rows %j for acknowledged %j', async (seqs, acked, expected) => {
  expect(await reconciled(seqs.map(timely), acked)).toMatchObject(expected);
});

test('a row twice is counted, and said', async () => {
  const found = await reconciled([timely(1), timely(2), { seq: 2, timestampMs: 2500 }], [[1, 2]]);
  expect(found).toMatchObject({ stored: 2, lost: 0, duplicated: 1, devices: 1 });
  expect(found.examples).toEqual([
    'e.a: 6 sent, 2 acknowledged, 0 lost, 0 overwritten, 1 stored twice',
  ]);
});

test('a timestamp that another reading has by now was overwritten, not lost', async () => {
  const rows = [timely(1), { seq: 4, timestampMs: 2000 }, timely(3)];
  const found = await reconciled(rows, [[1, 3]]);
  expect(found).toMatchObject({ overwritten: 1, lost: 0 });
});

test('a dead letter explains the reading it names, and no other', async () => {
  const dead = (seqs: number[], unnamed = 0) => ({ seqs: new Set(seqs), unnamed });
  expect(await reconciled([timely(1)], [[1, 2]], dead([2]))).toMatchObject({ lost: 0 });
  expect(await reconciled([timely(1)], [[1, 2]], dead([5]))).toMatchObject({ lost: 1 });
  const found = await reconciled([timely(1)], [[1, 4]], dead([2]));
  expect(found).toMatchObject({ lost: 2 });
  expect(found.examples[0]).toContain('2 lost from seq 3 on');
});

test('a dead letter that names none explains any one', async () => {
  const dead = { seqs: new Set<number>(), unnamed: 1 };
  expect(await reconciled([timely(1)], [[1, 2]], dead)).toMatchObject({ lost: 0 });
  expect(await reconciled([timely(1)], [[1, 4]], dead)).toMatchObject({ lost: 2 });
});

test('dead letters name their readings by what was sent, and by the line for the store', async () => {
  const letter = (payload: string | null, more: Partial<Letter> = {}): Letter => ({
    ...{ stage: 'check', readings: 1, replay: 'waiting', payload },
    ...more,
  });
  const letters = [
    letter('{"seq":3,"ts":1,"values":{"power":"much"}}'),
    letter('press,device=a,enterprise=e power=1,seq=4,quality=192 4000\n', { stage: 'store' }),
    letter('{"seq":9}', { readings: 0 }),
    letter(null),
    letter('{"seq":5,"va'),
    letter('{"values":{}}'),
    letter('null'),
    letter('press power=1', { stage: 'store' }),
  ];
  async function* deadLetters() {
    yield* letters;
  }
  const dead = await deadReadingsOf({ deadLetters }, 'e', 'a');
  expect(dead).toEqual({ seqs: new Set([3, 4]), unnamed: 5 });
});

test('rows of strangers and of other times do not count', async () => {
  const rows = rowsInStore(await storeWith([timely(1)], 'stranger'));
  const ledger = [{ ...device, sent: 1, acked: [[1, 1]] as const, stamps }];
  const found = await reconcile({ rows, ledger, window, deadReadings: async () => noDead });
  expect(found).toMatchObject({ stored: 0, lost: 1, devices: 0 });
  const late = await reconciled([{ seq: 1, timestampMs: 2_000_000 }], [[1, 1]]);
  expect(late).toMatchObject({ stored: 0, lost: 1 });
});

test('whatever is taken out of the store is missed, exactly', async () => {
  const seqs = fc.uniqueArray(fc.integer({ min: 1, max: 6 }));
  await fc.assert(
    fc.asyncProperty(seqs, async (stored) => {
      const found = await reconciled(stored.map(timely), [[1, 4]]);
      const missed = [1, 2, 3, 4].filter((seq) => !stored.includes(seq));
      expect(found).toMatchObject({
        sent: 6,
        acked: 4,
        stored: stored.length,
        lost: missed.length,
        overwritten: 0,
        duplicated: 0,
      });
    }),
  );
});
