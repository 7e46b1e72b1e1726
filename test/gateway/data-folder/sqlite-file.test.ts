import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import {
  openForReading,
  openForWriting,
  whenFree,
} from '../../../gateway/data-folder/sqlite-file.ts';
import { openReader, openRegistry } from '../../../gateway/registry/sqlite/sqlite.ts';
import { systemClock } from '../../../model/clock.ts';
import { OnrampError } from '../../../model/errors.ts';
import { SmallDisk, smallDisksWork } from '../../helpers/small-disk.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { failureOf } from '../registry/open.ts';

const sealKey = Buffer.alloc(32, 1);

const file = (migrations: readonly string[], path = join(temporaryFolder(), 'some.db')) => ({
  path,
  pragmas: 'PRAGMA journal_mode = WAL',
  migrations,
});

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof OnrampError) return error.code;
    throw error;
  }
  return 'it did not fail';
}

function closing(db: DatabaseSync): DatabaseSync {
  onTestFinished(() => {
    if (db.isOpen) db.close();
  });
  return db;
}

const first = 'CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1)';
const second = 'ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 7';

it('creates a file for its owner only, and brings an older one up to date', () => {
  const before = file([first]);
  openForWriting(before).close();
  expect(statSync(before.path).mode & 0o777).toBe(0o600);
  const after = closing(openForWriting(file([first, second], before.path)));
  expect(after.prepare('SELECT * FROM a').all()).toEqual([{ x: 1, y: 7 }]);
});

it('leaves a file as it was when a migration fails', () => {
  const before = file([first]);
  openForWriting(before).close();
  const broken = file([first, `${second}; INSERT INTO nowhere VALUES (1)`], before.path);
  expect(() => openForWriting(broken)).toThrow('nowhere');
  const db = closing(openForReading(before, 0));
  expect(db.prepare('SELECT * FROM a').all()).toEqual([{ x: 1 }]);
});

it('refuses a file of a newer version, for reading and for writing', () => {
  const newer = file([first, second]);
  closing(openForWriting(newer));
  const older = file([first], newer.path);
  expect(codeOf(() => openForWriting(older))).toBe('database.newer');
  expect(codeOf(() => openForReading(older, 0))).toBe('database.newer');
});

it('refuses what is not a database, is not there or is not ready', () => {
  const path = join(temporaryFolder(), 'registry.db');
  expect(codeOf(() => openReader(path, sealKey))).toBe('database.unavailable');
  const nowhere = join(path, 'registry.db');
  expect(codeOf(() => openRegistry({ path: nowhere, clock: systemClock, sealKey }))).toBe(
    'database.unavailable',
  );
  writeFileSync(path, '');
  expect(codeOf(() => openReader(path, sealKey))).toBe('database.unavailable');
  writeFileSync(path, 'this is not a database, '.repeat(400));
  expect(codeOf(() => openReader(path, sealKey))).toBe('database.damaged');
  expect(codeOf(() => openRegistry({ path, clock: systemClock, sealKey }))).toBe(
    'database.damaged',
  );
});

it('waits for a lock without holding up its process, and gives up in the end', async () => {
  const some = file([first]);
  const holder = closing(openForWriting(some));
  const waiter = closing(openForWriting(some));
  const clock = new VirtualClock();
  const insert = () =>
    whenFree(clock, some.path, () => waiter.exec('INSERT INTO a VALUES (2)')).then(() => 'done');

  holder.exec('BEGIN IMMEDIATE');
  const soon = insert();
  await clock.advanceAsync(1000);
  holder.exec('COMMIT');
  await clock.advanceAsync(10);
  expect(await soon).toBe('done');

  holder.exec('BEGIN IMMEDIATE');
  const never = failureOf(insert());
  await clock.advanceAsync(31_000);
  expect((await never).code).toBe('database.unavailable');
});

it.skipIf(!smallDisksWork())('takes changes again when a full disk is freed', async () => {
  const disk = new SmallDisk(8 * 1024 * 1024);
  onTestFinished(() => disk.remove());
  const path = join(disk.folder, 'registry.db');
  const registry = openRegistry({ path, clock: systemClock, sealKey });
  onTestFinished(() => registry.close());
  const add = (device: string) => registry.add({ enterprise: 'acme', device, profile: 'generic' });
  await add('before');
  disk.fill();
  const failures: string[] = [];
  for (let i = 0; i < 50 && failures.length < 2; i++) {
    await add(`full-${i}`).catch((error: OnrampError) => failures.push(error.code));
  }
  expect(failures).toEqual(['database.unavailable', 'database.unavailable']);
  expect(await registry.get('acme', 'before')).not.toBeNull();
  async function* rows() {
    for (let i = 1; i < 9000; i++) {
      yield { row: i, enterprise: 'acme', device: `i${i}`, profile: 'generic' };
    }
  }
  expect((await failureOf(registry.importDevices(rows()))).code).toBe('database.unavailable');
  disk.free();
  await add('after');
  expect(await registry.importDevices(rows())).toMatchObject({ added: 8999, committed: true });
});
