import { beforeEach, describe, expect, it } from 'vitest';
import type { JournalPosition } from '../../../gateway/journal/commit.ts';
import { journalBegin } from '../../../gateway/journal/layout.ts';
import { type Discarded, JournalReader } from '../../../gateway/journal/reader.ts';
import {
  encodeRecord,
  placeSeed,
  sealRecord,
  segmentSeed,
} from '../../../gateway/journal/record.ts';
import { seededRandom } from '../../../model/random.ts';
import { type DiskProcess, FaultyDisk } from '../../helpers/faulty-disk.ts';
import { commitOf, idOf } from './commits.ts';

const folder = '/data/journal';

let disk: FaultyDisk;
let files: DiskProcess;
let dead: boolean;
let discarded: Discarded[];

beforeEach(async () => {
  disk = new FaultyDisk(seededRandom(2));
  files = disk.process();
  dead = false;
  discarded = [];
  for (const path of ['/data', folder, `${folder}/g1`]) await files.makeFolder(path);
});

function readerFrom(from: JournalPosition, generation = 'g1'): JournalReader {
  return new JournalReader({
    folder,
    generation,
    from,
    files,
    dead: () => dead,
    onDiscarded: (what) => discarded.push(what),
  });
}

function pathOf(segment: number): string {
  return `${folder}/g1/0000000${segment}.v1`;
}

/** The bytes of a segment with these commits. */
function segmentOf(segment: number, ids: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  let offset = 0;
  for (const id of ids) {
    const record = encodeRecord(commitOf(id));
    sealRecord(record, placeSeed(segmentSeed('g1', segment), offset));
    parts.push(record);
    offset += record.length;
  }
  return Buffer.concat(parts);
}

/** Puts a segment in place, or replaces what is in it. */
async function put(segment: number, bytes: Buffer): Promise<void> {
  try {
    disk.setContent(disk.file(pathOf(segment)), bytes);
  } catch {
    await files.createFile(pathOf(segment));
    disk.setContent(disk.file(pathOf(segment)), bytes);
  }
}

/** Counts the reads of files opened from now on, each of at most `bytesMax` bytes. */
function countingLooks(bytesMax = Number.POSITIVE_INFINITY): { count: number } {
  const looks = { count: 0 };
  const open = files.openFile.bind(files);
  files.openFile = async (path) => {
    const file = await open(path);
    return {
      read(into, offset, length, position) {
        looks.count++;
        return file.read(into, offset, Math.min(length, bytesMax), position);
      },
      bytes: () => file.bytes(),
      close: () => file.close(),
    };
  };
  return looks;
}

/** The numbers of the commits that can be read now. */
async function readNow(reader: JournalReader): Promise<number[]> {
  const ids: number[] = [];
  for (let next = await reader.next(); next !== null; next = await reader.next())
    ids.push(idOf(next));
  return ids;
}

