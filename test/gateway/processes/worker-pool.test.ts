/**
 * Injected: a worker that stands still (SIGSTOP), when it runs and when it is about to start; a
 * supervisor that does. Must hold: who hangs is ended and another takes its place, nobody else.
 */

import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { parseSettings } from '../../../gateway/config.ts';
import { registryKeyIn } from '../../../gateway/data-folder/owner-file.ts';
import { paths } from '../../../gateway/data-folder/paths.ts';
import { makeFolders } from '../../../gateway/data-folder/possession.ts';
import { sizedSettings } from '../../../gateway/processes/sized-settings.ts';
import { WorkerPool, type WorkerPoolOptions } from '../../../gateway/processes/worker-pool.ts';
import { openRegistry } from '../../../gateway/registry/sqlite/sqlite.ts';
import { systemClock } from '../../../model/clock.ts';
import { eventually } from '../../helpers/eventually.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const linuxTest = test.skipIf(process.platform !== 'linux');

/** A pool of real workers, on a clock of seconds. */
function setUp(workers: number, more: Partial<WorkerPoolOptions> = {}) {
  const folder = temporaryFolder();
  const settings = sizedSettings(
    parseSettings({
      ...{ data: folder, logLevel: 'silent', store: { kind: 'memory' }, workers },
      ...{ http: { port: 0 }, broker: { port: 0, tlsPort: null } },
    }),
  );
  const data = paths(folder);
  makeFolders(data);
  const sealKey = registryKeyIn(data.registryKey);
  const registry = openRegistry({ path: data.registry, clock: systemClock, sealKey });
  onTestFinished(() => registry.close());
  const warnings: string[] = [];
  let generations = 0;
  const pool: WorkerPool = new WorkerPool({
    count: workers,
    sessionsMax: settings.broker.sessionsMax,
    clock: systemClock,
    compiledFolder: data.compiled,
    generationName: (index) => `w${index}-${++generations}`,
    startMessage: (_index, generation) => ({
      ...{ type: 'start', settings, generation, roomBytes: 1e9, tls: null },
      ports: { mqtt: pool.addresses[0]?.port ?? 0, mqttTls: null },
    }),
    onMessage: () => {},
    onReady: () => {},
    onGone: () => {},
    log: { warn: (message) => warnings.push(message) },
    limits: { workerSilentMsMax: 3000 },
    ...more,
  });
  onTestFinished(() => pool.stop());
  return { pool, warnings };
}

const pids = (pool: WorkerPool) => pool.stats().map(({ pid }) => pid);

/** Children of this process. */
function children(): number[] {
  const { pid } = process;
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

linuxTest('a worker that stands still is ended, and another takes its place', async () => {
  const { pool, warnings } = setUp(2);
  await pool.start();
  const [hung, other] = pids(pool);
  process.kill(hung!, 'SIGSTOP');
  await eventually(() => pool.restarts).toBe(1);
  await eventually(() => pids(pool)).toHaveLength(2);
  expect(pids(pool)[0]).not.toBe(hung);
  expect(pids(pool)[1]).toBe(other);
  expect(warnings).toEqual([
    expect.stringContaining(`Worker 0 (pid ${hung}) has said nothing for 4 s; ending it.`),
    `Worker 0 (pid ${hung}) ended with SIGKILL; starting another.`,
  ]);
});

linuxTest('a worker that stands still before it says anything fails the start', async () => {
  let stopped = 0;
  const { pool, warnings } = setUp(1, {
    limits: { workerStartMsMax: 1000 },
    generationName: () => {
      // The process is there, and has not been told anything.
      for (const pid of children()) {
        process.kill(pid, 'SIGSTOP');
        stopped++;
      }
      return 'w0-1';
    },
  });
  await expect(pool.start()).rejects.toThrow('worker 0 ended with SIGKILL before it was ready');
  expect(stopped).toBe(1);
  expect(warnings).toEqual([expect.stringContaining('has said nothing for 2 s')]);
});

test('while the supervisor itself stands still nobody is taken to hang', async () => {
  const { pool, warnings } = setUp(1);
  await pool.start();
  const before = pids(pool);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5000);
  let turns = 0;
  const turn = systemClock.every(1000, () => turns++);
  onTestFinished(() => turn.cancel());
  await eventually(() => turns).toBe(3);
  expect([pids(pool), pool.restarts, warnings]).toEqual([before, 0, []]);
});
