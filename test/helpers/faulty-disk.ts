/**
 * A file system in memory that fails in the ways real ones do.
 *
 * - What was written but not synced is seen by every process at once (the page cache), survives
 *   the death of a process, and at a power loss lands in any subset of blocks, with any length it
 *   had meanwhile, the rest being zeros or blocks of files deleted before. The same holds for the
 *   entries of a folder. A block already durable is never damaged by writing beside it.
 * - A write becomes visible piece by piece in any order; a process may die in between.
 * - The disk is full at any byte: the write is short, or fails with a part of it landed. On a full
 *   disk a file may not be made, and a folder not be synced.
 * - After a failed `datasync` of a file the next ones succeed and make nothing durable.
 * - A process may die before or after any operation.
 */

import type { JournalFiles, ReadableFile, WritableFile } from '../../gateway/journal/files.ts';
import type { Random } from '../../model/random.ts';

const blockBytes = 64;

interface FileNode {
  readonly kind: 'file';
  content: Buffer;
  /** Contents since the last sync; the first is durable. */
  versions: Buffer[];
  /** True after a failed sync: no later one makes anything durable, whatever it answers. */
  poisoned: boolean;
}

interface FolderNode {
  readonly kind: 'folder';
  readonly entries: Map<string, Node>;
  /** For each name changed since the last sync, what it stood for; the first is durable. */
  readonly history: Map<string, (Node | null)[]>;
}

type Node = FileNode | FolderNode;

/** Operations that can be made to fail. */
export type DiskOperation =
  | 'create'
  | 'write'
  | 'datasync'
  | 'truncate'
  | 'read'
  | 'list'
  | 'unlink'
  | 'rename'
  | 'syncFolder';

/** Probability of EIO for each operation. */
export type Faults = Partial<Record<DiskOperation, number>>;

/** What a killed process gets for an answer; in truth it gets none. */
export class Killed extends Error {}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

export class FaultyDisk {
  readonly random: Random;
  /** Bytes the disk holds at most. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** Writes that failed although all their bytes landed. */
  landedWhole = 0;
  #root: FolderNode = { kind: 'folder', entries: new Map(), history: new Map() };
  readonly #processes = new Set<DiskProcess>();
  /** Contents of deleted files. */
  readonly #graveyard: Buffer[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  /** The file system as one process sees it. */
  process(): DiskProcess {
    const process = new DiskProcess(this);
    this.#processes.add(process);
    return process;
  }

  /** Everybody dies, and what was not synced is decided block by block. */
  powerLoss(): void {
    for (const process of this.#processes) process.kill();
    this.#processes.clear();
    this.#settle(this.#root);
  }

  usedBytes(folder: FolderNode = this.#root): number {
    let bytes = 0;
    for (const node of folder.entries.values()) {
      bytes += node.kind === 'file' ? node.content.length : this.usedBytes(node);
    }
    return bytes;
  }

  folder(path: string): FolderNode {
    let node: Node | undefined = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      node = node?.kind === 'folder' ? node.entries.get(name) : undefined;
    }
    if (node?.kind !== 'folder') throw systemError('ENOENT');
    return node;
  }

  file(path: string): FileNode {
    const [folder, name] = this.locate(path);
    const node = folder.entries.get(name);
    if (node?.kind !== 'file') throw systemError('ENOENT');
    return node;
  }

  locate(path: string): [FolderNode, string] {
    const slash = path.lastIndexOf('/');
    return [this.folder(path.slice(0, slash)), path.slice(slash + 1)];
  }

  /** Makes `name` stand for `node` (null removes it). */
  change(folder: FolderNode, name: string, node: Node | null): void {
    const before = folder.entries.get(name) ?? null;
    const history = folder.history.get(name) ?? [before];
    history.push(node);
    folder.history.set(name, history);
    if (node === null) folder.entries.delete(name);
    else folder.entries.set(name, node);
    if (before?.kind === 'file') this.#graveyard.push(before.content);
    if (this.#graveyard.length > 20) this.#graveyard.shift();
  }

  setContent(file: FileNode, content: Buffer): void {
    file.content = content;
    file.versions.push(content);
  }

  #settle(folder: FolderNode): void {
    for (const [name, history] of folder.history) {
      const chosen = this.#pick(history);
      if (chosen === null) folder.entries.delete(name);
      else folder.entries.set(name, chosen);
    }
    folder.history.clear();
    for (const node of folder.entries.values()) {
      if (node.kind === 'folder') this.#settle(node);
      else this.#settleFile(node);
    }
  }

