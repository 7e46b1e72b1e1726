/**
 * Injected: the file system of the data folder runs full under load and is freed again.
 * Must hold: nothing acknowledged is lost, no process dies, and readings flow again by themselves.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { TestGateway } from '../helpers/gateway.ts';
import { SmallDisk, smallDisksWork } from '../helpers/small-disk.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(!smallDisksWork())('a full disk', () => {
  test('stops acknowledgements, not the gateway', async () => {
    const disk = new SmallDisk(96 * 1024 ** 2);
    cleanups.push(() => disk.remove());
    const gateway = await TestGateway.start(
      { store: { kind: 'embedded' }, journal: { diskReserveBytes: 0 } },
      disk.folder,
    );
    cleanups.push(() => gateway.launcher.stop());
    const pids = [gateway.launcher.pid, (await gateway.status()).workers[0]?.pid];
    const played = gateway.simulate({ devices: 60, duration: '16s', interval: '200ms' });
    await later(3000);
    disk.fill();
    await later(6000);
    disk.free();
    const result = await played;
    const ledger = await gateway.settle(result);
    expect(ledger).toMatchObject({ lost: 0, duplicated: 0, examples: [] });
    expect(ledger.acked).toBe(ledger.sent);
    expect([gateway.launcher.pid, (await gateway.status()).workers[0]?.pid]).toEqual(pids);
  }, 120_000);
});
