/**
 * Onboarding in a running gateway: what workers report of sessions and the shipper of rows goes into
 * the book of lives, what becomes due there into the registry, and what somebody changes out to every
 * worker.
 */

import type { Clock, Timer } from '../../model/clock.ts';
import { type ErrorCode, messageOf } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import type { DeviceEventHub } from '../device-events/device-event.ts';
import { type FromWorker, type ToWorker, toFailure } from '../messages.ts';
import type { LifeOutcome } from '../registry/lives.ts';
import type { DirectoryEntry, Registry } from '../registry/registry.ts';
import { type EndedSession, SessionDirectory } from '../session-directory.ts';
import { changeLife, shutOutCode } from './change-life.ts';
import { LifeBook } from './life-book.ts';
import { LifeReader } from './life-reader.ts';
import { LifeWriter } from './life-writer.ts';
import type { Onboarding, OnboardingCounts, PlaceCounts, RequestedChange } from './onboarding.ts';
import { Provisioning } from './provisioning.ts';
import type { Question } from './questions.ts';
import { SessionLimits } from './session-limits.ts';

export interface GatewayOnboardingOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: { warn(message: string): void };
  readonly events: DeviceEventHub;
  readonly workers: {
    send(worker: number, message: ToWorker): void;
    broadcast(message: ToWorker): void;
  };
  /** True while rows cannot be stored: then nobody is silent. */
  readonly storeAway: () => boolean;
  readonly settings: {
    readonly inactiveAfterMs: number;
    readonly credentialUnusedMsMax: number;
    /** Of one enterprise, where no other limit is set for it. */
    readonly sessionsMax: number;
  };
}

const sweepMs = 5000;
const expiryMs = 30_000;
/** More devices than this are read with the whole directory. */
const singlesMax = 1000;
/** Keys in one message to a worker. */
const shutOutPart = 5000;

export class GatewayOnboarding implements Onboarding {
  readonly events: DeviceEventHub;
  readonly #options: GatewayOnboardingOptions;
  readonly #book: LifeBook;
  readonly #writer: LifeWriter;
  readonly #reader: LifeReader;
  readonly #sessions: SessionDirectory;
  readonly #limits: SessionLimits;
  readonly #provisioning: Provisioning;
  readonly #timers: Timer[] = [];