  #settleFile(file: FileNode): void {
    const lengths = file.versions.map((version) => version.length);
    const low = Math.min(...lengths);
    const length =
      this.random.int(0, 1) === 0
        ? this.#pick(lengths)
        : this.random.int(low, Math.max(...lengths));
    const content = Buffer.alloc(length);
    const stale = this.#stale();
    for (let at = 0; at < length; at += blockBytes) {
      const version = this.#pick(file.versions);
      const source = version.length > at ? version : stale;
      source.subarray(at, Math.min(at + blockBytes, length)).copy(content, at);
    }
    file.content = content;
    file.versions = [content];
  }

  #stale(): Buffer {
    return this.#graveyard.length > 0 && this.random.int(0, 1) === 0
      ? this.#pick(this.#graveyard)
      : Buffer.alloc(0);
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.random.int(0, from.length - 1)]!;
  }
}

/** One process on the disk; implements what the journal asks of a file system. */
export class DiskProcess implements JournalFiles {
  faults: Faults = {};
  /** Operations so far. */
  operations = 0;
  /** Dies at this operation, in the midst of it or after it. */
  killAt = Number.POSITIVE_INFINITY;
  #killed = false;
  readonly #disk: FaultyDisk;

  constructor(disk: FaultyDisk) {
    this.#disk = disk;
  }

  get killed(): boolean {
    return this.#killed;
  }

  kill(): void {
    this.#killed = true;
  }

