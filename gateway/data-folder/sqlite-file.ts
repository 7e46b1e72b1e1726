/** SQLite files of the data folder: opening, transactions, and what their errors mean. */

import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Clock, sleep } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';

/** Primary result codes (sqlite.org/rescode.html). */
const busyCodes: ReadonlySet<number> = new Set([5, 6]);
/** Read-only, I/O error, full, cannot open. */
const unavailableCodes: ReadonlySet<number> = new Set([8, 10, 13, 14]);
/** Corrupt, not a database. */
const damagedCodes: ReadonlySet<number> = new Set([11, 26]);

const retryMs = 5;
const busyWaitMsMax = 30_000;

/** What a database file needs to be opened. */
export interface DatabaseFile {
  readonly path: string;
  /** Statements for each new connection. */
  readonly pragmas: string;
  /** Element n brings the schema from version n to n + 1 (`PRAGMA user_version`). */
  readonly migrations: readonly string[];
}

/**
 * Opens a file for writing, creates it readable by its owner only, and brings its schema up to
 * date. The connection never waits for a lock: see `whenFree`. Throws `database.*`.
 */
export function openForWriting(file: DatabaseFile): DatabaseSync {
  try {
    closeSync(openSync(file.path, 'a', 0o600));
  } catch (error) {
    throw new OnrampError('database.unavailable', file.path, error);
  }
  return opened(file, () => {
    const db = new DatabaseSync(file.path);
    try {
      db.exec(file.pragmas);
      if (schemaVersion(db) !== file.migrations.length) inTransaction(db, () => migrate(db, file));
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/**
 * Opens a further connection for writing to a file that `openForWriting` has opened. It waits, and
 * blocks its thread, up to `busyTimeoutMs` for a lock. Throws `database.*`.
 */
export function openFurther(file: DatabaseFile, busyTimeoutMs: number): DatabaseSync {
  return opened(file, () => {
    const db = new DatabaseSync(file.path, { timeout: busyTimeoutMs });
    db.exec(file.pragmas);
    return db;
  });
}

/**
 * Opens a file that its writer has already created, waiting up to `busyTimeoutMs` for a lock.
 * Throws `database.*`.
 */
export function openForReading(file: DatabaseFile, busyTimeoutMs: number): DatabaseSync {
  return opened(file, () => {
    const db = new DatabaseSync(file.path, { readOnly: true, timeout: busyTimeoutMs });
    if (schemaVersion(db) === file.migrations.length) return db;
    const newer = schemaVersion(db) > file.migrations.length;
    db.close();
    throw new OnrampError(newer ? 'database.newer' : 'database.unavailable', file.path);
  });
}

function opened(file: DatabaseFile, open: () => DatabaseSync): DatabaseSync {
  try {
    return open();
  } catch (error) {
    throw isBusy(error)
      ? new OnrampError('database.unavailable', file.path, error)
      : databaseError(error, file.path);
  }
}

function schemaVersion(db: DatabaseSync): number {
  return db.prepare('PRAGMA user_version').get()!.user_version as number;
}

function migrate(db: DatabaseSync, file: DatabaseFile): void {
  const version = schemaVersion(db);
  if (version > file.migrations.length) throw new OnrampError('database.newer', file.path);
  for (const migration of file.migrations.slice(version)) db.exec(migration);
  db.exec(`PRAGMA user_version = ${file.migrations.length}`);
}

/** Runs `body` in a write transaction: all of it is durable, or nothing of it happened. */
export function inTransaction<T>(db: DatabaseSync, body: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = body();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/**
 * Runs `body`, and again a little later while another connection holds the lock, without blocking
 * the event loop. Gives up after half a minute. Rejects with `database.*` or what `body` throws.
 */
export async function whenFree<T>(clock: Clock, path: string, body: () => T): Promise<T> {
  const giveUpAtMs = clock.monotonicMs() + busyWaitMsMax;
  for (;;) {
    try {
      return body();
    } catch (error) {
      if (!isBusy(error) || clock.monotonicMs() >= giveUpAtMs) throw databaseError(error, path);
    }
    await sleep(clock, retryMs);
  }
}

/** True when another connection holds a lock that is needed. */
function isBusy(error: unknown): boolean {
  return busyCodes.has(resultCode(error));
}

/** An error of SQLite about the file as `database.*`; anything else as it is. */
export function databaseError(error: unknown, path: string): unknown {
  const code = resultCode(error);
  if (unavailableCodes.has(code) || busyCodes.has(code)) {
    return new OnrampError('database.unavailable', `${path}: ${(error as Error).message}`, error);
  }
  if (damagedCodes.has(code)) return new OnrampError('database.damaged', path, error);
  return error;
}

/** The primary result code of an SQLite error, 0 for anything else. */
function resultCode(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error)) return 0;
  return Number(error.errcode) & 0xff;
}
