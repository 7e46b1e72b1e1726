import { expect, test } from 'vitest';
import { processGroups } from '../../../benchmarks/harness/report-shape.ts';
import {
  type ProcessIds,
  ResourceMeter,
  type Usage,
  usageOf,
} from '../../../benchmarks/harness/resources.ts';

type Pids = ReturnType<ProcessIds>;

const nobody = Object.fromEntries(processGroups.map((group) => [group, []])) as unknown as Pids;

test('a process that is gone counts as long as it was seen, and so does its successor', () => {
  const usages = new Map<number, Usage>();
  let workers = [1, 2];
  const meter = new ResourceMeter(
    () => ({ ...nobody, gatewayWorkers: workers }),
    (pid) => usages.get(pid) ?? null,
  );
  const use = (pid: number, cpuS: number, rssBytes: number) => usages.set(pid, { cpuS, rssBytes });
  use(1, 10, 100);
  use(2, 20, 200);
  meter.begin();
  use(1, 11, 100);
  use(2, 24, 250);
  expect(meter.look().gatewayWorkers).toMatchObject({ rssBytes: 350, busiestCpuS: 4 });
  usages.delete(2);
  use(3, 0.5, 90);
  workers = [1, 3];
  expect(meter.look().gatewayWorkers).toMatchObject({ rssBytes: 190, busiestCpuS: 0.5 });
  expect(meter.window().gatewayWorkers).toEqual({ cpuS: 5.5, rssBytesMax: 350 });
  expect(meter.window().store).toBe(null);
});

test('no window, no resources', () => {
  expect(new ResourceMeter(() => nobody).window()).toEqual({});
});

test('the kernel tells of this process, and of none that is gone', () => {
  const usage = usageOf(process.pid)!;
  expect(usage.cpuS).toBeGreaterThan(0);
  expect(usage.rssBytes).toBeGreaterThan(1_000_000);
  expect(usageOf(2 ** 22 + 1)).toBe(null);
});
