/** Runs a scenario: has it played, judges what it found, and writes the report. */

import { mkdtempSync, rmSync } from 'node:fs';
import { arch, cpus, platform, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import type { RunReport } from '../../model/report.ts';
import { writtenParameters } from '../scenarios/parameters.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { Bench, type BenchOptions, type Found } from './bench.ts';
import type { Finding } from './finding.ts';
import { checkThresholds, parseThresholds } from './thresholds.ts';
import { verdictOf } from './verdict.ts';

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
    const finding = await scenario.play(bench);
    return reportOf(options, bench.found!, finding);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** False for what only Linux can play, elsewhere. */
export function canRun({ linuxOnly = false }: Scenario): boolean {
  return !linuxOnly || platform() === 'linux';
}

/** The report of a run that found `played`, with its verdict. */
export function reportOf(
  { parameters, scenario, size }: RunOptions,
  { resources, simulated, summary, verified }: Found,
  finding: Finding,
): RunReport {
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
    interrupted: simulated.interrupted,
    environment: environmentOf(summary.store.description),
    parameters: { ...writtenParameters(parameters), size },
    fleet,
    message,
    connect: { ...connect, proof: { client: null, broker: null, kernel: null, store: null } },
    onboarding,
    telemetry: { ...telemetry, storedMs: summary.shipper.storedMs },
    ledger: {
      sent: telemetry.sent,
      acked: telemetry.acked,
      ...verified,
      deadLettered: summary.readings.deadLettered,
      overwritten: null,
      late: null,
      lateAfterMs: parameters.lateAfter,
      examples: [],
    },
    isolation: finding.isolation ?? null,
    shutOut: finding.shutOut ?? null,
    audit: finding.audit ?? null,
    fairness: null,
    findings: finding.findings ?? {},
    resources,
    cpuUsPerMessage,
    generator,
    invalidReasons: simulated.invalidReasons,
    failures: simulated.failures,
    timeline: null,
  };
  const wanted =
    size === 'full' ? [...scenario.thresholds, ...scenario.fullThresholds] : scenario.thresholds;
  const thresholds = checkThresholds(unjudged, parseThresholds(wanted, []));
  // At smoke size nothing is timed, so a busy machine does not void the run.
  const valid = size === 'smoke' || generator.valid;
  return { ...unjudged, thresholds, verdict: verdictOf(valid, thresholds) };
}

function environmentOf(store: string): RunReport['environment'] {
  const [first] = cpus();
  return {
    onramp: '0.1.0',
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
    descriptorLimit: null,
    platform: `${platform()} ${release()} ${arch()}`,
    store,
  };
}
