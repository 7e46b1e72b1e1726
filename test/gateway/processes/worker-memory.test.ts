/** Workers of any size have room for their sessions, and V8 takes the flags. */

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { workerMemoryFlags } from '../../../gateway/processes/worker-memory.ts';

function heapLimitMiB(sessionsMax: number): number {
  const code = 'v8.getHeapStatistics().heap_size_limit';
  const flags = [...workerMemoryFlags(sessionsMax), '-p', code];
  const { status, stdout } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  expect(status).toBe(0);
  return Number.parseInt(stdout, 10) / 1024 ** 2;
}

test('an ordinary worker may take a gibibyte, a large one as much as its sessions need', () => {
  expect(heapLimitMiB(12_500)).toBeGreaterThan(1024);
  expect(heapLimitMiB(12_500)).toBeLessThan(1200);
  expect(heapLimitMiB(200_000)).toBeGreaterThan((200_000 * 16) / 1024);
});
