/**
 * Reads one generation of the journal in order, while its writer appends or after it died.
 *
 * What ends before a whole record, or is no record, means one of two things. As long as the
 * segment may still grow it means "not yet": the bytes of a write in progress become visible piece
 * by piece, in any order, and those of a failed write are cut away again. So nothing read of them
 * is kept; the next call reads them afresh. Once the segment is closed, because a later one exists
 * or the writer is dead, it means that a commit was torn. It was the writer's last one there and
 * never acknowledged, so reading goes on in the next segment.
 *
 * The order matters: whether the segment is closed is asked first, and then it is read once more.
 * Asked the other way round, what was appended between the two would be lost.
 *
 * A bad place with valid records behind it in the same segment is no torn commit but a damaged
 * disk. In a closed segment the records behind are found and read on from, and the damage is
 * reported. In one that still grows the reader waits until it is closed.
 */

import { limits } from '../../model/limits.ts';
import type { CommittedRecord, JournalPosition } from './commit.ts';
import type { JournalFiles, ReadableFile } from './files.ts';
import { systemCodeOf } from './files.ts';
import { generationFolder, listSegments, segmentPath } from './layout.ts';
import type { Decoded } from './record.ts';
import { decodeRecord, placeSeed, segmentSeed } from './record.ts';

const chunkBytesDefault = 1024 * 1024;

/** How far behind a damaged place records are looked for: all of an ordinary segment. */
const scanBytesMax = limits.segmentBytesMax + limits.recordBytesMax;

/** Bytes of a closed segment that are no record. */
export interface Discarded {
  /** `torn`: a commit never acknowledged, ordinary after a crash; `damaged`: readings are lost. */
  readonly kind: 'torn' | 'damaged';
  readonly begin: JournalPosition;
  readonly reason: string;
}

export interface JournalReaderOptions {
  /** `data/journal`. */
  readonly folder: string;
  readonly generation: string;
  /**
   * Where to begin: `journalBegin`, or a position that a record or the writer gave. If its segment
   * is gone (trimmed), reading begins at the first later one.
   */
  readonly from: JournalPosition;
  readonly files: JournalFiles;
  /** True when the process that writes this generation is known to be gone. Never false again. */
  readonly dead: () => boolean;
  /** Bytes per read, 1 MiB unless told; grows for a record that is larger. */
  readonly chunkBytes?: number;
  readonly onDiscarded?: (discarded: Discarded) => void;
}

/**
 * `what is there`: one read, which may end early. `all`: as many as it takes to be sure that there
 * is no more.
 */
type Extent = 'what is there' | 'all';

export class JournalReader {
  readonly #options: JournalReaderOptions;
  readonly #folder: string;
  #segment: number;
  #offset: number;
  #seed: number;
  #file: ReadableFile | null = null;
  #ended = false;
  /** Bytes of the segment from `#bufferOffset`, as many as `#bufferedBytes`. */
  #buffer = Buffer.alloc(0);
  #bufferOffset = 0;
  #bufferedBytes = 0;
  /** Whether the last read came to the end of what the segment then had. */
  #sawEnd = false;

  constructor(options: JournalReaderOptions) {
    this.#options = options;
    this.#folder = generationFolder(options.folder, options.generation);
    this.#segment = options.from.segment;
    this.#offset = options.from.offset;
    this.#seed = segmentSeed(options.generation, this.#segment);
  }

