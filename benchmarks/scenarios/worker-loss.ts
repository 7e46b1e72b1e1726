/** Workers of the gateway are killed under load, one after the other. */

import type { Findings } from '../../model/report.ts';
import { answered } from '../harness/answered.ts';
import { disturb, recoveryDelayMax, watchCalm, worstOf } from '../harness/disturbance.ts';
import { onPlatform, type PlatformCity, playCity } from '../harness/play-city.ts';
import { nothingLost } from './nothing-lost.ts';
import type { Scenario } from './scenario.ts';

const recoveryMsMax = 180_000;
/** Devices tell their sessions once a second. */
const noticeMsMax = 3000;
const noticePollMs = 50;

export const workerLoss: Scenario = {
  id: 'worker-loss',
  question: {
    en: 'Is nothing lost when workers are killed under load, and how long until all is as before?',
    zh: '负载之下工作进程接连被杀时是否一条不丢，多久恢复如初？',
  },
  smoke: {
    devices: 200,
    enterprises: 20,
    interval: '500ms',
    duration: '8s',
    workers: 3,
    processes: 2,
    kills: 2,
  },
  full: {
    devices: 100_000,
    enterprises: 10_000,
    interval: '10s',
    warmUp: '1m',
    publishDelayMax: recoveryDelayMax,
    duration: '5m',
    kills: 2,
  },
  thresholds: [
    'connect.failed == 0',
    'findings.workersRestarted == findings.workersKilled',
    ...nothingLost,
  ],
  fullThresholds: ['findings.recoveryS <= 120'],
  linuxOnly: true,
  play: (bench) => playCity(bench, { during: onPlatform(killWorkers) }),
};

async function killWorkers(city: PlatformCity): Promise<{ findings: Findings }> {
  const { bench, platform } = city;
  const usual = await watchCalm(city);
  const restarts = async () => (await answered(platform.client, bench)).workerRestarts;
  const restartsBefore = await bench.whileRunning(restarts());
  const recoveries: Findings[] = [];
  for (let kill = 0; kill < bench.parameters.kills; kill++) {
    recoveries.push(await disturb(city, usual, () => killOne(city), recoveryMsMax));
  }
  return {
    findings: {
      ...worstOf(recoveries),
      workersKilled: bench.parameters.kills,
      workersRestarted: (await bench.whileRunning(restarts())) - restartsBefore,
    },
  };
}

/** The one that holds most sessions; resolves when its devices have noticed. */
async function killOne({ bench, platform, simulation }: PlatformCity): Promise<void> {
  const { workers } = await bench.whileRunning(answered(platform.client, bench));
  const { pid, sessions } = workers.reduce((a, b) => (b.sessions > a.sessions ? b : a));
  process.kill(pid, 'SIGKILL');
  bench.monitor.event(`a worker with ${sessions} sessions is killed`);
  const before = simulation.state.sessions;
  const endMs = bench.clock.monotonicMs() + noticeMsMax;
  while (simulation.state.sessions >= before && bench.clock.monotonicMs() < endMs) {
    await bench.sleep(noticePollMs);
  }
}
