/** Everybody tries to get where they do not belong, while a fleet sends as if nothing happened. */

import { IsolationSuite } from '../isolation/suite.ts';
import type { Scenario } from './scenario.ts';

export const isolation: Scenario = {
  id: 'isolation',
  question: {
    en: 'Does anybody get where they do not belong, over MQTT or HTTP, under load?',
    zh: '负载之下，是否有人能经 MQTT 或 HTTP 越界访问？',
  },
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
    'isolation.leaks == 0',
    'isolation.unexpected == 0',
    'isolation.probes >= isolation.kinds',
    'ledger.lost == 0',
    'connect.failed == 0',
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
    const { done, ...simulated } = await bench.simulateDuring(gateway, async () => {
      const endMs = bench.clock.monotonicMs() + bench.parameters.duration;
      do await suite.round();
      while (bench.clock.monotonicMs() < endMs);
      return suite.end();
    });
    await bench.settle(gateway, simulated);
    return { isolation: done };
  },
};
