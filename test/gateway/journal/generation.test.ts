import { beforeEach, describe, expect, it } from 'vitest';
import { Generation } from '../../../gateway/journal/generation.ts';
import { listGenerations, listSegments } from '../../../gateway/journal/layout.ts';
import { seededRandom } from '../../../model/random.ts';
import { type DiskProcess, FaultyDisk } from '../../helpers/faulty-disk.ts';

const folder = '/data/journal';
const shipped = { stored: 12, deadLettered: { 'store.refused-line': 3 } };

let disk: FaultyDisk;
let files: DiskProcess;
let generation: Generation;

/** Segments 3, 4 and 5 of 1000 bytes each: 1 and 2 are gone. */
beforeEach(async () => {
  disk = new FaultyDisk(seededRandom(3));
  files = disk.process();
  for (const path of ['/data', folder, `${folder}/g2`, `${folder}/g1`])
    await files.makeFolder(path);
  for (const segment of [3, 4, 5]) {
    const path = `${folder}/g1/0000000${segment}.v1`;
    await files.createFile(path);
    disk.setContent(disk.file(path), Buffer.alloc(1000));
  }
  for (const path of ['', '/data', folder]) await files.syncFolder(path);
  generation = new Generation({ folder, generation: 'g1', files });
});

function segments(): Promise<number[]> {
  return listSegments(files, `${folder}/g1`);
}

describe('Generation', () => {
  it('counts the bytes after a position', async () => {
    expect(await generation.unshippedBytes()).toBe(3000);
    expect(await generation.unshippedBytes({ segment: 2, offset: 500 })).toBe(3000);
    expect(await generation.unshippedBytes({ segment: 3, offset: 400 })).toBe(2600);
    expect(await generation.unshippedBytes({ segment: 5, offset: 1000 })).toBe(0);
    expect(await generation.unshippedBytes({ segment: 5, offset: 5000 })).toBe(0);
    expect(await generation.unshippedBytes({ segment: 9, offset: 0 })).toBe(0);
    const gone = new Generation({ folder, generation: 'g9', files });
    expect(await gone.unshippedBytes()).toBe(0);
  });

  it('finds the position it saved, with what the caller keeps beside it', async () => {
    expect(await generation.savedPosition()).toBeNull();
    const position = { segment: 4, offset: 17, shipped };
    expect(await generation.advance(position)).toMatchObject({ saved: true, trimmedBytes: 1000 });
    expect(await generation.savedPosition()).toEqual(position);
    expect(await segments()).toEqual([4, 5]);
    disk.powerLoss();
    const restarted = new Generation({ folder, generation: 'g1', files: disk.process() });
    expect(await restarted.savedPosition()).toEqual(position);
  });

  it.each([
    '',
    '{',
    'null',
    '{"segment":0,"offset":1}',
    '{"segment":1.5,"offset":1}',
    '{"segment":1}',
  ])('takes a position file with %j for none', async (content) => {
    await files.createFile(`${folder}/g1/position.json`);
    disk.setContent(disk.file(`${folder}/g1/position.json`), Buffer.from(content));
    expect(await generation.savedPosition()).toBeNull();
  });

  it('trims on a full disk, and then has the room to save', async () => {
    disk.capacityBytes = disk.usedBytes();
    const position = { segment: 5, offset: 0, shipped };
    expect(await generation.advance(position)).toMatchObject({ saved: true, trimmedBytes: 2000 });
    expect(await generation.savedPosition()).toEqual(position);
  });

  it('trims although the position cannot be saved, which stays the one before', async () => {
    const before = { segment: 3, offset: 5, shipped };
    await generation.advance(before);
    for (const fault of ['write', 'datasync', 'rename', 'create'] as const) {
      files.faults = { [fault]: 1 };
      const { saved, problem } = await generation.advance({ segment: 5, offset: 0, shipped });
      expect(saved).toBe(false);
      expect(problem).toMatchObject({ code: 'EIO' });
      files.faults = {};
      expect(await generation.savedPosition()).toEqual(before);
      expect(await segments()).toEqual([5]);
      expect(await files.list(`${folder}/g1`, 'file')).not.toContain('position.tmp');
    }
  });

  it('saves on a disk that has been full and leaves nothing half written', async () => {
    disk.capacityBytes = disk.usedBytes() + 10;
    const position = { segment: 3, offset: 5, shipped };
    expect(await generation.advance(position)).toMatchObject({ saved: false, trimmedBytes: 0 });
    expect(await generation.savedPosition()).toBeNull();
    expect(disk.usedBytes()).toBe(3000);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    expect(await generation.advance(position)).toMatchObject({ saved: true });
  });

  it('is listed until it is removed, whatever else is in its folder', async () => {
    await files.createFile(`${folder}/notes`);
    await files.makeFolder(`${folder}/.Trash`);
    await files.createFile(`${folder}/g1/.DS_Store`);
    expect(await listGenerations(files, folder)).toEqual(['g1', 'g2']);
    expect(await listGenerations(files, '/elsewhere')).toEqual([]);
    await generation.advance({ segment: 5, offset: 1000, shipped });
    await generation.remove();
    expect(await listGenerations(files, folder)).toEqual(['g2']);
  });

  it('may not be named so that its folder lies elsewhere', () => {
    for (const name of ['..', '../g1', 'a/b', '', 'G1', '-x']) {
      expect(() => new Generation({ folder, generation: name, files })).toThrow(RangeError);
    }
  });
});
