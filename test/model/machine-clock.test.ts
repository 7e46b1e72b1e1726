/** Monotonic times of several processes of one machine can be compared. */

import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { machineClock } from '../../model/machine-clock.ts';

const source = new URL('../../model/machine-clock.ts', import.meta.url);

test('what another process reads lies between what this one reads before and after', () => {
  const before = machineClock.monotonicMs();
  const read = `import { machineClock } from '${source}'; console.log(machineClock.monotonicMs())`;
  const there = Number(execFileSync(process.execPath, ['--input-type=module', '-e', read]));
  expect(there).toBeGreaterThan(before);
  expect(there).toBeLessThan(machineClock.monotonicMs());
});