  /** Where the next record begins. */
  get position(): JournalPosition {
    return { segment: this.#segment, offset: this.#offset };
  }

  /** True when every record has been read and there will never be another. */
  ended(): boolean {
    return this.#ended;
  }

  /**
   * The next record of those that are in memory already, or null: then ask `next`. Costs no
   * look at the disk, of which `next` takes one or more.
   */
  nextRead(): CommittedRecord | null {
    const found = this.#decode(this.#offset);
    return found.status === 'record' ? this.#take(found) : null;
  }

  /** True when the last look at the disk found the end: what came later is for another time. */
  get sawEnd(): boolean {
    return this.#sawEnd;
  }

  /**
   * The next record, or null when there is none at the moment (`ended` tells whether for good).
   * Rejects with the system's error when reading fails; the same call may be tried again. Rejects
   * with `journal.unsupported` when another version wrote the journal. One call at a time.
   */
  async next(): Promise<CommittedRecord | null> {
    while (!this.#ended) {
      let found = this.#decode(this.#offset);
      if (found.status !== 'record') found = await this.#read(this.#chunkBytes, 'what is there');
      if (found.status === 'record') return this.#take(found);
      const closed = await this.#closed();
      if (closed === null) return null;
      found = await this.#read(this.#chunkBytes, 'all');
      if (found.status === 'record') return this.#take(found);
      if (await this.#findBehindDamage(found)) continue;
      await this.#enter(closed.successor);
    }
    return null;
  }

  /** Closes the file. Idempotent. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  get #chunkBytes(): number {
    return this.#options.chunkBytes ?? chunkBytesDefault;
  }

  #take(found: Decoded & { status: 'record' }): CommittedRecord {
    const begin = this.position;
    this.#offset += found.bytes;
    return { ...found.content, begin, end: this.position };
  }

  /** What the buffer holds at `offset` of the segment. */
  #decode(offset: number): Decoded {
    const begin = offset - this.#bufferOffset;
    const seed = placeSeed(this.#seed, offset);
    return decodeRecord(this.#buffer, begin, this.#bufferedBytes, seed);
  }

  /** Reads afresh from the position, at least `bytes` if there are so many, and decodes. */
  async #read(bytes: number, extent: Extent): Promise<Decoded> {
    await this.#fill(bytes, extent);
    const found = this.#decode(this.#offset);
    if (found.status !== 'incomplete' || this.#bufferedBytes === 0) return found;
    // It ended early, or the record is larger, or the rest is not there yet.
    await this.#fill(Math.max(bytes, found.bytesNeeded), 'all');
    return this.#decode(this.#offset);
  }

  async #fill(bytes: number, extent: Extent): Promise<void> {
    if (this.#buffer.length < bytes) this.#buffer = Buffer.allocUnsafeSlow(bytes);
    this.#bufferOffset = this.#offset;
    this.#bufferedBytes = 0;
    this.#sawEnd = true;
    this.#file ??= await this.#open();
    if (this.#file === null) return;
    let filled = 0;
    let landed = -1;
    while (landed !== 0 && filled < bytes) {
      const position = this.#offset + filled;
      landed = await this.#file.read(this.#buffer, filled, bytes - filled, position);
      filled += landed;
      if (extent === 'what is there') break;
    }
    this.#bufferedBytes = filled;
    this.#sawEnd = filled < bytes;
  }

  /** Null when the segment does not exist: not yet, or no longer. */
  async #open(): Promise<ReadableFile | null> {
    try {
      return await this.#options.files.openFile(segmentPath(this.#folder, this.#segment));
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return null;
      throw error;
    }
  }

  /** Null while the segment may still grow. */
  async #closed(): Promise<{ successor: number | null } | null> {
    const dead = this.#options.dead();
    const segments = await listSegments(this.#options.files, this.#folder);
    const successor = segments.find((segment) => segment > this.#segment) ?? null;
    return successor !== null || dead ? { successor } : null;
  }

  async #enter(successor: number | null): Promise<void> {
    await this.close();
    if (successor === null) {
      this.#ended = true;
      this.#buffer = Buffer.alloc(0);
    } else {
      this.#segment = successor;
      this.#offset = 0;
      this.#seed = segmentSeed(this.#options.generation, successor);
    }
    this.#bufferOffset = this.#offset;
    this.#bufferedBytes = 0;
  }

  /** Moves to the next record of a closed segment behind what is no record. False if there is none. */
  async #findBehindDamage(found: Decoded): Promise<boolean> {
    const bytes = ((await this.#file?.bytes()) ?? 0) - this.#offset;
    if (bytes <= 0) return false;
    await this.#fill(Math.min(bytes, scanBytesMax), 'all');
    const begin = this.position;
    const reason = found.status === 'corrupt' ? found.reason : 'it ends before its record does';
    const end = this.#offset + this.#bufferedBytes;
    for (let offset = this.#offset + 1; offset < end; offset++) {
      if (this.#decode(offset).status !== 'record') continue;
      this.#offset = offset;
      this.#options.onDiscarded?.({ kind: 'damaged', begin, reason });
      return true;
    }
    this.#options.onDiscarded?.({ kind: 'torn', begin, reason });
    return false;
  }
}
