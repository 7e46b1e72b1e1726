import { expect, test } from 'vitest';
import { verifyInStore } from '../../benchmarks/harness/verify.ts';
import { MemoryStore } from '../../gateway/stores/memory.ts';

async function storeWith(seqs: readonly number[]) {
  const store = new MemoryStore({ kind: 'memory', rowsMax: 1000 });
  const lines = seqs.map(
    (seq, i) => `press,device=a,enterprise=e power=1,seq=${seq},quality=192 ${1000 + i}\n`,
  );
  await store.write({ lines: Buffer.from(lines.join('')), lineCount: lines.length });
  return store;
}

const window = { fromMs: 0, toMs: 10_000 };
const entry = { enterprise: 'e', device: 'a', profile: 'press' };

test.each([
  [[1, 2, 3], [[1, 3]], { stored: 3, lost: 0, duplicated: 0 }],
  [[1, 2, 3, 4], [[1, 3]], { stored: 4, lost: 0, duplicated: 0 }],
  [[1, 3], [[1, 3]], { stored: 2, lost: 1, duplicated: 0 }],
  // An unacknowledged row that was stored must not hide an acknowledged one that was not.
  [[1, 3, 4], [[1, 3]], { stored: 3, lost: 1, duplicated: 0 }],
  [[2, 3, 4], [[1, 3]], { stored: 3, lost: 1, duplicated: 0 }],
  [[], [[1, 3]], { stored: 0, lost: 3, duplicated: 0 }],
  [[1, 2, 2], [[1, 2]], { stored: 2, lost: 0, duplicated: 1 }],
] as const)('rows %j for acknowledged %j', async (rows, acked, expected) => {
  const store = await storeWith(rows);
  expect(await verifyInStore(store, [{ ...entry, sent: 4, acked }], window)).toEqual(expected);
});
