/**
 * The supervisor's side of one generation: how much of it waits, how far it was shipped, and the
 * removal of what was.
 *
 * The saved position may be older than the truth, never newer: it is saved after the store has
 * confirmed, and what lies between is shipped again after a crash, harmlessly. It may name a
 * segment that is gone: a reader goes on at the first later one.
 */

import { join } from 'node:path';
import type { JournalPosition } from './commit.ts';
import type { JournalFiles } from './files.ts';
import { isDiskFull, systemCodeOf, writeAll } from './files.ts';
import { generationFolder, journalBegin, listSegments, segmentPath } from './layout.ts';

/** How far a generation was shipped. */
export interface SavedPosition extends JournalPosition {
  /** The caller's own, any JSON: it is as old or as new as the position. */
  readonly shipped: unknown;
}

export interface GenerationOptions {
  /** `data/journal`. */
  readonly folder: string;
  readonly generation: string;
  readonly files: JournalFiles;
}

/** What became of an `advance`. */
export interface Advance {
  /** True when the new position is the one that a restart will find. */
  readonly saved: boolean;
  /** Why it is not. */
  readonly problem: unknown;
  /** Bytes freed by unlinking segments. */
  readonly trimmedBytes: number;
}

export class Generation {
  readonly #files: JournalFiles;
  readonly #folder: string;

  constructor(options: GenerationOptions) {
    this.#files = options.files;
    this.#folder = generationFolder(options.folder, options.generation);
  }

  /** The position last saved, or null when there is none that can be read: begin at the begin. */
  async savedPosition(): Promise<SavedPosition | null> {
    try {
      const bytes = await this.#files.readFile(this.#positionPath);
      return parsePosition(bytes.toString('utf8'));
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return null;
      throw error;
    }
  }

  /** Bytes on disk from `position` on. */
  async unshippedBytes(position: JournalPosition = journalBegin): Promise<number> {
    let bytes = 0;
    for (const segment of await listSegments(this.#files, this.#folder)) {
      if (segment < position.segment) continue;
      const begin = segment === position.segment ? position.offset : 0;
      bytes += Math.max(0, (await this.#segmentBytes(segment)) - begin);
    }
    return bytes;
  }

  /**
   * Saves `position`, then unlinks the segments that lie wholly before it. On a full disk the
   * position may stay unsaved, the segments go all the same and the room they leave is used to
   * save it. Rejects only when a segment cannot be unlinked. One call at a time.
   */
  async advance(position: SavedPosition): Promise<Advance> {
    let problem = await this.#trySave(position);
    const trimmedBytes = await this.trim(position);
    if (trimmedBytes > 0 && isDiskFull(problem)) problem = await this.#trySave(position);
    return { saved: problem === null, problem, trimmedBytes };
  }

  /** Unlinks the segments wholly before `position`; resolves with the bytes this freed. */
  async trim(position: JournalPosition): Promise<number> {
    const segments = await listSegments(this.#files, this.#folder);
    const shipped = segments.filter((segment) => segment < position.segment);
    let bytes = 0;
    for (const segment of shipped) {
      bytes += await this.#segmentBytes(segment);
      await this.#unlinkIfThere(segmentPath(this.#folder, segment));
    }
    return bytes;
  }

  /**
   * Removes a generation whose writer is dead and which is shipped to its end. The position goes
   * last, so that a crash in between does not begin the generation again.
   */
  async remove(): Promise<void> {
    await this.trim({ segment: Number.MAX_SAFE_INTEGER, offset: 0 });
    await this.#files.syncFolder(this.#folder);
    await this.#files.removeFolder(this.#folder);
  }

  get #positionPath(): string {
    return join(this.#folder, 'position.json');
  }

  get #temporaryPath(): string {
    return join(this.#folder, 'position.tmp');
  }

  /** Null when saved, otherwise why not; the position saved before is then still in place. */
  async #trySave(position: SavedPosition): Promise<unknown> {
    try {
      await this.#writeTemporary(Buffer.from(JSON.stringify(position)));
      await this.#files.rename(this.#temporaryPath, this.#positionPath);
      await this.#files.syncFolder(this.#folder);
      return null;
    } catch (error) {
      await this.#unlinkIfThere(this.#temporaryPath).catch(() => {});
      return error;
    }
  }

  async #writeTemporary(bytes: Buffer): Promise<void> {
    // Never written over: after a crash amidst a rename it may be the saved position's own file.
    await this.#unlinkIfThere(this.#temporaryPath);
    const file = await this.#files.createFile(this.#temporaryPath);
    try {
      await writeAll(file, bytes, 0);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  async #segmentBytes(segment: number): Promise<number> {
    try {
      return await this.#files.fileBytes(segmentPath(this.#folder, segment));
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return 0;
      throw error;
    }
  }

  async #unlinkIfThere(path: string): Promise<void> {
    try {
      await this.#files.unlink(path);
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error;
    }
  }
}

function parsePosition(json: string): SavedPosition | null {
  let saved: Partial<SavedPosition> | null;
  try {
    saved = JSON.parse(json);
  } catch {
    return null;
  }
  const { segment, offset, shipped } = saved ?? {};
  const valid = isCount(segment) && segment >= 1 && isCount(offset);
  return valid ? { segment, offset, shipped } : null;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
