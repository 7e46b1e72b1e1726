/** A small city for a long time: what grows, grows without end. */

import { memoryGrowth } from '../harness/memory-growth.ts';
import { onPlatform, playCity } from '../harness/play-city.ts';
import { nothingLost } from './nothing-lost.ts';
import type { Scenario } from './scenario.ts';

export const soak: Scenario = {
  id: 'soak',
  question: {
    en: 'Does the memory of the gateway stay what it is while a small city works on and on?',
    zh: '小城市长时间运行时，网关内存是否保持平稳？',
  },
  smoke: { devices: 100, enterprises: 10, interval: '500ms', duration: '6s', workers: 1 },
  full: { devices: 1000, enterprises: 100, interval: '1s', duration: '30m', workers: 1 },
  thresholds: ['connect.failed == 0', ...nothingLost],
  fullThresholds: ['findings.memoryGrowth <= 0.1'],
  play: (bench) =>
    playCity(bench, {
      during: onPlatform(async (city) => ({
        findings: { memoryGrowth: await memoryGrowth(city) },
      })),
    }),
};
