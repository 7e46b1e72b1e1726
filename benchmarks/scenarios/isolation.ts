/** Everybody tries to get where they do not belong, while a fleet sends as if nothing happened. */

import { onPlatform, playCity } from '../harness/play-city.ts';
import { IsolationSuite } from '../isolation/suite.ts';
import type { Scenario } from './scenario.ts';

export const isolation: Scenario = {
  id: 'isolation',
  question: {
    en: 'Does anybody get where they do not belong, over MQTT or HTTP, under load?',
    zh: '负载之下，是否有人能经 MQTT 或 HTTP 越界访问？',
  },
  smoke: { devices: 100, enterprises: 10, interval: '500ms', duration: '1ms', workers: 2 },
  full: { devices: 2000, enterprises: 200, interval: '2s', duration: '60s', workers: 4 },
  thresholds: [
    'isolation.leaks == 0',
    'isolation.unexpected == 0',
    'isolation.probes >= isolation.kinds',
    'telemetry.acked == telemetry.due',
    'ledger.lost == 0',
    'connect.failed == 0',
  ],
  fullThresholds: [],
  linuxOnly: true,
  play: (bench) =>
    playCity(bench, {
      tls: true,
      during: onPlatform(async ({ platform }) => {
        const { httpUrl, mqttPort, mqttTlsPort, operatorToken } = platform.address;
        const tried = { httpUrl, operatorToken, mqttPort: mqttPort!, tlsPort: mqttTlsPort! };
        const endMs = bench.clock.monotonicMs() + bench.parameters.duration;
        const suite = await IsolationSuite.prepare(tried, bench.clock);
        do await bench.whileRunning(suite.round());
        while (bench.clock.monotonicMs() < endMs);
        return { isolation: await suite.end() };
      }),
    }),
};
