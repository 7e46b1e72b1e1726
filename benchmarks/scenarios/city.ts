/** The canonical run: a city comes on board, works for a while, and every reading is accounted for. */

import { playCity } from '../harness/play-city.ts';
import { nothingLost } from './nothing-lost.ts';
import type { Scenario } from './scenario.ts';

export const city: Scenario = {
  id: 'city',
  question: {
    en: 'Does a whole city get connected, and is every reading it was promised a row in the store?',
    zh: '整座城市能否全部上云，承诺过的每一条读数是否都已入库成行？',
  },
  smoke: {
    devices: 200,
    enterprises: 20,
    interval: '1s',
    warmUp: '1s',
    duration: '5s',
    workers: 2,
    processes: 2,
    isolation: true,
  },
  full: {
    devices: 100_000,
    enterprises: 10_000,
    interval: '10s',
    warmUp: '1m',
    duration: '5m',
    isolation: true,
  },
  thresholds: [
    'connect.failed == 0',
    'connect.proof.client == fleet.devices',
    'connect.proof.broker == fleet.devices',
    'connect.proof.kernel == fleet.devices',
    'connect.proof.store == fleet.devices',
    ...nothingLost,
    'isolation.leaks == 0',
    'isolation.unexpected == 0',
    'isolation.probes >= isolation.kinds',
  ],
  fullThresholds: [
    'connect.seconds <= 60',
    'telemetry.ackMs.p99 <= 500',
    'telemetry.storedMs.p99 <= 5000',
  ],
  linuxOnly: true,
  anyTarget: true,
  play: (bench) => playCity(bench),
};
