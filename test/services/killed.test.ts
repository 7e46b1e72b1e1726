/**
 * Injected: `kill -9` of the worker, later of the supervisor, in the middle of load.
 * Must hold: every acknowledged `seq` is in the store, once; everything is up again by itself; the
 * counters add up.
 */

import { afterEach, describe, expect, test } from 'vitest';
import type { GatewaySettingsInput } from '../../gateway/config.ts';
import { TestGateway } from '../helpers/gateway.ts';
import { Influxd } from '../helpers/influxd.ts';
import { programIsThere } from '../helpers/services.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const stores: Record<string, () => Promise<GatewaySettingsInput['store']>> = {
  influxdb: async () => {
    const influxd = await Influxd.start();
    cleanups.push(() => influxd.stop());
    return { kind: 'influxdb', url: influxd.url, database: 'onramp' };
  },
  embedded: async () => ({ kind: 'embedded' }),
};

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(Object.keys(stores))('with the store %s', (kind) => {
  test.skipIf(kind === 'influxdb' && !programIsThere('influxd'))(
    'nothing acknowledged is lost when worker and supervisor are killed under load',
    async () => {
      const store = await stores[kind]!();
      const gateway = await TestGateway.start({ ...(store ? { store } : {}) });
      cleanups.push(() => gateway.stop());
      const played = gateway.simulate({ devices: 60, duration: '25s', interval: '200ms' });
      await later(3000);
      const pids = async () => [gateway.launcher.pid, (await gateway.ready()).workers[0]?.pid];
      const [supervisorBefore, workerBefore] = await pids();
      await gateway.killWorker();
      await later(4000);
      gateway.killSupervisor();
      await later(4000);
      await gateway.killWorker();
      const [supervisorAfter, workerAfter] = await pids();
      expect(supervisorAfter).not.toBe(supervisorBefore);
      expect(workerAfter).not.toBe(workerBefore);
      const result = await played;
      const ledger = await gateway.settle(result);
      expect(ledger).toMatchObject({ lost: 0, duplicated: 0, examples: [] });
      expect(ledger.acked).toBe(ledger.sent);
      expect(ledger.acked).toBeGreaterThan(60 * 20);
    },
    120_000,
  );
});
