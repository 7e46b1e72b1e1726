/** A fleet, or a part of one, that this process plays. */

import { type Clock, sleep, type Timer } from '../model/clock.ts';
import { messageOf, OnrampError } from '../model/errors.ts';
import { type Cast, castOf } from './cast.ts';
import { emptyState } from './fleet-state.ts';
import type { Ledger } from './ledger.ts';
import { LedgerFile } from './ledger-file.ts';
import { nobodyConnected } from './nobody-connected.ts';
import { CredentialFile } from './onboarding/credential-file.ts';
import { platformApiOf, registerClaims } from './onboarding/register.ts';
import { type FoundRow, RowWatch } from './onboarding/row-watch.ts';
import type { SimulationOptions } from './options.ts';
import { mergeParts, type SimulationPart } from './part.ts';
import { simulationReport } from './report.ts';
import { type CityPart, cityPart } from './shard.ts';
import type { FleetState, Simulation, SimulationEvents, SimulationOutcome } from './simulation.ts';

const stateIntervalMs = 1000;
const pollIntervalMs = 20;

/** A moment that several processes share is at most this far ahead. */
const aheadMsMax = 2000;

export interface LocalSettings {
  readonly clock: Clock;
  readonly events?: SimulationEvents;
  /** What `options` name, when it is known already. */
  readonly part?: CityPart;
  /** False when somebody else asks the platform for first rows, and tells. */
  readonly watchesRows?: boolean;
}

/**
 * Steps that several processes take at the same moment know it as `atMs`, by the wall clock, a
 * little ahead; left out, it is now.
 */
export class LocalSimulation implements Simulation {
  readonly pids: readonly number[] = [process.pid];
  readonly #options: SimulationOptions;
  readonly #clock: Clock;
  readonly #events: SimulationEvents;
  readonly #part: CityPart;
  readonly #credentialFile: CredentialFile | null;
  readonly #watchesRows: boolean;
  #rowWatch: RowWatch | null = null;
  #rowsRefused = false;
  #ledgerFile: LedgerFile | null = null;
  #cast: Cast | null = null;
  #stateTimer: Timer | null = null;
  #leaving = false;
  #stopped: Promise<void> | null = null;
  #startedAtMs: number | null = null;
  #connecting: SimulationPart['connecting'] = null;
  #dropSeconds: number | null = null;
  #cpuAtStart = process.cpuUsage();
  #cpuAtWindow: NodeJS.CpuUsage | null = null;
  #windowCpuS = 0;
  #rssBytesMax = 0;

  /** @throws OnrampError `config.invalid` when the shard holds no device. */
  constructor(
    options: SimulationOptions,
    { clock, events = {}, part = cityPart(options), watchesRows = true }: LocalSettings,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#events = events;
    this.#part = part;
    this.#watchesRows = watchesRows;
    const { credentials, onboard } = options;
    this.#credentialFile = onboard && credentials ? new CredentialFile(credentials) : null;
  }

