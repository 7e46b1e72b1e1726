/** Everybody tries to get where they do not belong, while a fleet sends as if nothing happened. */

import { parseDurationMs } from '../../model/duration.ts';
import { IsolationSuite } from '../isolation/suite.ts';
import type { Scenario } from './scenario.ts';

export const isolation: Scenario = {
  id: 'isolation',
  question: 'Does anybody get where they do not belong, over MQTT or HTTP, under load?',
  smoke: {
    devices: 100,
    enterprises: 10,
    interval: '500ms',
    duration: '1ms',
    report: 'key',
    workers: 2,
    seed: 1,
  },
  full: {
    devices: 2000,
    enterprises: 200,
    interval: '2s',
    duration: '60s',
    report: 'key',
    workers: 4,
    seed: 1,
  },
  thresholds: [
    { path: 'isolation.leaks', comparison: '==', bound: 0 },
    { path: 'isolation.unexpected', comparison: '==', bound: 0 },
    { path: 'isolation.probes', comparison: '>=', bound: 'isolation.kinds' },
    { path: 'ledger.lost', comparison: '==', bound: 0 },
    { path: 'connect.failed', comparison: '==', bound: 0 },
  ],
  fullThresholds: [],
  linuxOnly: true,
  async play(bench) {
    const gateway = await bench.startGateway({ tlsPort: 0 });
    await bench.importCity(gateway);
    const { httpUrl, mqttPort, mqttTlsPort, operatorToken } = gateway.address;
    const tried = { httpUrl, operatorToken, mqttPort: mqttPort!, tlsPort: mqttTlsPort! };
    bench.say('registering who is to be kept apart');
    const suite = await IsolationSuite.prepare(tried, bench.clock);
    const { resources, result, done } = await bench.simulateDuring(gateway, async () => {
      const endMs = bench.clock.monotonicMs() + (parseDurationMs(bench.parameters.duration) ?? 0);
      do await suite.round();
      while (bench.clock.monotonicMs() < endMs);
      return suite.end();
    });
    const settled = await bench.settle(gateway, result);
    return { simulated: result.report, resources, isolation: done, ...settled };
  },
};