  createFile(path: string): Promise<WritableFile> {
    return this.#run('create', () => {
      const [folder, name] = this.#disk.locate(path);
      if (folder.entries.has(name)) throw systemError('EEXIST');
      const empty = Buffer.alloc(0);
      const file: FileNode = { kind: 'file', content: empty, versions: [empty], poisoned: false };
      this.#disk.change(folder, name, file);
      return this.#writable(file);
    });
  }

  openFile(path: string): Promise<ReadableFile> {
    return this.#run('read', () => this.#readable(this.#disk.file(path)));
  }

  readFile(path: string): Promise<Buffer> {
    return this.#run('read', () => Buffer.from(this.#disk.file(path).content));
  }

  fileBytes(path: string): Promise<number> {
    return this.#run('list', () => this.#disk.file(path).content.length);
  }

  unlink(path: string): Promise<void> {
    return this.#run('unlink', () => {
      this.#disk.file(path);
      this.#disk.change(...this.#disk.locate(path), null);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run('rename', () => {
      const file = this.#disk.file(from);
      this.#disk.change(...this.#disk.locate(to), file);
      this.#disk.change(...this.#disk.locate(from), null);
    });
  }

  list(path: string, kind: 'file' | 'folder'): Promise<string[]> {
    return this.#run('list', () => {
      const entries = [...this.#disk.folder(path).entries];
      return entries.filter(([, node]) => node.kind === kind).map(([name]) => name);
    });
  }

  makeFolder(path: string): Promise<void> {
    return this.#run('create', () => {
      const [folder, name] = this.#disk.locate(path);
      if (folder.entries.has(name)) throw systemError('EEXIST');
      this.#disk.change(folder, name, { kind: 'folder', entries: new Map(), history: new Map() });
    });
  }

  removeFolder(path: string): Promise<void> {
    return this.#run('unlink', () => {
      const removed = this.#disk.folder(path);
      for (const name of [...removed.entries.keys()]) this.#disk.change(removed, name, null);
      this.#disk.change(...this.#disk.locate(path), null);
    });
  }

  syncFolder(path: string): Promise<void> {
    return this.#run('syncFolder', () => this.#disk.folder(path).history.clear());
  }

  freeBytes(): Promise<number> {
    return this.#run('list', () => Math.max(0, this.#disk.capacityBytes - this.#disk.usedBytes()));
  }

  #readable(file: FileNode): ReadableFile {
    return {
      read: (into, offset, length, position) =>
        this.#run('read', () => {
          // A read may be short although there is more.
          const most = this.#chance(0.1) ? Math.ceil(length / 3) : length;
          const end = Math.min(file.content.length, position + most);
          return position >= end ? 0 : file.content.copy(into, offset, position, end);
        }),
      bytes: () => this.#run('list', () => file.content.length),
      close: async () => {},
    };
  }

  #writable(file: FileNode): WritableFile {
    return {
      write: (bytes, position) => this.#write(file, Buffer.from(bytes), position),
      datasync: () => this.#datasync(file),
      truncate: (length) =>
        this.#run('truncate', () => {
          const content = Buffer.alloc(length);
          file.content.copy(content);
          this.#disk.setContent(file, content);
        }),
      close: async () => {},
    };
  }

  async #write(file: FileNode, bytes: Buffer, position: number): Promise<number> {
    await this.#begin();
    const room = this.#disk.capacityBytes - this.#disk.usedBytes() + file.content.length - position;
    let landing = Math.max(0, Math.min(bytes.length, room));
    const full = landing < bytes.length;
    const failing = this.#chance(this.faults.write ?? 0) || (full && this.#chance(0.3));
    const dying = this.operations >= this.killAt;
    const whole = failing && this.#chance(0.2);
    if ((failing || dying) && !whole) landing = this.#disk.random.int(0, landing);
    else if (!full && this.#chance(0.1)) landing = this.#disk.random.int(1, landing);
    await this.#land(file, bytes.subarray(0, landing), position);
    this.#end();
    if (failing && landing === bytes.length) this.#disk.landedWhole += 1;
    if (failing || landing === 0) throw systemError(full ? 'ENOSPC' : 'EIO');
    return landing;
  }

  /** Makes bytes visible at once or piece by piece in any order. */
  async #land(file: FileNode, bytes: Buffer, position: number): Promise<void> {
    if (bytes.length === 0) return;
    const pieces: number[] = [];
    for (let at = 0; at < bytes.length; at += blockBytes) pieces.push(at);
    if (this.#chance(0.6)) pieces.splice(0, pieces.length, 0);
    else if (this.#chance(0.5)) pieces.sort(() => this.#disk.random.next() - 0.5);
    const pieceBytes = pieces.length === 1 ? bytes.length : blockBytes;
    for (const at of pieces) {
      this.#assertAlive();
      const piece = bytes.subarray(at, at + pieceBytes);
      const end = position + at + piece.length;
      const content = Buffer.alloc(Math.max(file.content.length, end));
      file.content.copy(content);
      piece.copy(content, position + at);
      this.#disk.setContent(file, content);
      await this.#pause();
    }
  }

  #datasync(file: FileNode): Promise<void> {
    return this.#run('datasync', () => {
      if (this.#chance(this.faults.datasync ?? 0)) {
        file.poisoned = true;
        throw systemError('EIO');
      }
      if (!file.poisoned) file.versions = [file.content];
    });
  }

  /** Runs one operation: it may fail, and the process may die before or after it. */
  async #run<T>(operation: DiskOperation, effect: () => T): Promise<T> {
    await this.#begin();
    const code = this.#failureOf(operation);
    // A file may have been made although its maker was told otherwise.
    if (code !== null && !(operation === 'create' && this.#chance(0.3))) {
      this.#end();
      throw systemError(code);
    }
    const answer = effect();
    this.#end();
    if (code !== null) throw systemError(code);
    // What was found may be old by the time it is told.
    if (this.#chance(0.1)) for (let i = 0; i < 10; i++) await this.#pause();
    return answer;
  }

  #failureOf(operation: DiskOperation): string | null {
    if (operation !== 'datasync' && this.#chance(this.faults[operation] ?? 0)) return 'EIO';
    const needsRoom = operation === 'create' || operation === 'syncFolder';
    const full = this.#disk.usedBytes() >= this.#disk.capacityBytes;
    return needsRoom && full && this.#chance(0.3) ? 'ENOSPC' : null;
  }

  async #begin(): Promise<void> {
    await this.#pause();
    this.#assertAlive();
    this.operations += 1;
  }

  #end(): void {
    if (this.operations >= this.killAt) this.#killed = true;
    this.#assertAlive();
  }

  async #pause(): Promise<void> {
    for (let turns = this.#disk.random.int(0, 3); turns > 0; turns--) await null;
  }

  #assertAlive(): void {
    if (this.#killed) throw new Killed();
  }

  #chance(probability: number): boolean {
    return this.#disk.random.next() < probability;
  }
}
