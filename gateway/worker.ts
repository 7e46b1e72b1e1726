/** A worker process: sources, pipeline, journal, and nothing but their wiring. */

import { systemClock } from '../model/clock.ts';
import { errorCodeOf, messageOf } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { lockShared } from './data-lock.ts';
import { nodeJournalFiles } from './journal/files.ts';
import { JournalWriter } from './journal/writer.ts';
import type { FromWorker, ToWorker, WorkerStats } from './messages.ts';
import { paths } from './paths.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { RuleBook } from './pipeline/rule-book.ts';
import { openReader } from './registry/sqlite.ts';
import { DeviceDirectory } from './sources/device-directory.ts';
import { sources } from './sources/index.ts';
import type { Source } from './sources/source.ts';

const statsIntervalMs = 1000;
const stopTimeoutMs = 5000;

type Start = Extract<ToWorker, { type: 'start' }>;

function tell(message: FromWorker): void {
  process.send?.(message);
}

async function run(start: Start): Promise<void> {
  const { settings, generation } = start;
  const data = paths(settings.data);
  // Held until this process is gone: a new supervisor waits for it before it reads our journal.
  lockShared(data.workersLock);
  const registry = openReader(data.registry);
  const rules = new RuleBook(registry);
  const journal = await JournalWriter.create({
    folder: data.journal,
    generation,
    segmentBytesMax: limits.segmentBytesMax,
    files: nodeJournalFiles,
  });
  let commits = 0;
  const pipeline = new Pipeline({
    log: {
      async append(commit) {
        await journal.append(commit);
        commits++;
      },
    },
    clock: systemClock,
    rulesOf: (profile) => rules.of(profile),
    commitIntervalMs: settings.journal.commitIntervalMs,
    strict: settings.readings.strict,
    readingAgeMsMax: settings.readings.ageMax,
    readingAheadMsMax: settings.readings.aheadMax,
    onFatal: die,
  });
  const source: Source = new sources.mqtt({
    access: settings.broker.access,
    listen: {
      host: settings.lan ? '0.0.0.0' : '127.0.0.1',
      port: start.ports.mqtt,
      tls:
        start.tls !== null && start.ports.mqttTls !== null
          ? { port: start.ports.mqttTls, ...start.tls }
          : undefined,
      reusePort: settings.workers > 1,
      connectionsMax: settings.broker.sessionsMax,
    },
    directory: new DeviceDirectory(registry, rules, systemClock),
    clock: systemClock,
  });
  const address = await source.start(pipeline);
  systemClock.every(statsIntervalMs, () => {
    tell({ type: 'stats', stats: stats() });
    rules.refresh().catch(die);
  });

  process.on('message', (message: ToWorker) => {
    if (message.type === 'room') pipeline.grantRoom(message.bytes);
    else if (message.type === 'stop') void stop();
  });
  // Without its supervisor a worker must not go on taking connections beside the next gateway.
  process.on('disconnect', () => process.exit(0));
  tell({ type: 'ready', address });

  function stats(): WorkerStats {
    const seen = source.stats();
    const refusals: WorkerStats['refusals'] = { ...seen.refusals };
    for (const [code, count] of pipeline.refusals) {
      (refusals as Record<string, number>)[code] = (refusals[code] ?? 0) + count;
    }
    const { user, system } = process.cpuUsage();
    return {
      generation,
      pid: process.pid,
      counters: { ...pipeline.counters },
      waiting: pipeline.waiting,
      blocked: pipeline.blockedSinceMs !== null,
      sessions: seen.sessions,
      connects: seen.connects,
      disconnects: seen.disconnects,
      refusals,
      rssBytes: process.memoryUsage.rss(),
      cpuS: (user + system) / 1e6,
      commits,
      journalBytes: journal.bytesWritten,
    };
  }

  async function stop(): Promise<void> {
    await pipeline.stop(stopTimeoutMs);
    await source.stop();
    await journal.close();
    tell({ type: 'stats', stats: stats() });
    registry.close();
    process.disconnect?.();
  }
}

function die(error: unknown): void {
  process.send?.({ type: 'failed', code: errorCodeOf(error), message: messageOf(error) }, () =>
    process.exit(1),
  );
  if (!process.connected) process.exit(1);
}

// Ctrl-C reaches the whole process group; the supervisor decides when workers stop.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.once('message', (message: ToWorker) => {
  if (message.type === 'start') run(message).catch(die);
});
process.on('uncaughtException', die);
process.on('unhandledRejection', die);
