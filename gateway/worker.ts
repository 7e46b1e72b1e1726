/** A worker process: sources, pipeline, journal, and nothing but their wiring. */

import { flushCompileCache } from 'node:module';
import { limits } from '../model/limits.ts';
import { machineClock } from '../model/machine-clock.ts';
import { giveWay } from '../model/process-priority.ts';
import { toSentError } from '../model/sent-error.ts';
import { lockShared } from './data-folder/data-lock.ts';
import { registryKeyIn } from './data-folder/owner-file.ts';
import { paths } from './data-folder/paths.ts';
import { mqttHosts } from './data-folder/possession.ts';
import { EventTap } from './device-events/event-tap.ts';
import { EnterpriseGate } from './fairness/enterprise-gate.ts';
import { nodeFiles } from './journal/files.ts';
import { JournalWriter } from './journal/writer.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { RuleBook } from './pipeline/rule-book.ts';
import type { FromWorker, ToWorker, WorkerStats } from './processes/messages.ts';
import { WorkerLink } from './processes/worker-link.ts';
import type { RegistryReader } from './registry/registry.ts';
import { openReader } from './registry/sqlite/sqlite.ts';
import { DeviceDirectory } from './sources/device-directory.ts';
import { sources } from './sources/index.ts';
import type { EndsSessions, TakesCommands } from './sources/session-reports.ts';
import type { Source } from './sources/source.ts';

const statsIntervalMs = 1000;
const stopTimeoutMs = 5000;
const leavingMax = 16;

type Start = Extract<ToWorker, { type: 'start' }>;

