/** Injected: a store, dead letters and a registry that cannot forget; group keys nobody can read. */

import { expect, onTestFinished, test } from 'vitest';
import { parseSettings } from '../../gateway/config.ts';
import { sizedSettings } from '../../gateway/processes/sized-settings.ts';
import type { IndexedStats } from '../../gateway/processes/worker-pool.ts';
import { Upkeep } from '../../gateway/upkeep.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const hourMs = 3_600_000;

function setUp() {
  const clock = new VirtualClock();
  const pruned: string[] = [];
  const warnings: string[] = [];
  const failing = new Set<string>();
  const stats: IndexedStats[] = [];
  const prune = (what: string) => async (): Promise<never> => {
    if (failing.has(what)) throw new Error(`${what} failed`);
    pruned.push(what);
    return undefined as never;
  };
  const upkeep = new Upkeep({
    settings: sizedSettings(parseSettings({ retention: { rows: '7d' } })),
    clock,
    log: { info: () => {}, warn: (message) => warnings.push(message) },
    room: { measure: async () => 0, grant: () => ({ bytes: 0, backlog: null }) },
    workers: { broadcast: () => {}, stats: () => stats },
    board: { tick: () => {}, notReady: () => [] },
    rates: { shares: () => [] },
    store: { prune: prune('rows') },
    deadLetters: { prune: prune('letters') },
    registry: { lives: { pruneAudit: prune('audit') } },
  });
  upkeep.start();
  onTestFinished(() => upkeep.stop());
  return { clock, failing, pruned, stats, warnings };
}

test('what one of them cannot remove keeps the others from nothing', async () => {
  const { clock, failing, pruned, warnings } = setUp();
  for (const name of ['rows', 'letters', 'audit']) {
    failing.clear();
    failing.add(name);
    pruned.splice(0);
    warnings.splice(0);
    for (let second = 0; second < 60; second++) await clock.advanceAsync(hourMs / 60);
    expect(pruned).toEqual(['rows', 'letters', 'audit'].filter((other) => other !== name));
    expect(warnings).toEqual([expect.stringContaining(`${name} failed`)]);
  }
});

test('group keys that cannot be read are told of once', () => {
  const { clock, stats, warnings } = setUp();
  const refusals = { 'connect.bad-credentials': 3 };
  const of = (more: object) => ({ refusals: { ...refusals, ...more } }) as IndexedStats;
  stats.push(of({}));
  clock.advance(5000);
  expect(warnings).toEqual([]);
  stats.push(of({ 'group.key-unreadable': 1 }));
  clock.advance(5000);
  expect(warnings).toEqual([expect.stringContaining('group.key-unreadable')]);
});
