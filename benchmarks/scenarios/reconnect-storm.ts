/** Every session of the city is cut at the same moment, as in a power failure. */

import { disturb, recoveryDelayMax, watchCalm } from '../harness/disturbance.ts';
import { onPlatform, playCity } from '../harness/play-city.ts';
import { nothingLost } from './nothing-lost.ts';
import type { Scenario } from './scenario.ts';

const recoveryMsMax = 300_000;

export const reconnectStorm: Scenario = {
  id: 'reconnect-storm',
  question: {
    en: 'How long after all sessions were cut are they back, their rows flowing, the backlog gone?',
    zh: '全部会话同时断开之后，多久恢复连接、数据重新流动、积压清空？',
  },
  smoke: {
    devices: 200,
    enterprises: 20,
    interval: '500ms',
    duration: '8s',
    workers: 2,
    processes: 2,
  },
  full: {
    devices: 100_000,
    enterprises: 10_000,
    interval: '10s',
    warmUp: '1m',
    duration: '3m',
    publishDelayMax: recoveryDelayMax,
  },
  thresholds: ['connect.failed == 0', 'connect.reconnects >= fleet.devices', ...nothingLost],
  fullThresholds: ['findings.sessionsBackS <= 120', 'findings.recoveryS <= 180'],
  linuxOnly: true,
  play: (bench) =>
    playCity(bench, {
      during: onPlatform(async (city) => {
        const usual = await watchCalm(city);
        const cut = async () => {
          bench.monitor.event('every session is cut');
          await bench.whileRunning(city.simulation.drop());
        };
        return { findings: await disturb(city, usual, cut, recoveryMsMax) };
      }),
    }),
};
