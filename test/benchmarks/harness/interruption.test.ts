/**
 * Ctrl-C in every phase. Injected: SIGINT as soon as a phase begins. Must hold: the run ends, its
 * report says so and is invalid, and no process and no file of it is left.
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
