/** The folder of a run goes with it, or with the next run when it was killed. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RunFolder } from '../../../benchmarks/harness/run-folder.ts';

test('a run removes its own folder, and those whose processes are no more', () => {
  const { pid } = spawnSync('true');
  const orphan = join(tmpdir(), `onramp-bench-${pid}-orphan`);
  const other = join(tmpdir(), `onramp-bench-${process.ppid}-living`);
  mkdirSync(join(orphan, 'within'), { recursive: true });
  mkdirSync(other);
  const folder = new RunFolder();
  onTestFinished(() => folder.remove());
  expect(existsSync(orphan)).toBe(false);
  expect(existsSync(folder.path)).toBe(true);
  folder.remove();
  expect(existsSync(folder.path)).toBe(false);
  expect(existsSync(other)).toBe(true);
  spawnSync('rmdir', [other]);
});
