/**
 * The little the journal asks of a file system, so that tests can put a faulty one in its place.
 * Failures are Node's system errors (`code` is ENOSPC, EIO, ENOENT …).
 */

import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file open for writing by its only writer. */
export interface WritableFile {
  /** Writes bytes at `position`; answers how many landed, which is fewer when the disk fills up. */
  write(bytes: Buffer, position: number): Promise<number>;
  /** Resolves when content and length are durable. */
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** A file open for reading, also while somebody appends to it or after it was unlinked. */
export interface ReadableFile {
  /** Fills `into` from `offset` with at most `length` bytes from `position`; 0 at the end. */
  read(into: Buffer, offset: number, length: number, position: number): Promise<number>;
  /** Its length now. */
  bytes(): Promise<number>;
  close(): Promise<void>;
}

export interface JournalFiles {
  /** A new empty file; EEXIST when there is one. */
  createFile(path: string): Promise<WritableFile>;
  openFile(path: string): Promise<ReadableFile>;
  readFile(path: string): Promise<Buffer>;
  fileBytes(path: string): Promise<number>;
  unlink(path: string): Promise<void>;
  /** Replaces `to`, at once. */
  rename(from: string, to: string): Promise<void>;
  /** Names, in no order. */
  list(folder: string, kind: 'file' | 'folder'): Promise<string[]>;
  /** A new folder; EEXIST when there is one. */
  makeFolder(folder: string): Promise<void>;
  /** Removes a folder with whatever is in it. */
  removeFolder(folder: string): Promise<void>;
  /** Resolves when the entries of `folder` (what was created, renamed, unlinked) are durable. */
  syncFolder(folder: string): Promise<void>;
  /** Bytes of the disk under `path` that this process may still use. */
  freeBytes(path: string): Promise<number>;
}

/** The machine's file system. */
export const nodeFiles: JournalFiles = {
  createFile: async (path) => writable(await fs.open(path, 'wx', 0o600)),
  openFile: async (path) => readable(await fs.open(path, 'r')),
  readFile: (path) => fs.readFile(path),
  fileBytes: async (path) => (await fs.stat(path)).size,
  unlink: (path) => fs.unlink(path),
  rename: (from, to) => fs.rename(from, to),
  async list(folder, kind) {
    const entries = await fs.readdir(folder, { withFileTypes: true });
    const wanted = entries.filter((entry) => entry.isDirectory() === (kind === 'folder'));
    return wanted.map((entry) => entry.name);
  },
  makeFolder: (folder) => fs.mkdir(folder, 0o700),
  removeFolder: (folder) => fs.rm(folder, { recursive: true, force: true }),
  async syncFolder(folder) {
    // Windows cannot open a folder; NTFS keeps its entries in a journal of its own.
    if (process.platform === 'win32') return;
    const handle = await fs.open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async freeBytes(path) {
    const { bavail, bsize } = await fs.statfs(path);
    return bavail * bsize;
  },
};

function writable(handle: fs.FileHandle): WritableFile {
  return {
    write: async (bytes, position) =>
      (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
    datasync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
}

function readable(handle: fs.FileHandle): ReadableFile {
  return {
    read: async (into, offset, length, position) =>
      (await handle.read(into, offset, length, position)).bytesRead,
    bytes: async () => (await handle.stat()).size,
    close: () => handle.close(),
  };
}

/** The `code` of a system error, or null for anything else. */
export function systemCodeOf(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}

/** True when there was no room on the disk, so that the same may succeed later. */
export function isDiskFull(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Makes `folder` when there is none, and its entry durable. Its parent must exist. */
export async function ensureFolder(files: JournalFiles, folder: string): Promise<void> {
  try {
    await files.makeFolder(folder);
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  }
  await files.syncFolder(dirname(folder));
}

/** Writes all of `bytes` at `position`, or throws with any part of them written. */
export async function writeAll(file: WritableFile, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const landed = await file.write(bytes.subarray(written), position + written);
    if (landed === 0) throw new Error('the disk took no bytes');
    written += landed;
  }
}
