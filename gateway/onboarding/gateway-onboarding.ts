/**
 * Onboarding in a running gateway: what workers report of sessions and the shipper of rows goes
 * into the book of lives, what becomes due there into the registry, and what somebody changes out
 * to every worker.
 */

import type { Clock, Timer } from '../../model/clock.ts';
import type { DeviceState } from '../../model/device.ts';
import { type ErrorCode, messageOf } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { toSentError } from '../../model/sent-error.ts';
import type { DeviceEventHub } from '../device-events/device-event.ts';
import type { Asked, FromWorker, ToWorker } from '../processes/messages.ts';
import { WorkerOutbox } from '../processes/worker-outbox.ts';
import type { Pinning } from '../registry/authorities.ts';
import type { Enrolment } from '../registry/groups.ts';
import type { FirstUse, LifeOutcome } from '../registry/lives.ts';
import type { DirectoryEntry, Registry } from '../registry/registry.ts';
import { changeLife, changeLives, shutOutCode, shutOutCodeOf } from './change-life.ts';
import { Gathered } from './gathered.ts';
import { LifeBook } from './life-book.ts';
import { LifeReader } from './life-reader.ts';
import { LifeWriter } from './life-writer.ts';
import type { Onboarding, OnboardingCounts, PlaceCounts, RequestedChange } from './onboarding.ts';
import { type ProvisionedDevice, Provisioning } from './provisioning.ts';
import type { Question } from './questions.ts';
import { type EndedSession, SessionDirectory } from './session-directory.ts';
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
/** A device is shut out again and again for as long as its change waits for the registry. */
const shutOutAgainMs = 300;
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
  readonly #outbox: WorkerOutbox;
  readonly #limits: SessionLimits;
  readonly #provisioning: Provisioning;
  readonly #enrolments: Gathered<Enrolment, boolean>;
  readonly #pinnings: Gathered<Pinning, boolean>;
  readonly #firstUses: Gathered<FirstUse, LifeOutcome | null>;
  readonly #timers: Timer[] = [];

  constructor(options: GatewayOnboardingOptions) {
    const { clock, events, log, registry, settings, workers } = options;
    this.#options = options;
    this.events = events;
    this.#outbox = new WorkerOutbox({ clock, send: (to, message) => workers.send(to, message) });
    this.#book = new LifeBook({
      clock,
      inactiveAfterMs: settings.inactiveAfterMs,
      onDue: (key, event, atMs) => this.#writer.add(key, event, atMs),
      onRow: (key, atMs) => this.#writer.noteRow(key, atMs),
      onUnknown: (key) => this.#reader.refresh([key]),
      onUnwelcome: (key, state) => this.#shutOut([{ key, code: shutOutCode(state) }]),
      onState: (key, state) => this.#tell(key, 'state', clock.nowMs(), state),
      onFirstRow: (key, atMs) => this.#tell(key, 'first-row', atMs),
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
      beforeProvisioning: () => this.#writer.flush(),
      onProvisioned: (devices) => this.#provisioned(devices),
    });
    const { groupKeys, lives, trust } = registry;
    this.#enrolments = new Gathered({ clock, write: (many) => groupKeys.enrolMany(many) });
    this.#pinnings = new Gathered({ clock, write: (many) => trust.pinMany(many) });
    this.#firstUses = new Gathered({ clock, write: (many) => lives.arrive(many) });
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

  /** Writes what is not yet written: when nothing more is stored, before the registry closes. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#outbox.flush();
    await this.#reader.stop();
    for (const { key, atMs } of this.#book.unnoted()) this.#writer.noteRow(key, atMs);
    await this.#writer.stop();
  }

  /** A message of a worker; others than these are not for here. */
  hear(worker: number, message: FromWorker): void {
    if (message.type === 'sessions') this.#end(this.#sessions.apply(worker, message.batch));
    else if (message.type === 'questions') {
      for (const asked of message.questions) void this.#answer(worker, asked);
    } else if (message.type === 'device-events') this.events.tell(message.events);
  }

  /** A worker is gone, and with it its sessions. */
  workerGone(worker: number): void {
    this.#outbox.forget(worker);
    this.#sessions.workerGone(worker);
  }

  /** The worker that has the session of a client id; null when there is none. */
  workerOf(client: string): number | null {
    return this.#sessions.find(client)?.worker ?? null;
  }

  /** Rows of these devices are in the store. */
  rowsStored(keys: readonly string[]): void {
    this.#book.rowsStored(keys);
  }

  async change(change: RequestedChange): Promise<DirectoryEntry> {
    const { clock, registry } = this.#options;
    const key = deviceKey(change.enterprise, change.device);
    const code = shutOutCodeOf(change.event);
    // Also when no session is known: one may be about to begin in any worker.
    const shutOut = () => this.#shutOut([{ key, code }]);
    shutOut();
    const again = clock.every(shutOutAgainMs, shutOut);
    const before = this.#writer.take(key);
    let committed = false;
    try {
      return await changeLife(registry, { ...change, atMs: clock.nowMs() }, before, (outcomes) => {
        committed = true;
        shutOut();
        this.#took(outcomes);
      });
    } catch (error) {
      if (!committed) this.#writer.restore(key, before);
      this.#reader.refresh([key]);
      throw error;
    } finally {
      again.cancel();
    }
  }

  async changeMany(
    changes: readonly RequestedChange[],
    signal?: AbortSignal,
  ): Promise<readonly LifeOutcome[]> {
    const { clock, registry } = this.#options;
    const shutOut = (part: readonly RequestedChange[]) =>
      this.#shutOut(
        part.map((change) => ({ key: keyOf(change), code: shutOutCodeOf(change.event) })),
      );
    shutOut(changes);
    return changeLives(registry, clock, changes, signal, {
      take: (part) => part.flatMap((change) => this.#writer.take(keyOf(change))),
      restore: (before) => {
        for (const [key, due] of Map.groupBy(before, keyOf)) this.#writer.restore(key, due);
      },
      committed: (part, outcomes, refused) => {
        // Who came again in the meantime: from now on nobody does.
        shutOut(part);
        this.#took(outcomes);
        this.#reader.refresh(refused.map(keyOf));
      },
    });
  }

  identityChanged(keys: readonly string[], code: ErrorCode = 'device.credential-changed'): void {
    this.#provisioning.forget(keys);
    this.#shutOut(keys.map((key) => ({ key, code })));
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

  profileChanged(profile: string): void {
    this.#provisioning.profileChanged(profile);
    this.#reader.profileChanged(profile);
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
    for (const [code, subjects] of Map.groupBy(wanted, (subject) => subject.code)) {
      if (code === null) continue;
      for (let at = 0; at < subjects.length; at += shutOutPart) {
        const keys = subjects.slice(at, at + shutOutPart).map(({ key }) => key);
        this.#options.workers.broadcast({ type: 'shut-out', code, keys });
      }
    }
  }

  #took(outcomes: readonly LifeOutcome[]): void {
    for (const outcome of outcomes) this.#book.apply(outcome);
  }

  #tell(key: string, kind: 'state' | 'first-row', atMs: number, detail = ''): void {
    this.events.tell([{ key, kind, atMs, detail, code: null, count: 1 }]);
  }

  #provisioned(devices: readonly ProvisionedDevice[]): void {
    // Whoever has the credential that is void now must not stay.
    const voided = devices.filter(
      ({ again, key, same }) => !same && (again || this.#book.stateOf(key) !== null),
    );
    this.#shutOut(voided.map(({ key }) => ({ key, code: 'device.credential-changed' })));
    this.#arrived(
      devices.map(({ key }) => key),
      'provisioned',
    );
  }

  /** Devices that came on board in `state`, if they are not known: of others the book tells. */
  #arrived(keys: readonly string[], state: DeviceState): void {
    const nowMs = this.#options.clock.nowMs();
    for (const key of keys) {
      if (this.#book.stateOf(key) === null) this.#tell(key, 'state', nowMs, state);
    }
    this.#reader.refresh(keys);
  }

  #end(ended: readonly EndedSession[]): void {
    for (const { code, number, worker } of ended) this.#outbox.end(worker, number, code);
  }

  async #answer(worker: number, { id, question }: Asked): Promise<void> {
    try {
      const answer = await this.#answerTo(question);
      this.#outbox.answer(worker, { id, answer, failure: null });
    } catch (error) {
      this.#outbox.answer(worker, { id, answer: null, failure: toSentError(error) });
    }
  }

  async #answerTo(question: Question): Promise<unknown> {
    if (question.kind === 'provision') return this.#provisioning.answer(question);
    const nowMs = this.#options.clock.nowMs();
    if (question.kind === 'arrive') return this.#firstUsed(question, nowMs);
    const arrived =
      question.kind === 'enrol'
        ? await this.#enrolments.ask({ ...question, nowMs })
        : await this.#pinnings.ask({ ...question, nowMs });
    const keys = [deviceKey(question.enterprise, question.device)];
    if (arrived) this.#arrived(keys, 'registered');
    else this.#reader.refresh(keys);
    return null;
  }

  async #firstUsed(
    { device, enterprise, secretHash }: Extract<Question, { kind: 'arrive' }>,
    atMs: number,
  ): Promise<boolean> {
    const shown = { enterprise, device, secretHash: Buffer.from(secretHash, 'hex'), atMs };
    const outcome = await this.#firstUses.ask(shown);
    if (outcome === null) return false;
    this.#provisioning.used(deviceKey(enterprise, device));
    this.#took([outcome]);
    return true;
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

function keyOf({ device, enterprise }: { readonly device: string; readonly enterprise: string }) {
  return deviceKey(enterprise, device);
}