describe('JournalReader', () => {
  it('waits at the end of a living segment, and ends at the end of a dead one', async () => {
    const reader = readerFrom(journalBegin);
    expect(await readNow(reader)).toEqual([]);
    await put(1, segmentOf(1, [1, 2]));
    expect(await readNow(reader)).toEqual([1, 2]);
    await put(1, segmentOf(1, [1, 2, 3]));
    expect(await readNow(reader)).toEqual([3]);
    expect(reader.ended()).toBe(false);
    dead = true;
    expect(await readNow(reader)).toEqual([]);
    expect(reader.ended()).toBe(true);
    expect(discarded).toEqual([]);
  });

  it('looks at the disk once for all records that one read brought', async () => {
    await put(1, segmentOf(1, [1, 2, 3]));
    const looks = countingLooks();
    const reader = readerFrom(journalBegin);
    expect(reader.nextRead()).toBeNull();
    expect(idOf((await reader.next())!)).toBe(1);
    expect(reader.sawEnd).toBe(true);
    await put(1, segmentOf(1, [1, 2, 3, 4]));
    expect([reader.nextRead(), reader.nextRead()].map((record) => idOf(record!))).toEqual([2, 3]);
    expect(reader.nextRead()).toBeNull();
    expect(looks.count).toBe(1);
    expect(await readNow(reader)).toEqual([4]);
  });

  it('loses nothing when reads bring fewer bytes than are there', async () => {
    await put(1, segmentOf(1, [1, 2]));
    await put(2, segmentOf(2, [3]));
    countingLooks(7);
    expect(await readNow(readerFrom(journalBegin))).toEqual([1, 2, 3]);
    expect(discarded).toEqual([]);
  });

  it('reads what was appended just before the writer died or went on to the next segment', async () => {
    const reader = readerFrom(journalBegin);
    await put(1, segmentOf(1, [1]));
    expect(await readNow(reader)).toEqual([1]);
    const list = files.list.bind(files);
    // Between the first look and the question whether the segment is closed.
    files.list = async (path, kind) => {
      await put(1, segmentOf(1, [1, 2]));
      await put(2, segmentOf(2, [3]));
      files.list = list;
      return list(path, kind);
    };
    expect(await readNow(reader)).toEqual([2, 3]);
  });

  it('reads what was appended between the question for death and its answer', async () => {
    const reader = new JournalReader({
      folder,
      generation: 'g1',
      from: journalBegin,
      files,
      dead: () => {
        disk.setContent(disk.file(pathOf(1)), segmentOf(1, [1, 2]));
        return true;
      },
    });
    await put(1, segmentOf(1, [1]));
    expect(await readNow(reader)).toEqual([1, 2]);
    expect(reader.ended()).toBe(true);
  });

  it('reads the segment that was begun after the list and before the death of the writer', async () => {
    const reader = readerFrom(journalBegin);
    await put(1, segmentOf(1, [1]));
    const list = files.list.bind(files);
    files.list = async (path, kind) => {
      files.list = list;
      const names = await list(path, kind);
      await put(2, segmentOf(2, [2]));
      dead = true;
      return names;
    };
    expect(await readNow(reader)).toEqual([1]);
    expect(reader.ended()).toBe(false);
    expect(await readNow(reader)).toEqual([2]);
    expect(reader.ended()).toBe(true);
  });

  it('waits while a write lands in any order, and reads it afresh', async () => {
    const whole = segmentOf(1, [1, 2]);
    const begin = segmentOf(1, [1]).length;
    const reader = readerFrom(journalBegin);
    for (const hole of [begin, begin + 8, begin + 40]) {
      const torn = Buffer.from(whole);
      torn.fill(0, hole, hole + 20);
      await put(1, torn);
      if (hole === begin) expect(await readNow(reader)).toEqual([1]);
      else expect(await readNow(reader)).toEqual([]);
    }
    await put(1, whole.subarray(0, begin + 50));
    expect(await readNow(reader)).toEqual([]);
    await put(1, segmentOf(1, [1, 4]));
    expect(await readNow(reader)).toEqual([4]);
    expect(discarded).toEqual([]);
  });

  it.each([0, 3, 8, 30, 200])(
    'passes a commit torn after %i bytes, once it is closed',
    async (bytes) => {
      const first = segmentOf(1, [1]);
      await put(1, segmentOf(1, [1, 2]).subarray(0, first.length + bytes));
      const reader = readerFrom(journalBegin);
      expect(await readNow(reader)).toEqual([1]);
      await put(2, segmentOf(2, [3]));
      expect(await readNow(reader)).toEqual([3]);
      const torn = { kind: 'torn', begin: { segment: 1, offset: first.length } };
      expect(discarded).toEqual(bytes === 0 ? [] : [expect.objectContaining(torn)]);
    },
  );

  it('finds every valid record behind damage of a closed segment, and reports it', async () => {
    const ids = [1, 2, 3, 4, 5];
    const intact = segmentOf(1, ids);
    const random = seededRandom(5);
    await put(1, intact);
    await put(2, segmentOf(2, [6]));
    const begins = ids.map((_, i) => segmentOf(1, ids.slice(0, i)).length);
    for (let round = 0; round < 60; round++) {
      discarded = [];
      const damaged = Buffer.from(intact);
      const at = random.int(0, intact.length - 1);
      const end = Math.min(intact.length, at + random.int(1, 100));
      for (let i = at; i < end; i++) damaged[i] = damaged[i]! ^ random.int(1, 255);
      await put(1, damaged);
      const survivors = ids.filter((_, i) => {
        const next = begins[i + 1] ?? intact.length;
        return next <= at || begins[i]! >= end;
      });
      expect(await readNow(readerFrom(journalBegin))).toEqual([...survivors, 6]);
      const last = end > begins.at(-1)!;
      expect(discarded.map(({ kind }) => kind)).toEqual([last ? 'torn' : 'damaged']);
    }
  });

  it('begins in the middle, and at the first later segment when its own is gone', async () => {
    await put(1, segmentOf(1, [1, 2, 3]));
    await put(4, segmentOf(4, [4]));
    dead = true;
    const middle = { segment: 1, offset: segmentOf(1, [1]).length };
    expect(await readNow(readerFrom(middle))).toEqual([2, 3, 4]);
    expect(await readNow(readerFrom({ segment: 2, offset: 77 }))).toEqual([4]);
    expect(await readNow(readerFrom({ segment: 1, offset: 1_000_000 }))).toEqual([4]);
    const behind = readerFrom({ segment: 5, offset: 0 });
    expect(await readNow(behind)).toEqual([]);
    expect(behind.ended()).toBe(true);
  });

  it('ends at once when the folder is gone', async () => {
    dead = true;
    const reader = readerFrom(journalBegin, 'g2');
    expect(await reader.next()).toBeNull();
    expect(reader.ended()).toBe(true);
  });

  it('goes on after an error of the disk as if nothing had been', async () => {
    await put(1, segmentOf(1, [1, 2]));
    await put(2, segmentOf(2, [3, 4]));
    dead = true;
    files.faults = { read: 0.4, list: 0.4 };
    const reader = readerFrom(journalBegin);
    const ids: number[] = [];
    let errors = 0;
    while (!reader.ended()) {
      try {
        const record = await reader.next();
        if (record !== null) ids.push(idOf(record));
      } catch (error) {
        expect(error).toMatchObject({ code: 'EIO' });
        errors += 1;
      }
    }
    expect(ids).toEqual([1, 2, 3, 4]);
    expect(errors).toBeGreaterThan(0);
  });

  it('refuses a journal of another version instead of taking it for torn', async () => {
    await put(1, segmentOf(1, [1]));
    await files.createFile(`${folder}/g1/00000002.v2`);
    dead = true;
    const reader = readerFrom(journalBegin);
    expect(idOf((await reader.next())!)).toBe(1);
    await expect(reader.next()).rejects.toMatchObject({ code: 'journal.unsupported' });
    expect(reader.ended()).toBe(false);
  });
});
