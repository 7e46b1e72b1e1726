/**
 * The names in a journal: `{generation}/{number}.v1`. The format's version is part of the name, so
 * that a program that does not know a later format sees that, instead of torn records.
 */

import { join } from 'node:path';
import { OnrampError } from '../../model/errors.ts';
import type { JournalPosition } from './commit.ts';
import type { JournalFiles } from './files.ts';
import { systemCodeOf } from './files.ts';

const formatVersion = 1;
const segmentName = /^(\d{8,15})\.v(\d+)$/;
const generationName = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** The beginning of every generation. */
export const journalBegin: JournalPosition = Object.freeze({ segment: 1, offset: 0 });

/** The folder of a generation. Throws a RangeError on a name that is none. */
export function generationFolder(folder: string, generation: string): string {
  if (!generationName.test(generation)) throw new RangeError(`generation ${generation}`);
  return join(folder, generation);
}

export function segmentPath(folder: string, segment: number): string {
  return join(folder, `${String(segment).padStart(8, '0')}.v${formatVersion}`);
}

/**
 * Numbers of the segments in the folder of a generation, ascending; none when the folder is gone.
 * Throws `journal.unsupported` when another version wrote one.
 */
export async function listSegments(files: JournalFiles, folder: string): Promise<number[]> {
  const segments: number[] = [];
  for (const name of await listOrNone(files, folder, 'file')) {
    const match = segmentName.exec(name);
    if (match === null) continue;
    if (Number(match[2]) !== formatVersion) {
      throw new OnrampError('journal.unsupported', join(folder, name));
    }
    segments.push(Number(match[1]));
  }
  return segments.sort((a, b) => a - b);
}

/** Names of the generations in `data/journal`, sorted; none when the folder is not there yet. */
export async function listGenerations(files: JournalFiles, folder: string): Promise<string[]> {
  const names = await listOrNone(files, folder, 'folder');
  return names.filter((name) => generationName.test(name)).sort();
}

async function listOrNone(
  files: JournalFiles,
  folder: string,
  kind: 'file' | 'folder',
): Promise<string[]> {
  try {
    return await files.list(folder, kind);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