class Worker {
  readonly #generation: string;
  readonly #registry: RegistryReader;
  readonly #rules: RuleBook;
  readonly #journal: JournalWriter;
  readonly #pipeline: Pipeline;
  readonly #gate: EnterpriseGate;
  readonly #source: Source & EndsSessions & TakesCommands;
  readonly #link = new WorkerLink({ clock: machineClock, send: tell });
  readonly #tap = new EventTap({
    clock: machineClock,
    send: (events) => mention({ type: 'device-events', events }),
  });
  readonly #sharesEnterprises: boolean;
  #commits = 0;
  #lastRssBytes = 0;

  constructor(start: Start, journal: JournalWriter, registry: RegistryReader) {
    const { enterprises, journal: journalSettings, readings, workers } = start.settings;
    this.#generation = start.generation;
    this.#registry = registry;
    this.#rules = new RuleBook(registry);
    this.#journal = journal;
    this.#pipeline = new Pipeline({
      log: {
        append: (commit) => {
          this.#commits++;
          return journal.append(commit);
        },
      },
      clock: machineClock,
      rulesOf: (profile) => this.#rules.of(profile),
      commitIntervalMs: journalSettings.commitIntervalMs,
      strict: readings.strict,
      readingAgeMsMax: readings.ageMax,
      readingAheadMsMax: readings.aheadMax,
      onFatal: die,
      events: this.#tap,
    });
    this.#pipeline.grantRoom(start.roomBytes);
    this.#sharesEnterprises = workers > 1;
    this.#gate = new EnterpriseGate({
      clock: machineClock,
      sink: this.#pipeline,
      exceedsJournalShare: (enterprise) => this.#pipeline.exceedsJournalShare(enterprise),
      defaults: enterprises,
      limitsOf: (enterprise) => registry.enterpriseLimits(enterprise),
      workers,
    });
    this.#source = new sources.mqtt({
      ...mqttOptions(start),
      directory: new DeviceDirectory(registry, this.#rules, machineClock, this.#link.ask),
      reports: this.#link,
      ask: this.#link.ask,
      tap: this.#tap,
      gate: this.#gate,
    });
  }

  async run(): Promise<void> {
    const address = await this.#source.start(this.#gate);
    machineClock.every(statsIntervalMs, () => {
      mention({ type: 'stats', stats: this.#stats() });
      if (this.#sharesEnterprises) mention({ type: 'rates', rates: this.#gate.rates() });
      // The registry may be busy for a moment; it is asked again in a second.
      this.#rules.refresh().catch(() => {});
    });
    tell({ type: 'stats', stats: this.#stats() });
    // Now, and not at the end: the next worker starts when this one may still be running.
    flushCompileCache();
    tell({ type: 'ready', address });
  }

  hear(message: ToWorker): void {
    switch (message.type) {
      case 'room':
        this.#pipeline.grantRoom(message.bytes, message.backlog);
        break;
      case 'rate-shares':
        this.#gate.share(message.shares);
        break;
      case 'end-sessions':
        for (const number of message.numbers) this.#source.endSession(number, message.code);
        break;
      case 'shut-out':
        // Remembered first: whoever becomes a session from now on is not let in.
        for (const key of message.keys) this.#link.noteShutOut(key, message.code);
        for (const key of message.keys) this.#source.shutOut(key, message.code);
        break;
      case 'limits':
        this.#gate.refresh(message.enterprise);
        break;
      case 'watch':
        this.#tap.watch(message.devices);
        break;
      case 'answers':
        this.#link.answered(message.answers);
        break;
      case 'commands':
        for (const command of message.commands) this.#source.command(command);
        break;
      case 'stop':
        this.#stop().catch(die);
        break;
      case 'start':
        break;
    }
  }

  async #stop(): Promise<void> {
    this.#gate.close();
    await this.#pipeline.stop(stopTimeoutMs);
    await this.#source.stop();
    this.#link.flush();
    await this.#journal.close();
    tell({ type: 'stats', stats: this.#stats() });
    this.#registry.close();
    process.disconnect?.();
  }

  /** The last known when it cannot be read: that takes a file descriptor. */
  #rssBytes(): number {
    try {
      this.#lastRssBytes = process.memoryUsage.rss();
    } catch {
      // No statistics are worth the process and its sessions.
    }
    return this.#lastRssBytes;
  }

  #stats(): WorkerStats {
    const { sessions, connects, disconnects, refusals: refusedAtTheDoor } = this.#source.stats();
    const refusals: Record<string, number> = { ...refusedAtTheDoor };
    for (const [code, count] of this.#pipeline.refusals) {
      refusals[code] = (refusals[code] ?? 0) + count;
    }
    const { user, system } = process.cpuUsage();
    return {
      generation: this.#generation,
      pid: process.pid,
      counters: { ...this.#pipeline.counters },
      waiting: this.#pipeline.waiting + this.#gate.waiting,
      backlogWriters: this.#pipeline.backlogWriters,
      blocked: this.#pipeline.blockedSinceMs !== null,
      sessions,
      connects,
      disconnects,
      refusals,
      rssBytes: this.#rssBytes(),
      cpuS: (user + system) / 1e6,
      commits: this.#commits,
    };
  }
}

function mqttOptions({ settings, ports, tls }: Start) {
  return {
    access: settings.broker.access,
    listen: {
      hosts: mqttHosts(settings),
      port: ports.mqtt,
      tls: tls && ports.mqttTls !== null ? { port: ports.mqttTls, ...tls } : undefined,
      reusePort: settings.workers > 1,
      connectionsMax: settings.broker.connectionsMax,
    },
    sessionsMax: settings.broker.sessionsMax,
    clock: machineClock,
  };
}

/** Null until this process knows what it is to do; what it is told before waits in `early`. */
let worker: Worker | null = null;
let early: ToWorker[] = [];

async function run(start: Start): Promise<void> {
  const data = paths(start.settings.data);
  // Held until this process is gone: a new supervisor waits for it before it reads our journal.
  lockShared(data.workersLock);
  const journal = await JournalWriter.create({
    folder: data.journal,
    generation: start.generation,
    segmentBytesMax: limits.segmentBytesMax,
    files: nodeFiles,
  });
  const registry = openReader(data.registry, registryKeyIn(data.registryKey));
  worker = new Worker(start, journal, registry);
  for (const message of early) worker.hear(message);
  early = [];
  await worker.run();
}

/** Messages that have not left this process. */
let leaving = 0;

function tell(message: FromWorker, onSent = () => {}): void {
  if (!process.connected || process.send === undefined) {
    onSent();
    return;
  }
  leaving++;
  process.send(message, () => {
    leaving--;
    onSent();
  });
}

/** For what is soon said anew, or for viewers only: nothing is piled up for a busy supervisor. */
function mention(message: FromWorker): void {
  if (leaving < leavingMax) tell(message);
}

/** Ends the process: a new one with a new generation of the journal takes its place. */
function die(error: unknown): void {
  tell({ type: 'failed', ...toSentError(error) });
  // The message is on its way; nothing else of this process can be trusted.
  machineClock.after(50, () => process.exit(1));
}

// The supervisor's one thread ships for all workers.
giveWay();
// What this process writes is for its owner only.
process.umask(0o077);
// Ctrl-C reaches the whole process group; the supervisor decides when workers stop.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// Without its supervisor a worker must not go on taking connections beside the next gateway.
process.on('disconnect', () => process.exit(0));
process.on('uncaughtException', die);
process.on('unhandledRejection', die);
// From the first message on: nothing that is said while this process starts may be missed.
process.on('message', (message: ToWorker) => {
  if (message.type === 'start') run(message).catch(die);
  else if (worker === null) early.push(message);
  else worker.hear(message);
});
