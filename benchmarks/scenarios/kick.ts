/** Devices are suspended and revoked while they, and a fleet, are connected to several workers. */

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
  smoke: {
    devices: 100,
    enterprises: 10,
    interval: '500ms',
    duration: '1s',
    report: 'key',
    workers: 2,
    seed: 1,
  },
  full: {
    devices: 2000,
    enterprises: 200,
    interval: '2s',
    duration: '1s',
    report: 'key',
    workers: 4,
    seed: 1,
  },
  thresholds: [
    'shutOut.stillOpen == 0',
    'shutOut.letIn == 0',
    'ledger.lost == 0',
    'connect.failed == 0',
  ],
  fullThresholds: ['shutOut.suspendMs.max <= 1000', 'shutOut.revokeMs.max <= 1000'],
  linuxOnly: true,
  async play(bench) {
    const gateway = await bench.startGateway();
    await bench.importCity(gateway);
    const { devices, workers } = bench.parameters;
    const { done, ...simulated } = await bench.simulateDuring(gateway, () =>
      shutOut({
        client: gateway.client,
        clock: bench.clock,
        mqttPort: gateway.address.mqttPort!,
        devices: Math.ceil(devices * shutOutPart),
        returnsEach: workers === 'auto' ? 2 : workers,
        timeoutMs,
      }),
    );
    await bench.settle(gateway, simulated);
    return { shutOut: done };
  },
};
