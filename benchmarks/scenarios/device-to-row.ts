/** One worker, direct sessions, QoS 1: from a reading's due time to its acknowledgement and its row. */

import { playFleet } from './play-fleet.ts';
import type { Scenario } from './scenario.ts';

export const deviceToRow: Scenario = {
  id: 'device-to-row',
  question:
    'How long after it was due is a reading acknowledged (durable) and a row in the store, and what does one cost?',
  smoke: {
    devices: 200,
    enterprises: 20,
    interval: '500ms',
    duration: '5s',
    report: 'key',
    workers: 1,
    seed: 1,
  },
  full: {
    devices: 12_500,
    enterprises: 1250,
    interval: '2500ms',
    duration: '2m',
    report: 'key',
    workers: 1,
    seed: 1,
  },
  thresholds: [
    { path: 'ledger.lost', comparison: '==', bound: 0 },
    { path: 'ledger.duplicated', comparison: '==', bound: 0 },
    { path: 'connect.failed', comparison: '==', bound: 0 },
  ],
  fullThresholds: [
    { path: 'telemetry.ackMs.p99', comparison: '<=', bound: 150 },
    { path: 'telemetry.storedMs.p99', comparison: '<=', bound: 2000 },
  ],
  play: playFleet,
};
