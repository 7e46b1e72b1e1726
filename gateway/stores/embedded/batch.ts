/** From lines to columns, and the lines that do not fit them. */

import { type ParsedLine, parseLines } from '../../../model/line-protocol.ts';
import type { SignalValue } from '../../../model/reading.ts';
import type { RejectedLine } from '../store.ts';
import {
  type Catalogue,
  type Column,
  type ColumnType,
  columnTypeOf,
  problemOfName,
  type Table,
} from './catalogue.ts';

/** A value of a column; null for a field the row does not have. */
export type CellValue = SignalValue | null;

/** Rows of one table, by column. */
export class Rows {
  readonly table: Table;
  readonly timestampsMs: number[] = [];
  /** By position of the column; one that is shorter than the rows ends in empty cells. */
  readonly #cells: CellValue[][] = [];

  constructor(table: Table) {
    this.table = table;
  }

  /** Adds a line whose tags and fields all have their columns. */
  add(line: ParsedLine): void {
    const row = this.timestampsMs.length;
    this.timestampsMs.push(line.timestampMs);
    for (const [name, value] of line.tags) this.#set(name, row, value);
    for (const [name, value] of line.fields) this.#set(name, row, value);
  }

  /** The cells of a column, one for each row. A missing tag is the empty one. */
  column(column: Column): CellValue[] {
    return this.#filled(column, this.timestampsMs.length);
  }

  #set(name: string, row: number, value: SignalValue): void {
    this.#filled(this.table.column(name) as Column, row)[row] = value;
  }

  #filled({ position, isTag }: Column, length: number): CellValue[] {
    while (this.#cells.length <= position) this.#cells.push([]);
    const cells = this.#cells[position] as CellValue[];
    while (cells.length < length) cells.push(isTag ? '' : null);
    return cells;
  }
}

/** The rows of one table in a batch; no two have the same identity. */
export class TableBatch {
  readonly table: Table;
  /** Rows that are certainly not in the table. */
  readonly fresh: Rows;
  /** Rows that may be in the table, or among the fresh ones. */
  readonly doubtful: Rows;
  readonly #doubtfulIdentities = new Set<string>();

  constructor(table: Table) {
    this.table = table;
    this.fresh = new Rows(table);
    this.doubtful = new Rows(table);
  }

  /** Adds a row, unless the batch has it; null, or why the line does not fit. */
  add(line: ParsedLine): string | null {
    const { table } = this;
    const known = table.columns.length;
    const reason = widen(table, line);
    if (reason !== null) {
      table.shrinkTo(known);
      return reason;
    }
    const series = seriesOf(line);
    if (table.newest.advance(series, line.timestampMs)) {
      this.fresh.add(line);
      return null;
    }
    const identity = `${line.timestampMs}\n${series}`;
    if (this.#doubtfulIdentities.has(identity)) return null;
    this.#doubtfulIdentities.add(identity);
    this.doubtful.add(line);
    return null;
  }

  get isEmpty(): boolean {
    return this.fresh.timestampsMs.length + this.doubtful.timestampsMs.length === 0;
  }
}

/** The tags, in the same order whatever that of the line. No part of a line holds a newline. */
function seriesOf(line: ParsedLine): string {
  let { tags } = line;
  if (tags.some(([name], at) => at > 0 && name < (tags[at - 1]?.[0] ?? ''))) {
    tags = [...tags].sort(([a], [b]) => (a < b ? -1 : 1));
  }
  let series = '';
  for (const [name, value] of tags) series += `${name}\n${value}\n`;
  return series;
}

/** Gives every tag and field of the line a column; null, or why that is not possible. */
function widen(table: Table, line: ParsedLine): string | null {
  for (const [name] of line.tags) {
    const reason = place(table, name, true, 'VARCHAR');
    if (reason !== null) return reason;
  }
  for (const [name, value] of line.fields) {
    const reason = place(table, name, false, columnTypeOf(value));
    if (reason !== null) return reason;
  }
  return null;
}

function place(table: Table, name: string, isTag: boolean, type: ColumnType): string | null {
  const column = table.column(name);
  if (column === undefined) {
    if (name === 'time') return 'time is the name of the timestamp';
    const problem = problemOfName(name);
    if (problem !== null) return problem;
    return table.add(name, isTag, type) ? null : 'the measurement has too many columns';
  }
  if (column.isTag !== isTag) return `${name} is stored as a ${column.isTag ? 'tag' : 'field'}`;
  if (column.type === type) return null;
  return `field ${name} is a ${words[type]}, but is stored as a ${words[column.type]}`;
}

const words = { DOUBLE: 'number', BOOLEAN: 'boolean', VARCHAR: 'text' } as const;

/** What is to be stored of a batch, and what cannot be. */
export interface BatchPlan {
  readonly tables: readonly TableBatch[];
  readonly rejected: readonly RejectedLine[];
}

/**
 * Sorts lines into their tables, adding tables and columns to the catalogue. When the batch is not
 * committed in the end, the catalogue must be loaded again.
 */
export function planBatch(catalogue: Catalogue, lines: Buffer): BatchPlan {
  const batches = new Map<string, TableBatch>();
  const rejected: RejectedLine[] = [];
  parseLines(lines, {
    line: (line, index) => {
      let batch = batches.get(line.measurement);
      if (batch === undefined) {
        const table = catalogue.tableFor(line.measurement);
        if (typeof table === 'string') {
          rejected.push({ index, reason: table });
          return;
        }
        batch = new TableBatch(table);
        batches.set(line.measurement, batch);
      }
      const reason = batch.add(line);
      if (reason !== null) rejected.push({ index, reason });
    },
    bad: (reason, index) => rejected.push({ index, reason }),
  });
  return { tables: [...batches.values()].filter((batch) => !batch.isEmpty), rejected };
}
