/** A city that nobody has seen comes on board by claim: credential, reconnect, first row. */

import { playCity } from '../harness/play-city.ts';
import { auditSample } from '../onboarding/audit-sample.ts';
import type { Scenario } from './scenario.ts';

const trailsRead = 20;

export const onboarding: Scenario = {
  id: 'onboarding',
  question: {
    en: 'How many devices a second come on board by claim, and how long does each step take a device?',
    zh: '每秒有多少设备凭认领码上云，每一步各需多久？',
  },
  smoke: { devices: 100, enterprises: 10, interval: '1s', duration: '1s', workers: 1 },
  full: { devices: 100_000, enterprises: 10_000, interval: '10s', duration: '30s' },
  thresholds: [
    'onboarding.provisioned == fleet.devices',
    'onboarding.stored.devices == fleet.devices',
    'audit.complete == audit.sampled',
    'telemetry.acked == telemetry.due',
    'ledger.lost == 0',
  ],
  fullThresholds: ['audit.sampled == 20'],
  play: (bench) =>
    playCity(bench, {
      onboard: 'claim',
      after: async ({ platform }, outcome) => {
        const devices = [...outcome.ledger()];
        return { audit: await auditSample(platform!.client, devices, trailsRead) };
      },
    }),
};
