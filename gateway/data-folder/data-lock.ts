/**
 * Locks between processes that vanish with their holder, also on `kill -9`, on every platform:
 * SQLite's own locks on an empty database file (POSIX record locks, LockFileEx on Windows). The
 * file stays, empty, and means nothing by itself. It must lie on a local disk.
 */

import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../model/clock.ts';
import { sleep } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';

/** A lock that is held. */
export interface Lock {
  /** Idempotent. */
  release(): void;
}

/** Result code of SQLite for a lock that somebody else holds (the low byte of extended codes). */
const sqliteBusy = 5;

/** Somebody who tries in vain to lock exclusively holds off new shared locks for an instant. */
const sharedWaitMs = 200;

const retryMs = 50;

/** Keeps what is locked from being collected as garbage, which would release it. */
const held = new Set<DatabaseSync>();

/** Locks `path` against everybody, or answers null when anybody holds it, this process included. */
export function tryLockExclusive(path: string): Lock | null {
  // Without a journal in memory, BEGIN EXCLUSIVE would write a journal file.
  return tryLock(path, 0, 'PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
}

/**
 * Locks `path` together with others that share it. Throws `config.data-folder-busy` when it is
 * held exclusively. May block for 0.2 s before it does.
 */
export function lockShared(path: string): Lock {
  // The transaction keeps the shared lock that the SELECT takes.
  const lock = tryLock(path, sharedWaitMs, 'BEGIN; SELECT count(*) FROM sqlite_schema');
  if (lock === null) throw new OnrampError('config.data-folder-busy', path);
  return lock;
}

/**
 * Waits until nobody holds `path`, at most `timeoutMs`, and locks it. Rejects with
 * `config.data-folder-busy` when that takes longer.
 */
export async function lockExclusive(
  path: string,
  options: { readonly timeoutMs: number; readonly clock: Clock },
): Promise<Lock> {
  const { clock, timeoutMs } = options;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const lock = tryLockExclusive(path);
    if (lock !== null) return lock;
    const remainingMs = deadlineMs - clock.monotonicMs();
    if (remainingMs <= 0) throw new OnrampError('config.data-folder-busy', path);
    await sleep(clock, Math.min(retryMs, remainingMs));
  }
}

function tryLock(path: string, waitMs: number, statements: string): Lock | null {
  const database = new DatabaseSync(path, { timeout: waitMs });
  try {
    database.exec(statements);
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
  held.add(database);
  return {
    release: () => {
      if (held.delete(database)) database.close();
    },
  };
}

function isBusy(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : null;
  return typeof code === 'number' && (code & 0xff) === sqliteBusy;
}
