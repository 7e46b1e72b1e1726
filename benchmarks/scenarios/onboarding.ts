/** A city that nobody has seen comes on board by claim: credential, reconnect, first row. */

import { auditSample } from '../onboarding/audit-sample.ts';
import type { Scenario } from './scenario.ts';

const trailsRead = 20;

export const onboarding: Scenario = {
  id: 'onboarding',
  question:
    'How many devices a second come on board by claim, and how long does each step take a device?',
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
    { path: 'onboarding.provisioned', comparison: '==', bound: 'fleet.devices' },
    { path: 'onboarding.stored.devices', comparison: '==', bound: 'fleet.devices' },
    { path: 'audit.complete', comparison: '==', bound: 'audit.sampled' },
    { path: 'ledger.lost', comparison: '==', bound: 0 },
  ],
  fullThresholds: [{ path: 'audit.sampled', comparison: '==', bound: trailsRead }],
  async play(bench) {
    const gateway = await bench.startGateway();
    const { resources, result } = await bench.simulateClaims(gateway);
    const settled = await bench.settle(gateway, result);
    const audit = await auditSample(gateway.client, [...result.ledger.entries()], trailsRead);
    return { simulated: result.report, resources, audit, ...settled };
  },
};
