/**
 * Runs that end early. Injected: SIGINT, or an error, as soon as a phase begins. Must hold: the run
 * ends, its report says so and is invalid, and no process and no file of it is left.
 */

import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { phaseNames } from '../../../benchmarks/harness/phases.ts';
import type { RunReport } from '../../../model/report.ts';
import { MarkedProcess } from '../../helpers/descendants.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programIsThere } from '../../helpers/services.ts';

const run = fileURLToPath(new URL('./interrupted-run.ts', import.meta.url));

async function interrupt(phase: string, store: string): Promise<void> {
  const marked = new MarkedProcess([run, phase, store]);
  expect(await marked.ended(), marked.stderr).toBe(130);
  const report = JSON.parse(marked.stdout) as RunReport;
  expect(report).toMatchObject({ interrupted: true, verdict: 'invalid' });
  expect(report.invalidReasons).toEqual([`the run was interrupted while ${phase}`]);
  expect(report.ledger.lost).toBe(null);
  await nothingIsLeftOf(marked);
}

async function nothingIsLeftOf(marked: MarkedProcess): Promise<void> {
  await eventually(() => marked.living()).toEqual([]);
  const ofNode = 'node-compile-cache';
  expect(readdirSync(marked.folder).filter((name) => name !== ofNode)).toEqual([]);
  rmSync(marked.folder, { recursive: true });
}

test.each(phaseNames)('a run that is interrupted while %s', (phase) =>
  interrupt(phase, 'embedded'),
);

test.skipIf(!programIsThere('influxd')).each(['starting', 'steady'])(
  'a run with a store of its own that is interrupted while %s',
  (phase) => interrupt(phase, 'influxdb'),
);

test.each(['connecting', 'steady', 'reconciling'])(
  'a run in which something fails while %s is invalid, and tells what is known',
  async (phase) => {
    const marked = new MarkedProcess([run, phase, 'embedded', 'city', 'the store said no']);
    expect(await marked.ended(), marked.stderr).toBe(0);
    const report = JSON.parse(marked.stdout) as RunReport;
    expect(report).toMatchObject({ interrupted: false, verdict: 'invalid' });
    const reason = `the run could not go on while ${phase}: the store said no`;
    expect(report.invalidReasons).toContain(reason);
    const connected = phase === 'connecting' ? 0 : 40;
    expect(report.connect.connected).toBe(connected);
    expect(report.telemetry.sent > 0).toBe(phase !== 'connecting');
    await nothingIsLeftOf(marked);
  },
);

test('a run that fails before there is a fleet has no report', async () => {
  const marked = new MarkedProcess([run, 'preparing', 'embedded', 'city', 'the store said no']);
  expect(await marked.ended()).toBe(1);
  expect(marked.stdout).toBe('');
  expect(marked.stderr).toContain('the store said no');
  await nothingIsLeftOf(marked);
});
