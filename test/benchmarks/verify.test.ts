import { expect, test } from 'vitest';
import { checkThresholds, verdictOf } from '../../benchmarks/harness/verdict.ts';
import { verifyInStore } from '../../benchmarks/harness/verify.ts';
import { scenarios } from '../../benchmarks/scenarios/index.ts';
import { MemoryStore } from '../../gateway/stores/memory.ts';
import type { RunReport } from '../../model/report.ts';

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

const report = { ledger: { lost: 1, stored: null } } as unknown as RunReport;

test('a threshold over what is not known decides nothing; one that fails, fails the run', () => {
  const unknown = checkThresholds(report, [{ path: 'ledger.stored', comparison: '>=', bound: 1 }]);
  expect(unknown).toEqual([{ expression: 'ledger.stored >= 1', value: null, ok: null }]);
  expect(verdictOf(true, unknown)).toBe('pass');
  const failed = checkThresholds(report, [{ path: 'ledger.lost', comparison: '==', bound: 0 }]);
  expect(verdictOf(true, failed)).toBe('fail');
  expect(verdictOf(false, failed)).toBe('invalid');
});

test('a bound may be another figure of the report', () => {
  const figures = { ...report, fleet: { devices: 3 }, connect: { connected: 3 } } as never;
  const same = { path: 'connect.connected', comparison: '==', bound: 'fleet.devices' } as const;
  const more = { ...same, path: 'ledger.lost' };
  const unknown = { ...same, bound: 'fleet.sessions' };
  expect(checkThresholds(figures, [same, more, unknown]).map(({ ok }) => ok)).toEqual([
    true,
    false,
    null,
  ]);
});

test.each(Object.entries(scenarios))(
  'the scenario %s asks a question and has a bound for loss',
  (id, scenario) => {
    expect(scenario.id).toBe(id);
    expect(scenario.question).toMatch(/\?$/);
    expect(scenario.smoke.devices).toBeLessThan(scenario.full.devices);
    expect(scenario.thresholds.map(({ path }) => path)).toContain('ledger.lost');
  },
);