  constructor(options: GatewayOnboardingOptions) {
    const { clock, events, log, registry, settings } = options;
    this.#options = options;
    this.events = events;
    this.#book = new LifeBook({
      clock,
      inactiveAfterMs: settings.inactiveAfterMs,
      onDue: (key, event, atMs) => this.#writer.add(key, event, atMs),
      onRow: (key, atMs) => this.#writer.noteRow(key, atMs),
      onUnknown: (key) => this.#reader.refresh([key]),
      onUnwelcome: (key, state) => this.#shutOut([{ key, code: shutOutCode(state) }]),
    });
    this.#reader = new LifeReader({ registry, book: this.#book, clock, log });
    this.#writer = new LifeWriter({
      lives: registry.lives,
      clock,
      log,
      onOutcomes: (outcomes) => this.#took(outcomes),
      onRefused: (keys) => this.#reader.refresh(keys),
    });
    this.#limits = new SessionLimits({
      registry,
      sessionsMax: settings.sessionsMax,
      onChanged: (enterprise) => this.#end(this.#sessions.enforce(enterprise)),
    });
    this.#sessions = new SessionDirectory({
      limitOf: (enterprise) => this.#limits.of(enterprise),
      onOnline: (key, online) => {
        if (online) this.#provisioning.used(key);
        this.#book.session(key, online);
      },
    });
    this.#provisioning = new Provisioning({
      registry,
      clock,
      onProvisioned: (keys) => this.#reader.refresh(keys),
    });
  }

  /** Begins to read the directory and to look after time. */
  start(): void {
    const { clock } = this.#options;
    this.#reader.reload(0);
    this.#timers.push(
      clock.every(sweepMs, () => this.#sweep()),
      clock.every(expiryMs, () => void this.#expire()),
    );
  }

  /** Writes what is not yet written. Call it when nothing more is stored, before the registry closes. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    await this.#reader.stop();
    for (const { key, atMs } of this.#book.unnoted()) this.#writer.noteRow(key, atMs);
    await this.#writer.stop();
  }

  /** A message of a worker; others than these are not for here. */
  hear(worker: number, message: FromWorker): void {
    if (message.type === 'sessions') this.#end(this.#sessions.apply(worker, message.changes));
    else if (message.type === 'ask') void this.#answer(worker, message.id, message.question);
    else if (message.type === 'device-events') this.events.tell(message.events);
  }

  /** A worker is gone, and with it its sessions. */
  workerGone(worker: number): void {
    this.#sessions.workerGone(worker);
  }

  /** Rows of these devices are in the store. */
  rowsStored(keys: readonly string[]): void {
    this.#book.rowsStored(keys);
  }

  async change(change: RequestedChange): Promise<DirectoryEntry> {
    const { clock, registry } = this.#options;
    const key = deviceKey(change.enterprise, change.device);
    const before = this.#writer.take(key);
    const { entry, outcomes } = await changeLife(
      registry,
      { ...change, atMs: clock.nowMs() },
      before,
    ).catch((error) => {
      // What became due before is written, if that can still be, without the change.
      this.#reader.refresh([key]);
      throw error;
    });
    // Also when no session is known: one may be about to begin in any worker.
    this.#shutOut([{ key, code: shutOutCode(entry.state) }]);
    this.#took(outcomes);
    return entry;
  }

  identityChanged(keys: readonly string[]): void {
    this.#shutOut(keys.map((key) => ({ key, code: 'device.credential-changed' })));
    this.directoryChanged(keys);
  }

  directoryChanged(keys?: readonly string[]): void {
    if (keys === undefined || keys.length > singlesMax) this.#reader.reload();
    else this.#reader.refresh(keys);
  }

  limitsChanged(enterprise: string): void {
    this.#options.workers.broadcast({ type: 'limits', enterprise });
    this.#limits.read(enterprise);
  }

  counts(): OnboardingCounts | null {
    return this.#reader.loaded ? this.#book.counts() : null;
  }

  countsOf(enterprise: string): PlaceCounts | null {
    return this.#reader.loaded ? this.#book.countsOf(enterprise) : null;
  }

  isOnline(enterprise: string, device: string): boolean {
    return this.#book.isOnline(deviceKey(enterprise, device));
  }

  #shutOut(wanted: readonly { readonly key: string; readonly code: ErrorCode | null }[]): void {
    const subjects = wanted.flatMap(({ key, code }) => (code === null ? [] : { key, code }));
    for (let at = 0; at < subjects.length; at += shutOutPart) {
      const part = subjects.slice(at, at + shutOutPart);
      this.#options.workers.broadcast({ type: 'shut-out', subjects: part });
    }
  }

  #took(outcomes: readonly LifeOutcome[]): void {
    for (const outcome of outcomes) {
      const first = this.#book.apply(outcome);
      const { atMs, device, enterprise, to } = outcome;
      const event = { key: deviceKey(enterprise, device), atMs, code: null, count: 1 };
      if (first) this.events.tell([{ ...event, kind: 'first-row', detail: '' }]);
      this.events.tell([{ ...event, kind: 'state', detail: to }]);
    }
  }

  #end(ended: readonly EndedSession[]): void {
    const byWorker = Map.groupBy(ended, ({ worker }) => worker);
    for (const [worker, sessions] of byWorker) {
      this.#options.workers.send(worker, {
        type: 'end-sessions',
        sessions: sessions.map(({ number, code }) => ({ number, code })),
      });
    }
  }

  async #answer(worker: number, id: number, question: Question): Promise<void> {
    const { workers } = this.#options;
    try {
      const answer = await this.#answerTo(question);
      workers.send(worker, { type: 'answer', id, answer, failure: null });
    } catch (error) {
      workers.send(worker, { type: 'answer', id, answer: null, failure: toFailure(error) });
    }
  }

  async #answerTo(question: Question): Promise<unknown> {
    const { clock, registry } = this.#options;
    const nowMs = clock.nowMs();
    if (question.kind === 'provision') return this.#provisioning.answer(question);
    if (question.kind === 'enrol') await registry.groupKeys.enrol({ ...question, nowMs });
    else await registry.trust.pin({ ...question, nowMs });
    this.#reader.refresh([deviceKey(question.enterprise, question.device)]);
    return null;
  }

  #sweep(): void {
    if (!this.#reader.loaded) return;
    if (this.#options.storeAway()) this.#book.hearsAnew();
    this.#book.sweep();
  }

  async #expire(): Promise<void> {
    const { clock, log, registry, settings } = this.#options;
    const nowMs = clock.nowMs();
    try {
      const beforeMs = nowMs - settings.credentialUnusedMsMax;
      const expired = await registry.lives.expireUnused(beforeMs, nowMs);
      // It may have been used at this very moment.
      this.#shutOut(
        expired.map(({ device, enterprise, to }) => ({
          key: deviceKey(enterprise, device),
          code: shutOutCode(to),
        })),
      );
      this.#took(expired);
    } catch (error) {
      log.warn(`Unused credentials could not be voided, trying again: ${messageOf(error)}`);
    }
  }
}