  get state(): FleetState {
    const { devices } = this.#part;
    if (this.#cast === null) return emptyState(devices.length, this.#options.qos);
    const { fleet, onboarding, firstRows } = this.#cast;
    const { counters } = fleet.measurements;
    return {
      devices: devices.length,
      untried: fleet.untried,
      connected: counters.connected,
      sessions: fleet.sessions,
      sent: counters.sent,
      acked: this.#options.qos === 1 ? counters.acked : null,
      skipped: counters.skipped,
      outstanding: fleet.outstanding,
      provisioned: onboarding === null ? null : counters.provisioned,
      firstRows: firstRows === null ? null : counters.firstRows,
      failures: fleet.measurements.failures(),
      ackCounts: [...fleet.ackCounts],
      connectCounts: [...fleet.connectCounts],
    };
  }

  /** The state; what is counted since the one before begins anew. */
  takeState(): FleetState {
    const { state } = this;
    this.#cast?.fleet.ackCounts.fill(0);
    this.#cast?.fleet.connectCounts.fill(0);
    return state;
  }

  async prepare(): Promise<void> {
    const clock = this.#clock;
    this.#cast = await castOf(this.#options, this.#part, clock, this.#credentialFile);
    if (this.#stopped !== null) return;
    const { fleet, machines } = this.#cast;
    if (this.#options.ledger !== undefined) {
      this.#ledgerFile = new LedgerFile(fleet.ledger, this.#options.ledger);
      await this.#ledgerFile.start(clock).catch(refuseLedger);
    }
    if (this.#stopped !== null) return;
    await this.#credentialFile?.start(clock);
    await machines.warmUp(clock.nowMs());
    const api = platformApiOf(this.#options);
    if (this.#options.register && api !== null) await registerClaims(api, this.#options);
    if (this.#stopped !== null) return;
    this.#cpuAtStart = process.cpuUsage();
    this.#tick();
    this.#stateTimer = clock.every(stateIntervalMs, () => this.#tick());
  }

  async connect(): Promise<void> {
    await this.tryAll();
    const { measurements } = this.#playing.fleet;
    if (measurements.counters.connected > 0 || this.#ending) return;
    throw nobodyConnected(measurements.failures());
  }

  /** Connects; resolves when every device has tried, also when none could. */
  async tryAll(atMs?: number): Promise<void> {
    const { fleet } = this.#playing;
    await this.#sleepUntil(this.#monotonicOf(atMs));
    if (this.#ending) return;
    this.#startedAtMs = this.#clock.nowMs();
    const [cpu, startedMs] = [process.cpuUsage(), this.#clock.monotonicMs()];
    fleet.start();
    await this.#until(() => fleet.untried === 0 || this.#leaving, Number.POSITIVE_INFINITY);
    fleet.endConnecting();
    const seconds = (this.#clock.monotonicMs() - startedMs) / 1000;
    this.#connecting = { cpuS: secondsSince(cpu), seconds };
    if (!this.#ending) this.#watchRows();
  }

  async release(atMs?: number): Promise<void> {
    const fromMs = this.#monotonicOf(atMs);
    this.#playing.fleet.release(fromMs);
    await this.#sleepUntil(fromMs);
  }

  async beginWindow(atMs?: number): Promise<void> {
    const fromMs = this.#monotonicOf(atMs);
    this.#playing.fleet.beginWindow(fromMs);
    this.#cpuAtWindow = process.cpuUsage();
    await this.#sleepUntil(fromMs);
  }

  async endWindow(atMs?: number): Promise<void> {
    const toMs = this.#monotonicOf(atMs);
    this.#playing.fleet.endWindow(toMs);
    if (this.#cpuAtWindow !== null) this.#windowCpuS = secondsSince(this.#cpuAtWindow);
    await this.#sleepUntil(toMs);
  }

  async drop(atMs?: number): Promise<void> {
    const { fleet } = this.#playing;
    const fromMs = this.#monotonicOf(atMs);
    await this.#sleepUntil(fromMs);
    if (this.#ending) return;
    fleet.drop(fromMs);
    await this.#until(() => !fleet.dropping, Number.POSITIVE_INFINITY);
    this.#dropSeconds = (this.#clock.monotonicMs() - fromMs) / 1000;
  }

  async drain(longestMs: number): Promise<void> {
    const { fleet } = this.#playing;
    fleet.stopProducing();
    await this.#until(() => fleet.outstanding === 0, longestMs);
  }

  async awaitFirstRows(longestMs: number): Promise<void> {
    const { firstRows } = this.#playing;
    if (firstRows === null) return;
    const rowsOver = (): boolean => this.#rowsRefused || firstRows.missing() <= 0;
    await this.#until(rowsOver, longestMs);
    await this.#rowWatch?.stop();
  }

  /** Devices whose first reading was acknowledged and whose row is not known. */
  get rowsMissing(): number {
    return this.#cast?.firstRows?.missing() ?? 0;
  }

  /** Rows that somebody else was told of. */
  takeRows(rows: readonly FoundRow[]): void {
    for (const row of rows) this.#playing.firstRows?.take(row);
  }

  /** Nobody will tell of rows any more. */
  refuseRows(): void {
    this.#rowsRefused = true;
  }

  async leave(longestMs: number): Promise<void> {
    const { fleet } = this.#playing;
    this.#leaving = true;
    fleet.leave();
    await this.#until(() => fleet.sessions === 0, longestMs);
  }

  async result(): Promise<SimulationOutcome> {
    this.#stateTimer?.cancel();
    const { devices, enterprises } = this.#part;
    const report = simulationReport(
      this.#options,
      devices,
      mergeParts([this.found()], enterprises),
    );
    return { report, ledger: () => this.ledger.entries() };
  }

  /** What this process has found so far. */
  found(): SimulationPart {
    const { fleet, onboarding, firstRows } = this.#playing;
    const startedAtMs = onboarding?.startedAtMs ?? 0;
    return {
      measurements: fleet.measurements.encode(),
      fairness: fleet.fairness.encode(),
      pid: process.pid,
      startedAtMs: this.#startedAtMs,
      connectSeconds: fleet.connectSeconds,
      connecting: this.#connecting,
      windowS: fleet.windowSeconds,
      cpuS: secondsSince(this.#cpuAtStart),
      windowCpuS: this.#windowCpuS,
      rssBytesMax: this.#rssBytesMax,
      dropSeconds: this.#dropSeconds,
      firstAcks: onboarding === null ? null : { startedAtMs, seconds: onboarding.ackSeconds },
      firstRows: firstRows === null ? null : { startedAtMs, seconds: firstRows.seconds },
    };
  }

  get ledger(): Ledger {
    return this.#playing.fleet.ledger;
  }

  /** @throws OnrampError `config.invalid` when the last of a file could not be written. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stateTimer?.cancel();
    this.#cast?.fleet.stop();
    await this.#rowWatch?.stop();
    await this.#credentialFile?.stop();
    await this.#ledgerFile?.stop().catch(refuseLedger);
  }

  #watchRows(): void {
    const { fleet, firstRows } = this.#playing;
    const api = platformApiOf(this.#options);
    if (firstRows === null || api === null || !this.#watchesRows) return;
    this.#rowWatch = new RowWatch({
      clock: this.#clock,
      api,
      devices: this.#part.devices,
      missing: () => firstRows.missing(),
      onRows: (rows) => this.takeRows(rows),
      onRefused: () => this.refuseRows(),
      onFailure: (failure) => fleet.measurements.recordFailure(failure),
    });
    this.#rowWatch.start();
  }

  get #ending(): boolean {
    return this.#leaving || this.#stopped !== null;
  }

  /** Who plays, once it is prepared. */
  get #playing(): Cast {
    if (this.#cast === null) throw new Error('the simulation is not prepared');
    return this.#cast;
  }

  #tick(): void {
    this.#rssBytesMax = Math.max(this.#rssBytesMax, process.memoryUsage.rss());
    const { onState } = this.#events;
    if (onState !== undefined) onState(this.takeState());
  }

  /** A wall time as monotonic time; now when it has passed. */
  #monotonicOf(atMs = 0): number {
    const aheadMs = atMs - this.#clock.nowMs();
    return this.#clock.monotonicMs() + Math.min(Math.max(0, aheadMs), aheadMsMax);
  }

  async #sleepUntil(monotonicMs: number): Promise<void> {
    const leftMs = monotonicMs - this.#clock.monotonicMs();
    if (leftMs > 0) await sleep(this.#clock, leftMs);
  }

  /** Waits for `condition`, `longestMs` at most, and no longer than the simulation. */
  async #until(condition: () => boolean, longestMs: number): Promise<void> {
    const clock = this.#clock;
    const endMs = clock.monotonicMs() + longestMs;
    while (this.#stopped === null && !condition()) {
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) return;
      await sleep(clock, Math.min(leftMs, pollIntervalMs));
    }
  }
}

function refuseLedger(error: unknown): never {
  throw new OnrampError('config.invalid', `--ledger: ${messageOf(error)}`, error);
}

/** CPU seconds of this process since `before`. */
function secondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
