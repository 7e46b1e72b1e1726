/**
 * Appends commits to one generation of the journal. What makes this safe:
 *
 * - A generation has exactly one writer, ever, and a segment is only ever written at its end.
 * - Segment numbers only rise. Before a segment is created, the one before it is sealed: nothing
 *   is appended to it again, whatever happens. So a reader that sees a later segment knows that
 *   the earlier one has all it will ever have.
 * - After a failed write the segment is cut back to its last commit and sealed. Should a reader
 *   have seen all bytes of the failed commit before the cut, it loses nothing: the next commit is
 *   in the next segment and not at the same place.
 * - After a failed `fdatasync` nothing is known about what is on disk (Linux may have dropped the
 *   pages and reports the error once only), so the writer is dead for good.
 */

import { messageOf, OnrampError } from '../../model/errors.ts';
import type { Commit, JournalPosition } from './commit.ts';
import type { JournalFiles, WritableFile } from './files.ts';
import { ensureFolder, isDiskFull, systemCodeOf, writeAll } from './files.ts';
import { generationFolder, segmentPath } from './layout.ts';
import { encodeRecord, placeSeed, sealRecord, segmentSeed } from './record.ts';

export interface JournalWriterOptions {
  /** `data/journal`; its parent must exist. */
  readonly folder: string;
  /** A name never used before in this folder: `[a-z0-9_-]`, at most 64 characters. */
  readonly generation: string;
  /** A segment is sealed when the next record would make it larger (a record may exceed it alone). */
  readonly segmentBytesMax: number;
  readonly files: JournalFiles;
}

interface OpenSegment {
  readonly number: number;
  readonly path: string;
  readonly seed: number;
  readonly file: WritableFile;
  /** Where the next record begins: everything before it is durable. */
  offset: number;
}

/** Shortages of the machine that pass, other than disk space. */
const passingCodes = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR']);

export class JournalWriter {
  readonly #files: JournalFiles;
  readonly #generation: string;
  readonly #folder: string;
  readonly #segmentBytesMax: number;
  #segment: OpenSegment | null = null;
  #segmentNumber = 0;
  #bytesWritten = 0;
  #failure: OnrampError | null = null;
  #appending: Promise<JournalPosition> | null = null;

  private constructor(options: JournalWriterOptions) {
    this.#files = options.files;
    this.#generation = options.generation;
    this.#folder = generationFolder(options.folder, options.generation);
    this.#segmentBytesMax = options.segmentBytesMax;
  }

  /** Begins a generation: makes its folder, durably. Throws when there is one of this name. */
  static async create(options: JournalWriterOptions): Promise<JournalWriter> {
    const writer = new JournalWriter(options);
    await ensureFolder(options.files, options.folder);
    await options.files.makeFolder(writer.#folder);
    await options.files.syncFolder(options.folder);
    return writer;
  }

  /** Bytes of all durable records of this generation. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /**
   * Resolves with the end of the commit's record when it is durable. One at a time.
   *
   * Rejects with `journal.full` when the disk has no room or refused the write: the commit is not
   * in the journal, append it again later. Rejects with `journal.failed` when the journal cannot
   * be trusted any more, then and ever after: whether this commit will be read is not known.
   */
  async append(commit: Commit): Promise<JournalPosition> {
    if (this.#appending !== null) throw new Error('one append at a time');
    if (this.#failure !== null) throw this.#failure;
    const record = encodeRecord(commit);
    this.#appending = this.#appendRecord(record);
    try {
      return await this.#appending;
    } finally {
      this.#appending = null;
    }
  }

  /** Waits for a running append and closes the files. Later appends reject. Idempotent. */
  async close(): Promise<void> {
    await this.#appending?.catch(() => {});
    this.#failure ??= new OnrampError('journal.failed', 'the journal is closed');
    await this.#seal();
  }

  async #appendRecord(record: Buffer): Promise<JournalPosition> {
    const segment = await this.#segmentWithRoom(record.length);
    sealRecord(record, placeSeed(segment.seed, segment.offset));
    await this.#write(segment, record);
    try {
      await segment.file.datasync();
    } catch (error) {
      throw await this.#fail('fdatasync', error);
    }
    segment.offset += record.length;
    this.#bytesWritten += record.length;
    return { segment: segment.number, offset: segment.offset };
  }

  async #segmentWithRoom(bytes: number): Promise<OpenSegment> {
    const open = this.#segment;
    if (open !== null && (open.offset === 0 || open.offset + bytes <= this.#segmentBytesMax)) {
      return open;
    }
    await this.#seal();
    this.#segment = await this.#createSegment();
    return this.#segment;
  }

  /** A new segment whose entry in the folder is durable. Its number is spent even if this fails. */
  async #createSegment(): Promise<OpenSegment> {
    this.#segmentNumber += 1;
    const number = this.#segmentNumber;
    const path = segmentPath(this.#folder, number);
    const file = await this.#files.createFile(path).catch((error) => {
      throw this.#shortageOrFailure('creating a segment', error);
    });
    const seed = segmentSeed(this.#generation, number);
    const segment = { number, path, seed, file, offset: 0 };
    try {
      await this.#files.syncFolder(this.#folder);
    } catch (error) {
      await this.#cut(segment);
      throw this.#shortageOrFailure('syncing the folder', error);
    }
    return segment;
  }

  async #write(segment: OpenSegment, record: Buffer): Promise<void> {
    try {
      await writeAll(segment.file, record, segment.offset);
    } catch (error) {
      await this.#cut(segment);
      throw new OnrampError('journal.full', messageOf(error), error);
    }
  }

  /** Takes back what was not committed, which also frees its space, and seals the segment. */
  async #cut(segment: OpenSegment): Promise<void> {
    this.#segment = null;
    try {
      if (segment.offset > 0) await segment.file.truncate(segment.offset);
      else await this.#files.unlink(segment.path);
    } catch (error) {
      throw await this.#fail('cutting back a segment', error);
    } finally {
      await segment.file.close().catch(() => {});
    }
  }

  /** Nothing durable can be lost by a failing close, since every commit was synced. */
  async #seal(): Promise<void> {
    const segment = this.#segment;
    this.#segment = null;
    await segment?.file.close().catch(() => {});
  }

  #shortageOrFailure(doing: string, error: unknown): OnrampError {
    if (isDiskFull(error) || passingCodes.has(systemCodeOf(error) ?? '')) {
      return new OnrampError('journal.full', `${doing}: ${messageOf(error)}`, error);
    }
    return this.#failed(doing, error);
  }

  async #fail(doing: string, error: unknown): Promise<OnrampError> {
    await this.#seal();
    return this.#failed(doing, error);
  }

  #failed(doing: string, error: unknown): OnrampError {
    this.#failure ??= new OnrampError('journal.failed', `${doing}: ${messageOf(error)}`, error);
    return this.#failure;
  }
}
