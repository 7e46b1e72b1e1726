/** One DuckDB file: opening it, writing to it in transactions, and opening it again after trouble. */

import { type DuckDBConnection, DuckDBInstance, version } from '@duckdb/node-api';
import { messageOf } from '../../../model/errors.ts';
import type { WriteResult } from '../store.ts';
import { planBatch } from './batch.ts';
import { Catalogue, quoted } from './catalogue.ts';
import { insertBatch, timestamp } from './insert.ts';

export interface DatabaseOptions {
  readonly file: string;
  readonly memoryLimit: string;
  readonly threads: number;
}

interface OpenDatabase {
  readonly instance: DuckDBInstance;
  readonly writer: DuckDBConnection;
  readonly reader: DuckDBConnection;
  readonly catalogue: Catalogue;
}

/** A read that may be interrupted. */
export type Read<T> = (connection: DuckDBConnection, catalogue: Catalogue) => Promise<T>;

/** Calls of `write`, `prune` and `close` must not overlap; reads may overlap with them. */
export class Database {
  readonly version: string = version();
  readonly #options: DatabaseOptions;
  #open: OpenDatabase | null = null;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  /**
   * Opens the file unless it is open. It is created when missing; what was committed before a
   * crash is there.
   */
  async open(): Promise<void> {
    if (this.#open !== null) return;
    const { file, memoryLimit, threads } = this.#options;
    const instance = await DuckDBInstance.create(file, {
      memory_limit: memoryLimit,
      threads: String(threads),
      // Nothing is ever fetched, so that it works with the network cut off.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    try {
      const writer = await instance.connect();
      const reader = await instance.connect();
      const catalogue = await Catalogue.load(writer);
      this.#open = { instance, writer, reader, catalogue };
    } catch (error) {
      instance.closeSync();
      throw error;
    }
  }

  /**
   * Stores a batch in one transaction. After trouble with the disk DuckDB refuses to go on until
   * it is opened again, so the next call does that.
   */
  async write(lines: Buffer): Promise<WriteResult> {
    try {
      await this.open();
      const { writer, catalogue } = this.#open as unknown as OpenDatabase;
      const { tables, rejected } = planBatch(catalogue, lines);
      await writer.run('BEGIN');
      for (const batch of tables) {
        await batch.table.save(writer);
        await insertBatch(writer, batch);
      }
      await writer.run('COMMIT');
      for (const { table } of tables) table.markSaved();
      return rejected.length > 0 ? { status: 'rejected', lines: rejected } : { status: 'stored' };
    } catch (error) {
      const reason = messageOf(error);
      await this.close();
      // The data's fault, not the disk's: the same batch would fail for ever.
      const poisoned = /^(Conversion|Invalid Input|Constraint|Out of Range) Error/.test(reason);
      return poisoned ? { status: 'refused', reason } : { status: 'unavailable', reason };
    }
  }

  /** Removes the rows of one measurement that are older than `beforeMs`. */
  async prune(measurement: string, beforeMs: number): Promise<void> {
    const table = this.#open?.catalogue.tables.get(measurement);
    if (!this.#open || !table?.savedColumns.length) return;
    const before = { before: timestamp(Math.floor(beforeMs)) };
    await this.#open.writer.run(
      `DELETE FROM ${quoted(table.sqlName)} WHERE time < $before`,
      before,
    );
  }

  get isOpen(): boolean {
    return this.#open !== null;
  }

  get measurements(): string[] {
    return [...(this.#open?.catalogue.tables.keys() ?? [])];
  }

  /** Runs reads one after the other. */
  read<T>(query: Read<T>): Promise<T> {
    const result = this.#reading.then(async () => {
      if (this.#open === null) throw new Error('the database is closed after trouble');
      return query(this.#open.reader, this.#open.catalogue);
    });
    this.#reading = result.catch(() => {});
    return result;
  }

  /** Ends the read under way, which then fails. */
  interrupt(): void {
    this.#open?.reader.interrupt();
  }

  /** Closes the file. A transaction under way is undone. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    if (open === null) return;
    open.reader.interrupt();
    await this.#reading;
    open.reader.closeSync();
    open.writer.closeSync();
    open.instance.closeSync();
  }
}
