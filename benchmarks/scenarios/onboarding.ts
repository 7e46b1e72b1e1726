/** A city that nobody has seen comes on board by claim: credential, reconnect, first row. */

import { auditSample } from '../onboarding/audit-sample.ts';
import type { Scenario } from './scenario.ts';

const trailsRead = 20;

export const onboarding: Scenario = {
  id: 'onboarding',
  question: {
    en: 'How many devices a second come on board by claim, and how long does each step take a device?',
    zh: '每秒有多少设备凭认领码上云，每一步各需多久？',
  },
  smoke: {
    devices: 100,
    enterprises: 10,
    interval: '1s',
    duration: '1s',
    report: 'key',
    workers: 1,
    seed: 1,
  },
  full: {
    devices: 10_000,
    enterprises: 1000,
    interval: '10s',
    duration: '10s',
    report: 'key',
    workers: 1,
    seed: 1,
  },
  thresholds: [
    'onboarding.provisioned == fleet.devices',
    'onboarding.stored.devices == fleet.devices',
    'audit.complete == audit.sampled',
    'ledger.lost == 0',
  ],
  fullThresholds: ['audit.sampled == 20'],
  async play(bench) {
    const gateway = await bench.startGateway();
    const simulated = await bench.simulateClaims(gateway);
    await bench.settle(gateway, simulated);
    const audit = await auditSample(
      gateway.client,
      [...simulated.result.ledger.entries()],
      trailsRead,
    );
    return { audit };
  },
};
