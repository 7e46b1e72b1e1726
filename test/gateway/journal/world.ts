/**
 * A worker, a supervisor and a store around the journal on a faulty disk, with a model of what must
 * hold: every acknowledged commit reaches the store, in order, to the byte; within one pass of a
 * reader exactly once; nothing appears that was never appended.
 */

import type { Commit, JournalPosition } from '../../../gateway/journal/commit.ts';
import { systemCodeOf } from '../../../gateway/journal/files.ts';
import { Generation, type SavedPosition } from '../../../gateway/journal/generation.ts';
import { journalBegin, listGenerations } from '../../../gateway/journal/layout.ts';
import { JournalReader } from '../../../gateway/journal/reader.ts';
import { JournalWriter } from '../../../gateway/journal/writer.ts';
import { errorCodeOf } from '../../../model/errors.ts';
import type { Random } from '../../../model/random.ts';
import { type DiskProcess, type Faults, FaultyDisk, Killed } from '../../helpers/faulty-disk.ts';
import { commitOf, idOf } from './commits.ts';

const folder = '/data/journal';
const segmentBytesMax = 1500;
/** More operations than any one `next` may need: a reader never loops for ever. */
const operationsPerNextMax = 150;

interface Acked {
  readonly id: number;
  readonly end: JournalPosition;
}

/** What the model knows of one generation. */
interface Known {
  readonly attempted: Set<number>;
  readonly acked: Acked[];
  /** Failed appends whose bytes all landed: such a commit may be read besides its retry. */
  readonly doubles: Map<number, number>;
  /** Positions given to `advance`, and which of them was the last it called saved. */
  advances: number;
  savedAdvance: number;
  removed: boolean;
  /** Segments below this were given free for trimming. */
  trimmedBefore: number;
}

interface Worker {
  readonly name: string;
  readonly files: DiskProcess;
  readonly writer: JournalWriter;
  /** A commit that was refused for want of room: it is offered again. */
  pending: number | null;
}

interface Pass {
  readonly reader: JournalReader;
  readonly generation: Generation;
  readonly from: JournalPosition;
  readonly trimmedBefore: number;
  /** How many elements of `acked` were found to be read. */
  checked: number;
  readonly seen: number[];
}

export interface Coverage {
  acked: number;
  full: number;
  failed: number;
  read: number;
  torn: number;
  trimmedBytes: number;
  removed: number;
  unsaved: number;
  supervisorErrors: number;
  positionsFound: number;
  doubles: number;
}

export class World {
  readonly disk: FaultyDisk;
  readonly random: Random;
  readonly stored = new Set<number>();
  readonly coverage: Coverage = {
    acked: 0,
    full: 0,
    failed: 0,
    read: 0,
    torn: 0,
    trimmedBytes: 0,
    removed: 0,
    unsaved: 0,
    supervisorErrors: 0,
    positionsFound: 0,
    doubles: 0,
  };
  worker: Worker | null = null;
  supervisor: DiskProcess;
  workerFaults: Faults = {};
  supervisorFaults: Faults = {};
  /** The operation at which the next worker dies. */
  workerKillAt = Number.POSITIVE_INFINITY;
  /** True when a worker died at its operation. */
  workerKilled = false;
  readonly #known = new Map<string, Known>();
  readonly #passes = new Map<string, Pass>();
  #ids = 0;
  #generations = 0;

  constructor(random: Random) {
    this.random = random;
    this.disk = new FaultyDisk(random);
    this.supervisor = this.disk.process();
  }

  /** The folder above the journal's is there, durably, as in a data folder in use. */
  async prepare(): Promise<void> {
    await this.supervisor.makeFolder('/data');
    await this.supervisor.syncFolder('');
  }

