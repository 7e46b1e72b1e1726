import { beforeEach, describe, expect, it } from 'vitest';
import type { CommittedRecord } from '../../../gateway/journal/commit.ts';
import { journalBegin, listSegments } from '../../../gateway/journal/layout.ts';
import { JournalReader } from '../../../gateway/journal/reader.ts';
import { JournalWriter } from '../../../gateway/journal/writer.ts';
import { errorCodeOf } from '../../../model/errors.ts';
import { seededRandom } from '../../../model/random.ts';
import { type DiskProcess, FaultyDisk } from '../../helpers/faulty-disk.ts';
import { commitOf, idOf } from './commits.ts';

const folder = '/data/journal';

let disk: FaultyDisk;
let files: DiskProcess;
let writer: JournalWriter;
/** Runs when all bytes of a write have landed. */
let afterWrite: () => Promise<void>;

function options() {
  return { folder, generation: 'g1', segmentBytesMax: 1500, files };
}

/** The code with which `promise` rejects, or null when it resolves. */
async function codeOf(promise: Promise<unknown>): Promise<string | null> {
  return promise.then(
    () => null,
    (error) => errorCodeOf(error) ?? String(error),
  );
}

async function readAll(): Promise<CommittedRecord[]> {
  const reader = new JournalReader({
    folder,
    generation: 'g1',
    from: journalBegin,
    files: disk.process(),
    dead: () => true,
  });
  const records: CommittedRecord[] = [];
  for (let next = await reader.next(); next !== null; next = await reader.next())
    records.push(next);
  return records;
}

beforeEach(async () => {
  disk = new FaultyDisk(seededRandom(1));
  files = disk.process();
  afterWrite = async () => {};
  const createFile = files.createFile.bind(files);
  files.createFile = async (path) => {
    const file = await createFile(path);
    const write = async (bytes: Buffer, position: number) => {
      const landed = await file.write(bytes, position);
      if (landed === bytes.length) await afterWrite();
      return landed;
    };
    return { ...file, write };
  };
  await files.makeFolder('/data');
  writer = await JournalWriter.create(options());
});

