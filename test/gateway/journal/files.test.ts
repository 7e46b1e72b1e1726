import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JournalFiles, nodeFiles, writeAll } from '../../../gateway/journal/files.ts';
import { seededRandom } from '../../../model/random.ts';
import { FaultyDisk } from '../../helpers/faulty-disk.ts';

let real: string;

beforeEach(async () => {
  real = await mkdtemp(join(tmpdir(), 'onramp-files-'));
});

afterEach(() => rm(real, { recursive: true }));

/** The faulty disk stands for the real one in tests, so both must do the same when nothing fails. */
const systems: [string, () => Promise<[JournalFiles, string]>][] = [
  ['the real disk', async () => [nodeFiles, real]],
  [
    'the disk of the tests',
    async () => {
      const files = new FaultyDisk(seededRandom(1)).process();
      await files.makeFolder('/base');
      return [files, '/base'];
    },
  ],
];

describe.each(systems)('%s', (_, begin) => {
  it('keeps what is written, and shows it to a reader at once', async () => {
    const [files, base] = await begin();
    const path = join(base, 'a');
    const file = await files.createFile(path);
    const reader = await files.openFile(path);
    const into = Buffer.alloc(20, 'x');
    expect(await reader.read(into, 0, 20, 0)).toBe(0);
    await writeAll(file, Buffer.from('0123456789'), 0);
    await writeAll(file, Buffer.from('abc'), 8);
    await file.datasync();
    let filled = 0;
    for (let landed = -1; landed !== 0; filled += landed) {
      landed = await reader.read(into, 2 + filled, 18 - filled, 1 + filled);
    }
    expect(into.toString()).toBe('xx1234567abcxxxxxxxx');
    expect(await reader.bytes()).toBe(11);
    await file.truncate(4);
    expect(await files.fileBytes(path)).toBe(4);
    expect((await files.readFile(path)).toString()).toBe('0123');
    await files.unlink(path);
    expect(await reader.bytes()).toBe(4);
    await Promise.all([file.close(), reader.close()]);
  });

  it('makes, lists, renames and removes', async () => {
    const [files, base] = await begin();
    await files.makeFolder(join(base, 'f'));
    await expect(files.makeFolder(join(base, 'f'))).rejects.toMatchObject({ code: 'EEXIST' });
    for (const name of ['a', 'b']) {
      const file = await files.createFile(join(base, 'f', name));
      await writeAll(file, Buffer.from(name), 0);
      await file.close();
    }
    await expect(files.createFile(join(base, 'f', 'a'))).rejects.toMatchObject({ code: 'EEXIST' });
    expect((await files.list(join(base, 'f'), 'file')).sort()).toEqual(['a', 'b']);
    expect(await files.list(join(base, 'f'), 'folder')).toEqual([]);
    expect(await files.list(base, 'folder')).toEqual(['f']);
    await files.rename(join(base, 'f', 'a'), join(base, 'f', 'b'));
    await files.syncFolder(join(base, 'f'));
    expect(await files.list(join(base, 'f'), 'file')).toEqual(['b']);
    expect((await files.readFile(join(base, 'f', 'b'))).toString()).toBe('a');
    await files.removeFolder(join(base, 'f'));
    expect(await files.list(base, 'folder')).toEqual([]);
    expect(await files.freeBytes(base)).toBeGreaterThan(1_000_000);
  });

  it('says ENOENT for what is not there', async () => {
    const [files, base] = await begin();
    const path = join(base, 'nothing');
    const missing = [
      files.openFile(path),
      files.readFile(path),
      files.fileBytes(path),
      files.unlink(path),
      files.list(path, 'file'),
      files.createFile(join(path, 'a')),
    ];
    // All at once: a rejection that waits for its turn would count as unhandled.
    await Promise.all(
      missing.map((failed) => expect(failed).rejects.toMatchObject({ code: 'ENOENT' })),
    );
  });
});
