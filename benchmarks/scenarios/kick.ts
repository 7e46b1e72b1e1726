/** Devices are suspended and revoked while they, and a fleet, are connected to several workers. */

import { onPlatform, playCity } from '../harness/play-city.ts';
import { shutOut } from '../kick/shut-out.ts';
import type { Scenario } from './scenario.ts';

/** Of the fleet's size. */
const shutOutPart = 0.1;
const timeoutMs = 10_000;

export const kick: Scenario = {
  id: 'kick',
  question: {
    en: 'How long after the API was called is the connection of a suspended or revoked device gone?',
    zh: '调用接口后多久，被停用或吊销设备的连接才断开？',
  },
  smoke: { devices: 100, enterprises: 10, interval: '500ms', duration: '1s', workers: 2 },
  full: { devices: 2000, enterprises: 200, interval: '2s', duration: '1s', workers: 4 },
  thresholds: [
    'shutOut.stillOpen == 0',
    'shutOut.letIn == 0',
    'telemetry.acked == telemetry.due',
    'ledger.lost == 0',
    'connect.failed == 0',
  ],
  fullThresholds: ['shutOut.suspendMs.max <= 1000', 'shutOut.revokeMs.max <= 1000'],
  linuxOnly: true,
  play: (bench) =>
    playCity(bench, {
      during: onPlatform(async ({ platform }) => {
        const { client } = platform;
        const { workers } = await client.progress();
        const report = await shutOut({
          client,
          clock: bench.clock,
          mqttPort: platform.address.mqttPort!,
          devices: Math.ceil(bench.parameters.devices * shutOutPart),
          returnsEach: workers.length,
          timeoutMs,
        });
        return { shutOut: report };
      }),
    }),
};
