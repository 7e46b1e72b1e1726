/**
 * Putting rows into a table so that a row that is there already stays there once. Fresh rows are
 * appended. Doubtful ones go into a temporary table and from there, joined against the table's rows
 * of their own time range, into the table. That costs the same however much the table holds; a
 * primary key costs more, and more with every row.
 */

import {
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBTimestampMillisecondsValue,
  type DuckDBValue,
  TIMESTAMP_MS,
  VARCHAR,
} from '@duckdb/node-api';
import type { Rows, TableBatch } from './batch.ts';
import { quoted, reservedPrefix, type Table } from './catalogue.ts';

/** Rows of one data chunk, DuckDB's vector size. */
const chunkRows = 2048;
const types = { DOUBLE, BOOLEAN, VARCHAR } as const;
const staging = `${reservedPrefix}staging`;

/** Inserts a batch in the transaction under way; its table is saved. */
export async function insertBatch(connection: DuckDBConnection, batch: TableBatch): Promise<void> {
  const { table, fresh, doubtful } = batch;
  if (fresh.timestampsMs.length > 0) await append(connection, table.sqlName, fresh);
  if (doubtful.timestampsMs.length > 0) await insertMissing(connection, table, doubtful);
}

async function insertMissing(
  connection: DuckDBConnection,
  table: Table,
  rows: Rows,
): Promise<void> {
  const name = quoted(table.sqlName);
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${staging} AS FROM ${name} LIMIT 0`);
  await append(connection, staging, rows);
  const tags = table.columns.filter(({ isTag }) => isTag).map(({ sqlName }) => quoted(sqlName));
  const identity = ['time', ...tags];
  for (const { fromMs, toMs } of timeRanges(rows.timestampsMs)) {
    const range = [timestamp(fromMs), timestamp(toMs)];
    const given = await connection.runAndReadAll(
      `SELECT count(*)::INTEGER FROM ${staging} WHERE time BETWEEN $1 AND $2`,
      range,
    );
    const { rowsChanged } = await connection.run(
      `INSERT INTO ${name} BY NAME
       SELECT given.* FROM (FROM ${staging} WHERE time BETWEEN $1 AND $2) given
       ANTI JOIN (SELECT ${identity.join(', ')} FROM ${name} WHERE time BETWEEN $1 AND $2)
       USING (${identity.join(', ')})`,
      range,
    );
    if (rowsChanged < Number(given.getRows()[0]?.[0])) await fillGaps(connection, table, range);
  }
}

/** Rows that were there already get the fields they lack: a refused field that was replayed. */
async function fillGaps(
  connection: DuckDBConnection,
  table: Table,
  range: DuckDBTimestampMillisecondsValue[],
): Promise<void> {
  const name = quoted(table.sqlName);
  const columns = table.columns.map(({ isTag, sqlName }) => ({ isTag, column: quoted(sqlName) }));
  const same = columns.filter(({ isTag }) => isTag).map(({ column }) => column);
  const fields = columns.filter(({ isTag }) => !isTag).map(({ column }) => column);
  await connection.run(
    `UPDATE ${name} SET
       ${fields.map((column) => `${column} = coalesce(${name}.${column}, given.${column})`).join(', ')}
     FROM ${staging} given
     WHERE ${name}.time BETWEEN $1 AND $2
       AND ${['time', ...same].map((column) => `${name}.${column} = given.${column}`).join(' AND ')}
       AND (${fields.map((column) => `(${name}.${column} IS NULL AND given.${column} IS NOT NULL)`).join(' OR ')})`,
    range,
  );
}

async function append(connection: DuckDBConnection, sqlName: string, rows: Rows): Promise<void> {
  const { columns } = rows.table;
  const count = rows.timestampsMs.length;
  const values: DuckDBValue[][] = [
    rows.timestampsMs.map(timestamp),
    ...columns.map((column) => rows.column(column)),
  ];
  const columnTypes = [TIMESTAMP_MS, ...columns.map(({ type }) => types[type])];
  const appender = await connection.createAppender(sqlName);
  try {
    for (let start = 0; start < count; start += chunkRows) {
      const end = Math.min(start + chunkRows, count);
      const chunk = DuckDBDataChunk.create(columnTypes, end - start);
      for (const [at, column] of values.entries()) {
        chunk.setColumnValues(at, column.slice(start, end));
      }
      appender.appendDataChunk(chunk);
    }
  } finally {
    appender.closeSync();
  }
}

/** A timestamp as DuckDB takes it. */
export function timestamp(ms: number): DuckDBTimestampMillisecondsValue {
  return new DuckDBTimestampMillisecondsValue(BigInt(ms));
}

interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

const gapMs = 3_600_000;
const rangesMax = 8;

/**
 * The time ranges of a batch, cut at its widest gaps of an hour or more, so that a device that
 * catches up on last week does not make every batch look through the week.
 */
export function timeRanges(timestampsMs: readonly number[]): TimeRange[] {
  const sorted = Float64Array.from(timestampsMs).sort();
  const gaps: { at: number; width: number }[] = [];
  for (let at = 1; at < sorted.length; at++) {
    const width = (sorted[at] as number) - (sorted[at - 1] as number);
    if (width >= gapMs) gaps.push({ at, width });
  }
  const cuts = gaps
    .sort((a, b) => b.width - a.width)
    .slice(0, rangesMax - 1)
    .map(({ at }) => at)
    .sort((a, b) => a - b);
  return [0, ...cuts].map((start, n) => ({
    fromMs: sorted[start] as number,
    toMs: sorted[(cuts[n] ?? sorted.length) - 1] as number,
  }));
}
