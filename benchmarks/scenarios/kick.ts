/** Devices are suspended and revoked while they, and a fleet, are connected to several workers. */

import { shutOut } from '../kick/shut-out.ts';
import type { Scenario } from './scenario.ts';

/** Of the fleet's size. */
const shutOutPart = 0.1;
const timeoutMs = 10_000;
const withinMs = 1000;

export const kick: Scenario = {
  id: 'kick',
  question:
    'How long after the API was called is the connection of a suspended or revoked device gone?',
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
    { path: 'shutOut.stillOpen', comparison: '==', bound: 0 },
    { path: 'shutOut.letIn', comparison: '==', bound: 0 },
    { path: 'ledger.lost', comparison: '==', bound: 0 },
    { path: 'connect.failed', comparison: '==', bound: 0 },
  ],
  fullThresholds: [
    { path: 'shutOut.suspendMs.max', comparison: '<=', bound: withinMs },
    { path: 'shutOut.revokeMs.max', comparison: '<=', bound: withinMs },
  ],
  linuxOnly: true,
  async play(bench) {
    const gateway = await bench.startGateway();
    await bench.importCity(gateway);
    const { devices, workers } = bench.parameters;
    const { resources, result, done } = await bench.simulateDuring(gateway, () =>
      shutOut({
        client: gateway.client,
        clock: bench.clock,
        mqttPort: gateway.address.mqttPort!,
        devices: Math.ceil(devices * shutOutPart),
        returnsEach: workers,
        timeoutMs,
      }),
    );
    const settled = await bench.settle(gateway, result);
    return { simulated: result.report, resources, shutOut: done, ...settled };
  },
};
