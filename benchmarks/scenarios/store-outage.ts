/** The store is stopped under load, and started again some time later with all it had. */

import { disturb, recoveryDelayMax, watchCalm } from '../harness/disturbance.ts';
import { onPlatform, playCity } from '../harness/play-city.ts';
import { nothingLost } from './nothing-lost.ts';
import type { Scenario } from './scenario.ts';

const recoveryMsMax = 900_000;

export const storeOutage: Scenario = {
  id: 'store-outage',
  question: {
    en: 'Is nothing lost when the store is away under load, and how long does it take to catch up?',
    zh: '负载之下存储离线时是否一条不丢，恢复后多久追平？',
  },
  smoke: {
    devices: 200,
    enterprises: 20,
    interval: '500ms',
    duration: '8s',
    outage: '2s',
    workers: 2,
    processes: 2,
  },
  full: {
    devices: 100_000,
    enterprises: 10_000,
    interval: '10s',
    warmUp: '1m',
    publishDelayMax: recoveryDelayMax,
    duration: '5m',
    outage: '2m',
  },
  thresholds: ['connect.failed == 0', ...nothingLost],
  fullThresholds: ['findings.drainS <= 600'],
  takesStoreAway: true,
  play: (bench) =>
    playCity(bench, {
      during: onPlatform(async (city) => {
        const usual = await watchCalm(city);
        const { outage } = city.platform.store;
        const away = async () => {
          await bench.whileRunning(outage!.away());
          bench.monitor.event('the store is stopped');
          await bench.sleep(bench.parameters.outage);
          await bench.whileRunning(outage!.back());
          bench.monitor.event('the store is back');
        };
        return { findings: await disturb(city, usual, away, recoveryMsMax) };
      }),
    }),
};