  /** Begins a generation. Null when that failed, as it may on a faulty disk. */
  async startWorker(): Promise<Worker | null> {
    this.#generations += 1;
    const name = `g${String(this.#generations).padStart(4, '0')}`;
    const files = this.disk.process();
    files.faults = this.workerFaults;
    files.killAt = this.workerKillAt;
    this.workerKillAt = Number.POSITIVE_INFINITY;
    this.#known.set(name, {
      attempted: new Set(),
      acked: [],
      doubles: new Map(),
      advances: 0,
      savedAdvance: 0,
      removed: false,
      trimmedBefore: 0,
    });
    try {
      const writer = await JournalWriter.create({
        folder,
        generation: name,
        segmentBytesMax,
        files,
      });
      this.worker = { name, files, writer, pending: null };
    } catch {
      this.workerKilled ||= files.killed;
      files.kill();
      this.worker = null;
    }
    return this.worker;
  }

  /** One append. Answers what became of it. */
  async append(): Promise<'acked' | 'full' | 'failed' | 'killed'> {
    const worker = this.worker;
    if (worker === null) throw new Error('no worker');
    if (worker.pending === null) this.#ids += 1;
    const id = worker.pending ?? this.#ids;
    const known = this.#known.get(worker.name)!;
    known.attempted.add(id);
    const landedWhole = this.disk.landedWhole;
    try {
      const end = await worker.writer.append(this.#commit(id));
      worker.pending = null;
      known.acked.push({ id, end });
      this.coverage.acked += 1;
      return 'acked';
    } catch (error) {
      if (this.disk.landedWhole > landedWhole) {
        known.doubles.set(id, (known.doubles.get(id) ?? 0) + 1);
        this.coverage.doubles += 1;
      }
      return this.#afterRefusal(worker, id, error);
    }
  }

  #afterRefusal(worker: Worker, id: number, error: unknown): 'full' | 'failed' | 'killed' {
    if (errorCodeOf(error) === 'journal.full') {
      // Now and then the sessions are closed meanwhile and nobody offers it again.
      worker.pending = this.random.int(0, 5) === 0 ? null : id;
      this.coverage.full += 1;
      return 'full';
    }
    if (errorCodeOf(error) !== 'journal.failed' && !worker.files.killed) throw error;
    this.coverage.failed += 1;
    const killed = worker.files.killed;
    this.workerKilled ||= killed;
    this.killWorker();
    return killed ? 'killed' : 'failed';
  }

  #commit(id: number): Commit {
    return commitOf(id, this.#linesMax(id));
  }

  /** A few commits are larger than a segment. */
  #linesMax(id: number): number {
    return id % 23 === 0 ? 60 : 6;
  }

  killWorker(): void {
    this.worker?.files.kill();
    this.worker = null;
  }

  /** The worker or the supervisor will die in the midst of something, soon. */
  armKill(process: DiskProcess | undefined): void {
    if (process !== undefined) process.killAt = process.operations + this.random.int(1, 12);
  }

  /** The power fails while `act` is under way. */
  async powerLossDuring(act: () => Promise<unknown>): Promise<void> {
    const acting = act();
    for (let turns = this.random.int(0, 25); turns > 0; turns--) await null;
    this.powerLoss();
    await acting;
  }

  killSupervisor(): void {
    this.supervisor.kill();
    this.supervisor = this.disk.process();
    this.supervisor.faults = this.supervisorFaults;
    this.#passes.clear();
  }

  powerLoss(): void {
    this.killWorker();
    this.disk.powerLoss();
    this.killSupervisor();
  }

  generations(): Promise<string[]> {
    return listGenerations(this.supervisor, folder);
  }

  /** Reads at most `records` of one generation into the store. True when there was a record. */
  async read(name: string, records: number): Promise<boolean> {
    const pass = this.#passes.get(name) ?? (await this.#beginPass(name));
    for (let i = 0; i < records; i++) {
      const before = this.supervisor.operations;
      const record = await pass.reader.next();
      const operations = this.supervisor.operations - before;
      if (operations > operationsPerNextMax)
        throw new Error(`${operations} operations in one read`);
      if (record === null) {
        if (pass.reader.ended()) this.#checkNoneSkipped(name, pass, Number.POSITIVE_INFINITY);
        return i > 0;
      }
      const id = idOf(record, this.#linesMax(Number.parseInt(record.lines.toString('utf8'), 10)));
      this.#checkRecord(name, pass, id);
      this.stored.add(id);
      this.coverage.read += 1;
    }
    return true;
  }

  async #beginPass(name: string): Promise<Pass> {
    const files = this.supervisor;
    const generation = new Generation({ folder, generation: name, files });
    const saved = await generation.savedPosition();
    if (files.killed) throw new Killed();
    this.#checkPosition(name, saved);
    if (saved !== null) this.coverage.positionsFound += 1;
    const from = saved ?? journalBegin;
    const reader = new JournalReader({
      folder,
      generation: name,
      from,
      files,
      dead: () => this.worker?.name !== name,
      chunkBytes: 700,
      onDiscarded: (discarded) => {
        if (discarded.kind === 'damaged') throw new Error(`damage: ${JSON.stringify(discarded)}`);
        this.coverage.torn += 1;
      },
    });
    const { trimmedBefore } = this.#known.get(name)!;
    const pass = { reader, generation, from, trimmedBefore, checked: 0, seen: [] };
    this.#passes.set(name, pass);
    return pass;
  }

  /** What was said to be saved is found, or something newer, and nothing that was never saved. */
  #checkPosition(name: string, saved: SavedPosition | null): void {
    const { advances, savedAdvance } = this.#known.get(name)!;
    const found = saved === null ? 0 : (saved.shipped as { advance: number }).advance;
    if (found < savedAdvance || found > advances) {
      throw new Error(`position ${found} of ${name} found, ${savedAdvance} was saved`);
    }
  }

  #checkRecord(name: string, pass: Pass, id: number): void {
    const known = this.#known.get(name)!;
    if (!known.attempted.has(id)) throw new Error(`${id} was never appended to ${name}`);
    if (known.removed) throw new Error(`${id} came back after ${name} was removed`);
    const last = pass.seen.at(-1) ?? 0;
    const doubled = (known.doubles.get(id) ?? 0) > 0;
    if (id < last || (id === last && !doubled)) throw new Error(`${id} came after ${last}`);
    pass.seen.push(id);
    this.#checkNoneSkipped(name, pass, id);
  }

  /** Every commit acknowledged so far, up to `id`, was read in this pass or shipped before it. */
  #checkNoneSkipped(name: string, pass: Pass, id: number): void {
    const { acked } = this.#known.get(name)!;
    const { from, trimmedBefore } = pass;
    for (; pass.checked < acked.length; pass.checked++) {
      const { id: expected, end } = acked[pass.checked]!;
      if (expected > id) return;
      const before = end.segment < from.segment || end.segment < trimmedBefore;
      const shipped = before || (end.segment === from.segment && end.offset <= from.offset);
      const missing = shipped ? !this.stored.has(expected) : !pass.seen.includes(expected);
      if (missing) throw new Error(`${expected} was acknowledged and skipped`);
    }
  }

  /** Saves the position of a generation and trims. */
  async advance(name: string): Promise<void> {
    const pass = this.#passes.get(name);
    if (pass === undefined) return;
    const known = this.#known.get(name)!;
    known.advances += 1;
    const advance = known.advances;
    const position: SavedPosition = { ...pass.reader.position, shipped: { advance } };
    known.trimmedBefore = Math.max(known.trimmedBefore, position.segment);
    const { saved, trimmedBytes } = await pass.generation.advance(position);
    if (saved) known.savedAdvance = advance;
    this.coverage.trimmedBytes += trimmedBytes;
    if (!saved) this.coverage.unsaved += 1;
  }

  /** Removes a generation that has ended. */
  async removeIfEnded(name: string): Promise<boolean> {
    const pass = this.#passes.get(name);
    if (pass === undefined || !pass.reader.ended()) return false;
    const known = this.#known.get(name)!;
    known.trimmedBefore = Number.POSITIVE_INFINITY;
    // Removed or half removed: the position may be gone.
    known.savedAdvance = 0;
    await pass.generation.remove();
    known.removed = true;
    this.#passes.delete(name);
    this.coverage.removed += 1;
    return true;
  }

  /** Runs something of the supervisor's: dead, it restarts; a system error it tries again later. */
  async supervise<T>(act: () => Promise<T>): Promise<T | null> {
    const supervisor = this.supervisor;
    try {
      return await act();
    } catch (error) {
      if (supervisor.killed) {
        if (this.supervisor === supervisor) this.killSupervisor();
        return null;
      }
      if (!['EIO', 'ENOSPC'].includes(systemCodeOf(error) ?? '')) throw error;
      this.coverage.supervisorErrors += 1;
      return null;
    }
  }

  /** Somebody deletes the saved position. */
  async losePosition(name: string): Promise<void> {
    this.#known.get(name)!.savedAdvance = 0;
    await this.supervisor.unlink(`${folder}/${name}/position.json`).catch((error) => {
      if (systemCodeOf(error) !== 'ENOENT') throw error;
    });
  }

  /** All processes begin anew on a sound disk; everything is shipped; nothing may be missing. */
  async recover(): Promise<void> {
    this.killWorker();
    this.supervisorFaults = {};
    this.killSupervisor();
    this.disk.capacityBytes = Number.POSITIVE_INFINITY;
    for (const name of await this.generations()) {
      while (await this.read(name, 50)) await this.advance(name);
      if (!(await this.removeIfEnded(name))) throw new Error(`${name} does not end`);
    }
    if ((await this.generations()).length > 0) throw new Error('a generation was not removed');
    for (const [name, { acked }] of this.#known) {
      const lost = acked.find(({ id }) => !this.stored.has(id));
      if (lost !== undefined) throw new Error(`${lost.id} of ${name} was acknowledged and is lost`);
    }
  }
}
