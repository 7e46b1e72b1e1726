/** Runs a scenario: has it played, judges what it found, and writes the report. */

import { mkdtempSync, rmSync } from 'node:fs';
import { arch, cpus, platform, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import type { RunReport } from '../../model/report.ts';
import type { Played, Scenario } from '../scenarios/scenario.ts';
import { Bench, type BenchOptions } from './bench.ts';
import { checkThresholds, verdictOf } from './verdict.ts';

export interface RunOptions
  extends Pick<BenchOptions, 'size' | 'parameters' | 'store' | 'onProgress'> {
  readonly scenario: Scenario;
}

/**
 * Runs and answers the report; whatever was started is ended, also after a failure.
 * @throws OnrampError `config.invalid` when this machine cannot play the scenario.
 */
export async function runScenario(options: RunOptions): Promise<RunReport> {
  const { scenario, ...rest } = options;
  if (!canRun(scenario)) {
    throw new OnrampError('config.invalid', `the scenario ${scenario.id} needs Linux`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'onramp-bench-'));
  const closers: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true })];
  try {
    const bench = new Bench({ ...rest, folder, clock: systemClock, closers });
    return reportOf(options, await scenario.play(bench));
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** False for what only Linux can play, elsewhere. */
export function canRun({ linuxOnly = false }: Scenario): boolean {
  return !linuxOnly || platform() === 'linux';
}

/** The report of a run that found `played`, with its verdict. */
export function reportOf({ parameters, scenario, size }: RunOptions, played: Played): RunReport {
  const { resources, simulated, summary, verified } = played;
  const { connect, fleet, generator, message, onboarding, telemetry } = simulated;
  const messages = telemetry.perSecond * simulated.durationS;
  const cpuUsPerMessage = Object.fromEntries(
    Object.entries(resources).map(([name, used]) => [
      name,
      used === null || messages === 0 ? null : Math.round((used.cpuS * 1e6) / messages),
    ]),
  );
  const unjudged = {
    schema: 'onramp-report/1' as const,
    scenario: scenario.id,
    question: scenario.question,
    seed: simulated.seed,
    startedAt: simulated.startedAt,
    durationS: simulated.durationS,
    environment: environmentOf(summary.store.description),
    parameters: { ...parameters, size },
    fleet,
    message,
    connect,
    onboarding,
    telemetry: { ...telemetry, storedMs: summary.shipper.storedMs },
    ledger: {
      sent: telemetry.sent,
      acked: telemetry.acked,
      ...verified,
      deadLettered: summary.readings.deadLettered,
    },
    isolation: played.isolation ?? null,
    shutOut: played.shutOut ?? null,
    audit: played.audit ?? null,
    resources,
    cpuUsPerMessage,
    generator,
    invalidReasons: simulated.invalidReasons,
    failures: simulated.failures,
  };
  const wanted =
    size === 'full' ? [...scenario.thresholds, ...scenario.fullThresholds] : scenario.thresholds;
  const thresholds = checkThresholds(unjudged, wanted);
  // At smoke size nothing is timed, so a busy machine does not void the run.
  const valid = size === 'smoke' || generator.valid;
  return { ...unjudged, thresholds, verdict: verdictOf(valid, thresholds) };
}

function environmentOf(store: string): RunReport['environment'] {
  const [first] = cpus();
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    store,
  };
}
