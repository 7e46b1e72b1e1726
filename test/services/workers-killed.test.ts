/**
 * Injected: `kill -9` of two of three workers under load, the second while the first is not back; a
 * supervisor that stands still for two seconds while devices connect.
 * Must hold: nothing acknowledged is missing or there twice; every device has a session (again); the
 * counters add up; who the supervisor takes to be online is who has a session in a worker.
 */

import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { TestGateway } from '../helpers/gateway.ts';

const devices = 300;
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sessions as the workers count them, and devices online as the supervisor's book has them. */
async function present(gateway: TestGateway) {
  const { onboarding, workers } = await gateway.status();
  const sessions = workers.reduce((sum, worker) => sum + worker.sessions, 0);
  return { workers: workers.length, sessions, online: onboarding?.city.production.online };
}

test.skipIf(process.platform !== 'linux')(
  'two of three workers are killed one after the other',
  async () => {
    const gateway = await TestGateway.start({ workers: 3 });
    onTestFinished(() => gateway.stop());
    const everybody = { workers: 3, sessions: devices, online: devices };
    const played = gateway.simulate({ devices, duration: '30s', interval: '500ms' });
    await eventually(() => present(gateway)).toEqual(everybody);
    const before = (await gateway.status()).workers;
    expect(before.filter(({ sessions }) => sessions > 0)).toHaveLength(3);

    await gateway.killWorker(0);
    await later(100);
    await gateway.killWorker(1);
    await eventually(async () => (await gateway.status()).workerRestarts).toBe(2);
    await eventually(() => present(gateway)).toEqual(everybody);

    const status = await gateway.status();
    const pids = status.workers.map(({ pid }) => pid);
    expect(pids[2]).toBe(before[2]!.pid);
    expect(pids.slice(0, 2)).not.toContain(before[0]!.pid);
    expect(pids.slice(0, 2)).not.toContain(before[1]!.pid);

    const result = await played;
    const ledger = await gateway.settle(result);
    expect(ledger).toMatchObject({ lost: 0, duplicated: 0, examples: [] });
    expect(ledger.acked).toBe(ledger.sent);
    expect(ledger.acked).toBeGreaterThan(devices * 30);
    await eventually(() => present(gateway)).toEqual({ workers: 3, sessions: 0, online: 0 });
  },
  120_000,
);

test.skipIf(process.platform !== 'linux')(
  'a supervisor that stands still while devices connect learns of all of them',
  async () => {
    const gateway = await TestGateway.start({ workers: 2 });
    onTestFinished(() => gateway.stop());
    const more = { connectRate: 150 };
    const played = gateway.simulate({ devices, duration: '8s', interval: '1s', more });
    await eventually(async () => (await gateway.status()).sessions).toBeGreaterThan(0);
    const supervisor = gateway.launcher.pid!;
    process.kill(supervisor, 'SIGSTOP');
    await later(2000);
    process.kill(supervisor, 'SIGCONT');
    await eventually(() => present(gateway)).toEqual({
      ...{ workers: 2, sessions: devices, online: devices },
    });
    expect(await gateway.settle(await played)).toMatchObject({ lost: 0, duplicated: 0 });
    await eventually(() => present(gateway)).toEqual({ workers: 2, sessions: 0, online: 0 });
  },
  90_000,
);
