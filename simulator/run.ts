/** The ordinary script of a simulation, from the first CONNECT to the last acknowledgement. */

import { type Clock, sleep } from '../model/clock.ts';
import { createSimulation } from './create-simulation.ts';
import type { SimulationOptions } from './options.ts';
import type { FleetState, Simulation, SimulationOutcome } from './simulation.ts';

/** How often the end of the window, and of a step, is looked for. */
const pollIntervalMs = 20;

/** Waiting for acknowledgements after an interruption. */
const interruptedDrainMs = 2000;

/** Time for the sessions to end politely. */
const leaveMs = 5000;

/** `storing` waits for the first rows of devices that came by a claim. */
export type SimulationPhase = 'connecting' | 'running' | 'draining' | 'storing' | 'leaving';

/** The state of a running simulation. */
export interface SimulationProgress extends FleetState {
  readonly phase: SimulationPhase;
  /** Since the first CONNECT. */
  readonly elapsedMs: number;
}

export interface SimulationContext {
  readonly clock: Clock;
  /** Ends the run early: what is on its way gets a moment, sessions end, the result is given. */
  readonly signal?: AbortSignal;
  /** Sockets one process may open. */
  readonly sessionsMax?: number;
  /** Cores of this machine, for `processes: auto`. */
  readonly cores?: number;
  /** Called about once a second and when the phase changes. */
  readonly onProgress?: (progress: SimulationProgress) => void;
}

/**
 * Plays the fleet. The measured window begins when every device has tried to connect, lasts
 * `options.duration` and is followed by waiting for acknowledgements, `options.drain` at most, and
 * for first rows where the platform is asked for them.
 * @throws OnrampError `simulate.target-unreachable`, `simulate.all-refused` or
 * `simulate.claims-refused` when no device at all could connect; `simulate.claims-not-registered`;
 * `simulate.process-ended` when a process died that played a part; `config.invalid` when a file
 * cannot be written or read or the target does not fit its options.
 */
export async function runSimulation(
  options: SimulationOptions,
  context: SimulationContext,
): Promise<SimulationOutcome> {
  const { clock, cores = 1, sessionsMax = Number.POSITIVE_INFINITY } = context;
  const script = new Script(options, context);
  const simulation = createSimulation(options, {
    ...{ clock, cores, sessionsMax },
    events: {
      onState: (state) => script.report(state),
      onFailed: (error) => script.fail(error),
    },
  });
  try {
    return await script.play(simulation);
  } finally {
    await simulation.stop();
  }
}

class Script {
  readonly #options: SimulationOptions;
  readonly #context: SimulationContext;
  #phase: SimulationPhase | null = null;
  #startedMs = 0;
  #failure: Error | null = null;

  constructor(options: SimulationOptions, context: SimulationContext) {
    this.#options = options;
    this.#context = context;
  }

  /** The run is over, with this error. */
  fail(error: Error): void {
    this.#failure ??= error;
  }

  report(state: FleetState): void {
    if (this.#phase === null) return;
    const elapsedMs = this.#context.clock.monotonicMs() - this.#startedMs;
    this.#context.onProgress?.({ ...state, phase: this.#phase, elapsedMs });
  }

  async play(simulation: Simulation): Promise<SimulationOutcome> {
    const { clock } = this.#context;
    const { drain, duration, firstRowTimeout } = this.#options;
    await simulation.prepare();
    this.#startedMs = clock.monotonicMs();
    this.#enter('connecting', simulation);
    await this.#during(simulation.connect());
    await simulation.release();
    await simulation.beginWindow();
    this.#enter('running', simulation);
    await this.#pass(duration ?? Number.POSITIVE_INFINITY);
    await simulation.endWindow();
    this.#enter('draining', simulation);
    await simulation.drain(this.#aborted ? interruptedDrainMs : drain);
    if (simulation.state.firstRows !== null) {
      this.#enter('storing', simulation);
      await this.#during(simulation.awaitFirstRows(firstRowTimeout));
    }
    this.#enter('leaving', simulation);
    await simulation.leave(leaveMs);
    const { report, ledger } = await simulation.result();
    return { report: { ...report, interrupted: this.#aborted }, ledger };
  }

  get #aborted(): boolean {
    return this.#context.signal?.aborted ?? false;
  }

  /** Waits for the step, or an interruption; then the step ends with those that follow. */
  async #during(step: Promise<void>): Promise<void> {
    let over = false;
    const ended = step.finally(() => {
      over = true;
    });
    // After an interruption nobody waits for it any more.
    ended.catch(() => {});
    while (!over && !this.#aborted) await sleep(this.#context.clock, pollIntervalMs);
    if (over) await ended;
  }

  /** Lets time pass, until an interruption. @throws the error the run is over with. */
  async #pass(durationMs: number): Promise<void> {
    const { clock } = this.#context;
    const endMs = clock.monotonicMs() + durationMs;
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0 || this.#aborted) return;
      await sleep(clock, Math.min(leftMs, pollIntervalMs));
    }
  }

  #enter(phase: SimulationPhase, simulation: Simulation): void {
    this.#phase = phase;
    this.report(simulation.state);
  }
}
