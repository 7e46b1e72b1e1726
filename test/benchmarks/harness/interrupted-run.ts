/**
 * Plays a small run and interrupts itself, or with a fourth argument has an error with that message
 * come up, as soon as it enters the phase that is named.
 */

import { interruptible } from '../../../benchmarks/harness/interruption.ts';
import { planRuns } from '../../../benchmarks/harness/plan.ts';
import { runScenario } from '../../../benchmarks/harness/run.ts';
import { systemClock } from '../../../model/clock.ts';

const [phase, store, scenario = 'city', error] = process.argv.slice(2);

const [plan] = planRuns({
  what: scenario,
  size: 'smoke',
  store: store ?? null,
  parameters: { devices: 40, enterprises: 4, duration: '2s', isolation: false },
});
const progress = {
  entered: (_scenario: string, entered: string) => {
    if (entered !== phase) return;
    if (error !== undefined) throw new Error(error);
    process.kill(process.pid, 'SIGINT');
  },
  show: () => {},
  say: () => {},
  end: () => {},
};
const report = await interruptible(
  (signal) => runScenario({ ...plan!, clock: systemClock, progress, signal }),
  systemClock,
  () => {},
);
process.stdout.write(JSON.stringify(report), () => process.exit(report.interrupted ? 130 : 0));
