/** Runs a scenario and answers its report, whatever becomes of it; nothing is left running. */

import type { Clock } from '../../model/clock.ts';
import { messageOf } from '../../model/errors.ts';
import type { RunReport } from '../../model/report.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { Bench } from './bench.ts';
import { blankDraft } from './draft.ts';
import { environmentOf } from './environment.ts';
import { Interrupted, unlessAborted } from './interruption.ts';
import { type Look, Monitor } from './monitor.ts';
import { checkMachine } from './preflight.ts';
import type { ProgressWriter } from './progress.ts';
import type { RunContext } from './run-context.ts';
import { RunFolder } from './run-folder.ts';
import { type RunPlan, runReport } from './run-report.ts';
import { probeTarget } from './target-probe.ts';
import type { TargetSettings } from './target-settings.ts';
import { timeLeftMs } from './time-left.ts';

export interface RunOptions extends Omit<RunPlan, 'target'> {
  readonly play: Scenario['play'];
  readonly linuxOnly: boolean;
  /** `embedded`, `influxdb`, `victoriametrics` (the run's own) or a URL. */
  readonly store: string;
  readonly target: TargetSettings | null;
  readonly clock: Clock;
  readonly progress: Pick<ProgressWriter, 'entered' | 'show' | 'say' | 'end'>;
  /** Aborted with `Interrupted` when somebody wants it to end. */
  readonly signal: AbortSignal;
}

/**
 * A run that is interrupted, or that fails once there is a fleet, ends in order and is invalid.
 * @throws OnrampError when it could not begin: `bench.machine-too-small`, `store.unavailable`,
 * `simulate.target-unreachable` and what gateway and simulator throw.
 */
export async function runScenario(options: RunOptions): Promise<RunReport> {
  const { clock, progress } = options;
  const runFolder = new RunFolder();
  const folder = runFolder.path;
  const closers: RunContext['closers'] = [() => runFolder.remove()];
  const draft = blankDraft(clock.nowMs());
  const monitor = new Monitor({
    clock,
    onLook: (look) => show(look),
    onPhase: (phase) => progress.entered(options.scenario, phase),
  });
  const show = (look: Look): void => {
    const { phases } = monitor;
    const { current: phase, done, elapsedMs } = phases;
    if (phase === null) return;
    const leftMs = timeLeftMs({ phase, elapsedMs, done }, look, options.parameters);
    progress.show({ ...look, scenario: options.scenario, phase, elapsedMs, leftMs });
  };
  const { fail, signal } = abortable(options.signal);
  const context: RunContext = {
    clock,
    folder,
    store: options.store,
    monitor,
    draft,
    closers,
    signal,
    fail,
    unlessAborted: (work) => unlessAborted(work, signal),
    say: (line) => progress.say(line),
  };
  const bench = new Bench({ ...options, context });
  try {
    await begin(options, folder, context);
    monitor.start();
    draft.finding = await options.play(bench);
  } catch (error) {
    if (!signal.aborted) {
      if (!bench.hasFleet) throw error;
      // What else is under way has to end too.
      fail(error instanceof Error ? error : new Error(messageOf(error)));
    }
    await endEarly(bench, context);
  } finally {
    monitor.stop();
    draft.timeline = monitor.timeline();
    await closeAll(closers);
    progress.end();
  }
  draft.fleet = monitor.fleet;
  return runReport(options, draft, environmentOf(draft.store));
}

/** Looks, before anything is started, whether it can be played here and there. */
async function begin(options: RunOptions, folder: string, context: RunContext): Promise<void> {
  const { clock, linuxOnly, parameters, store, target } = options;
  const platform = target === null;
  const ownStore = platform && !store.includes('://');
  checkMachine({ parameters, linuxOnly, platform, ownStore }, folder);
  if (target === null) return;
  await context.unlessAborted(probeTarget(target.url, parameters.connectTimeout, clock));
}

/** A run that cannot go on says why, and what its fleet knows. */
async function endEarly(bench: Bench, { draft, signal, monitor }: RunContext): Promise<void> {
  const phase = monitor.phases.current ?? 'starting';
  const { reason } = signal;
  draft.interrupted = reason instanceof Interrupted;
  draft.invalidReasons = [
    draft.interrupted
      ? `the run was interrupted while ${phase}`
      : `the run could not go on while ${phase}: ${messageOf(reason)}`,
  ];
  await bench.salvage();
}

/** The latest first; one that fails does not keep the others from being closed. */
async function closeAll(closers: RunContext['closers']): Promise<void> {
  for (const close of [...closers].reverse()) {
    try {
      await close();
    } catch {
      // What it left is told by whoever uses it next; a run's result does not depend on it.
    }
  }
}

/** A signal that also `fail` aborts. */
function abortable(outer: AbortSignal): {
  readonly signal: AbortSignal;
  readonly fail: (error: Error) => void;
} {
  const controller = new AbortController();
  return {
    signal: AbortSignal.any([outer, controller.signal]),
    fail: (error) => controller.abort(error),
  };
}
