/**
 * Ctrl-C in every phase. Injected: SIGINT as soon as a phase begins. Must hold: the run ends, its
 * report says so and is invalid, and no process of it is left.
 */

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { phaseNames } from '../../../benchmarks/harness/phases.ts';
import type { RunReport } from '../../../model/report.ts';
import { MarkedProcess } from '../../helpers/descendants.ts';
import { eventually } from '../../helpers/eventually.ts';

const run = fileURLToPath(new URL('./interrupted-run.ts', import.meta.url));

test.each(phaseNames)('a run that is interrupted while %s', async (phase) => {
  const marked = new MarkedProcess([run, phase, 'embedded']);
  expect(await marked.ended(), marked.stderr).toBe(130);
  const report = JSON.parse(marked.stdout) as RunReport;
  expect(report).toMatchObject({ interrupted: true, verdict: 'invalid' });
  expect(report.invalidReasons).toEqual([`the run was interrupted while ${phase}`]);
  expect(report.ledger.lost).toBe(null);
  await eventually(() => marked.living()).toEqual([]);
});