describe('JournalWriter', () => {
  it('answers where each record ends and counts its bytes', async () => {
    const ends = [];
    for (let id = 1; id <= 12; id++) ends.push(await writer.append(commitOf(id)));
    const records = await readAll();
    expect(records.map((record) => idOf(record))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(records.map((record) => record.end)).toEqual(ends);
    const bytes = records.reduce((sum, { begin, end }) => sum + end.offset - begin.offset, 0);
    expect(writer.bytesWritten).toBe(bytes);
    expect(disk.usedBytes()).toBe(bytes);
  });

  it('fills segments up to their limit, and gives a larger record one of its own', async () => {
    for (let id = 1; id <= 20; id++) await writer.append(commitOf(id));
    await writer.append(commitOf(21, 80));
    const records = await readAll();
    const large = records.at(-1)!;
    expect(large.begin.offset).toBe(0);
    expect(large.end.offset).toBeGreaterThan(1500);
    for (const { end, begin } of records.slice(0, -1)) {
      expect(end.offset).toBeLessThanOrEqual(1500);
      if (begin.offset > 0) continue;
      const before = records.find((record) => record.begin.segment === begin.segment - 1);
      if (begin.segment > 1) expect(before).toBeDefined();
    }
    expect(records.length).toBe(21);
  });

  it('never reuses a generation', async () => {
    await expect(JournalWriter.create(options())).rejects.toMatchObject({ code: 'EEXIST' });
    const unsafe = JournalWriter.create({ ...options(), generation: '../g2' });
    await expect(unsafe).rejects.toThrow(RangeError);
  });

  it('takes one append at a time', async () => {
    const first = writer.append(commitOf(1));
    await expect(writer.append(commitOf(2))).rejects.toThrow('one append at a time');
    await first;
    await writer.append(commitOf(3));
    expect((await readAll()).map((record) => idOf(record))).toEqual([1, 3]);
  });

  it('gives the space of a failed commit back, and goes on when there is room again', async () => {
    await writer.append(commitOf(1));
    const used = disk.usedBytes();
    disk.capacityBytes = used + 100;
    for (let i = 0; i < 50; i++) {
      expect(await codeOf(writer.append(commitOf(2)))).toBe('journal.full');
      expect(disk.usedBytes()).toBe(used);
    }
    // What does not help is not left behind either.
    expect(await listSegments(files, `${folder}/g1`)).toEqual([1]);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    await writer.append(commitOf(2));
    expect((await readAll()).map((record) => idOf(record))).toEqual([1, 2]);
  });

  it('never returns to a segment once it has tried to begin a later one', async () => {
    await writer.append(commitOf(1));
    const { createFile } = files;
    files.createFile = async (path) => {
      await createFile(path);
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    };
    expect(await codeOf(writer.append(commitOf(21, 80)))).toBe('journal.full');
    // A reader that sees the second segment has done with the first.
    expect(await listSegments(files, `${folder}/g1`)).toEqual([1, 2]);
    files.createFile = createFile;
    expect((await writer.append(commitOf(2))).segment).toBe(3);
    expect((await readAll()).map((record) => idOf(record))).toEqual([1, 2]);
  });

  it('loses nothing when all bytes of a failed write had landed and were read', async () => {
    const reader = new JournalReader({
      folder,
      generation: 'g1',
      from: journalBegin,
      files,
      dead: () => false,
    });
    const next = async () => idOf((await reader.next())!);
    await writer.append(commitOf(1));
    expect(await next()).toBe(1);
    await writer.append(commitOf(21, 80));
    expect((await reader.next())?.begin).toEqual({ segment: 2, offset: 0 });

    let seen = 0;
    afterWrite = async () => {
      seen = await next();
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    };
    // Once at the end of a segment, once at the begin of one.
    for (const id of [2, 3]) {
      expect(await codeOf(writer.append(commitOf(id)))).toBe('journal.full');
      expect(seen).toBe(id);
    }
    afterWrite = async () => {};
    await writer.append(commitOf(4));
    await writer.append(commitOf(5));
    expect([await next(), await next(), await reader.next()]).toEqual([4, 5, null]);
  });

  it.each([
    ['datasync', { datasync: 1 }],
    ['truncate', { write: 1, truncate: 1 }],
  ])('is dead for good after a failed %s', async (_, faults) => {
    await writer.append(commitOf(1));
    files.faults = faults;
    expect(await codeOf(writer.append(commitOf(2)))).toBe('journal.failed');
    files.faults = {};
    const operations = files.operations;
    expect(await codeOf(writer.append(commitOf(3)))).toBe('journal.failed');
    expect(files.operations).toBe(operations);
    const ids = (await readAll()).map((record) => idOf(record));
    expect(ids.filter((id) => id !== 2)).toEqual([1]);
  });

  it('is dead when the entry of a segment cannot be made durable', async () => {
    files.faults = { syncFolder: 1 };
    expect(await codeOf(writer.append(commitOf(1)))).toBe('journal.failed');
    files.faults = {};
    expect(await codeOf(writer.append(commitOf(1)))).toBe('journal.failed');
  });

  it('survives a failed write of any other kind: it is tried again elsewhere', async () => {
    await writer.append(commitOf(1));
    files.faults = { write: 1 };
    expect(await codeOf(writer.append(commitOf(2)))).toBe('journal.full');
    files.faults = {};
    expect((await writer.append(commitOf(2))).segment).toBe(2);
  });

  it('waits for a running append when closed, and refuses later ones', async () => {
    const running = writer.append(commitOf(1));
    await writer.close();
    await running;
    await writer.close();
    expect(await codeOf(writer.append(commitOf(2)))).toBe('journal.failed');
    expect((await readAll()).map((record) => idOf(record))).toEqual([1]);
  });
});
