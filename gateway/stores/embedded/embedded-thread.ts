/** The embedded store's thread: DuckDB's commits stall whichever event loop they run on. */

import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../../model/clock.ts';
import { messageOf } from '../../../model/errors.ts';
import { Database, type Read } from './database.ts';
import type {
  Operation,
  Operations,
  ThreadAnswer,
  ThreadOptions,
  ThreadRequest,
} from './messages.ts';
import { queryLedger, queryReadings, queryTotals } from './queries.ts';

assert(parentPort, 'this file runs as a worker thread');
const port = parentPort;
const options = workerData as ThreadOptions;
const database = new Database(options);

/** Everything that changes the file happens one after the other. */
let writing: Promise<unknown> = Promise.resolve();
function inTurn<T>(task: () => Promise<T>): Promise<T> {
  const result = writing.then(task);
  writing = result.catch(() => {});
  return result;
}

async function read<T>(query: Read<T>): Promise<T> {
  if (!database.isOpen) await inTurn(() => database.open());
  return database.read(async (connection, catalogue) => {
    const timer = systemClock.after(options.queryTimeoutMs, () => database.interrupt());
    try {
      return await query(connection, catalogue);
    } finally {
      timer.cancel();
    }
  });
}

const operations: {
  readonly [Name in Operation]: (
    argument: Operations[Name]['takes'],
  ) => Promise<Operations[Name]['answers']>;
} = {
  start: () =>
    inTurn(async () => {
      await database.open();
      return database.version;
    }),
  write: (lines) => inTurn(() => database.write(Buffer.from(lines.buffer))),
  totals: (fromMs) => read((...database) => queryTotals(...database, fromMs)),
  readings: (query) => read((...database) => queryReadings(...database, query)),
  ledger: (query) => read((...database) => queryLedger(...database, query)),
  async prune(beforeMs) {
    // One measurement a turn, so that writes wait for one table at most.
    for (const measurement of database.measurements) {
      await inTurn(() => database.prune(measurement, beforeMs));
    }
    return null;
  },
  stop: () =>
    inTurn(async () => {
      await database.close();
      return null;
    }),
};

port.on('message', async ({ id, operation, argument }: ThreadRequest) => {
  let answer: ThreadAnswer;
  try {
    const run = operations[operation] as (argument: unknown) => Promise<unknown>;
    answer = { id, ok: true, value: await run(argument) };
  } catch (error) {
    answer = { id, ok: false, code: 'store.unavailable', detail: messageOf(error) };
  }
  port.postMessage(answer);
});
