/** One worker, direct sessions, QoS 1: from a reading's due time to its acknowledgement and its row. */

import { playCity } from '../harness/play-city.ts';
import type { Scenario } from './scenario.ts';

export const deviceToRow: Scenario = {
  id: 'device-to-row',
  question: {
    en: 'How long after it was due is a reading acknowledged (durable) and a row in the store, and what does one cost?',
    zh: '一条读数到期后多久被确认（已落盘）、多久入库成行，代价几何？',
  },
  smoke: { devices: 200, enterprises: 20, interval: '500ms', duration: '5s', workers: 1 },
  full: { devices: 12_500, enterprises: 1250, interval: '2500ms', duration: '2m', workers: 1 },
  thresholds: [
    'connect.failed == 0',
    'telemetry.acked == telemetry.due',
    'ledger.lost == 0',
    'ledger.duplicated == 0',
  ],
  fullThresholds: ['telemetry.ackMs.p99 <= 150', 'telemetry.storedMs.p99 <= 2000'],
  anyTarget: true,
  play: (bench) => playCity(bench),
};
