/**
 * Which table and column each measurement, tag and field has.
 *
 * SQL names are the names of the line protocol wherever possible. They differ where two names
 * differ only in case, which the line protocol tells apart and SQL does not; the table
 * `onramp_columns` in the database says which is which, and which columns are tags.
 */

import type { DuckDBConnection } from '@duckdb/node-api';
import { limits } from '../../../model/limits.ts';
import type { SignalValue } from '../../../model/reading.ts';
import { NewestTimes, SeriesBudget } from './newest-times.ts';

export type ColumnType = 'DOUBLE' | 'BOOLEAN' | 'VARCHAR';

export interface Column {
  /** In the line protocol. */
  readonly name: string;
  readonly sqlName: string;
  readonly isTag: boolean;
  readonly type: ColumnType;
  /** Place among the table's columns. */
  readonly position: number;
}

/** The type of the column that holds `value`. */
export function columnTypeOf(value: SignalValue): ColumnType {
  if (typeof value === 'number') return 'DOUBLE';
  return typeof value === 'boolean' ? 'BOOLEAN' : 'VARCHAR';
}

/** An SQL name in double quotes. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Tables of our own begin with this; no measurement's table does. */
export const reservedPrefix = 'onramp_';
const catalogueTable = `${reservedPrefix}columns`;
const nameCharsMax = 256;

/** Names that cannot be SQL names, or not sensibly. Null when `name` is fine, else the reason. */
export function problemOfName(name: string): string | null {
  if (name.length > nameCharsMax) return `a name is longer than ${nameCharsMax} characters`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  return /[\u0000-\u001f]/.test(name) ? 'a name holds control characters' : null;
}

/** `name`, or `name~2`, `name~3` … when it is taken but for its case. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  let candidate = name;
  for (let n = 2; taken.has(candidate.toLowerCase()); n++) candidate = `${name}~${n}`;
  return candidate;
}

/**
 * One measurement. What is added to it goes to the database with `save`, and is there for readers
 * once that transaction is committed and `markSaved` called.
 */
export class Table {
  readonly measurement: string;
  readonly sqlName: string;
  readonly columns: Column[] = [];
  readonly newest: NewestTimes;
  readonly #byName = new Map<string, Column>();
  readonly #sqlNames = new Set<string>(['time']);
  /** Columns the database has; -1 when it does not even have the table. */
  #saved = -1;

  constructor(measurement: string, sqlName: string, newest: NewestTimes) {
    this.measurement = measurement;
    this.sqlName = sqlName;
    this.newest = newest;
  }

  column(name: string): Column | undefined {
    return this.#byName.get(name);
  }

  /** Adds a column; null when the table has too many. */
  add(name: string, isTag: boolean, type: ColumnType, sqlName?: string): Column | null {
    const position = this.columns.length;
    if (position >= limits.storeColumnsMax) return null;
    const unique = sqlName ?? freeName(name, this.#sqlNames);
    const column = { name, sqlName: unique, isTag, type, position };
    this.columns.push(column);
    this.#byName.set(name, column);
    this.#sqlNames.add(unique.toLowerCase());
    return column;
  }

  /** Takes back what was added after the first `count` columns. */
  shrinkTo(count: number): void {
    for (const column of this.columns.splice(count)) {
      this.#byName.delete(column.name);
      this.#sqlNames.delete(column.sqlName.toLowerCase());
    }
  }

  /** What readers may ask for; empty when the database does not have the table. */
  get savedColumns(): readonly Column[] {
    return this.columns.slice(0, Math.max(this.#saved, 0));
  }

  markSaved(): void {
    this.#saved = this.columns.length;
  }

  /** Creates or widens the table, in the transaction under way. */
  async save(connection: DuckDBConnection): Promise<void> {
    const added = this.columns.slice(Math.max(this.#saved, 0));
    const table = quoted(this.sqlName);
    // A missing tag is the empty one, as in InfluxDB, so that identities compare by equality.
    const definitions = added.map(
      ({ sqlName, type, isTag }) => `${quoted(sqlName)} ${type}${isTag ? " DEFAULT ''" : ''}`,
    );
    if (this.#saved < 0) {
      await connection.run(`CREATE TABLE ${table} (time TIMESTAMP_MS, ${definitions.join(', ')})`);
    } else {
      for (const definition of definitions) {
        await connection.run(`ALTER TABLE ${table} ADD COLUMN ${definition}`);
      }
    }
    for (const { name, sqlName, isTag, type, position } of added) {
      await connection.run(`INSERT INTO ${catalogueTable} VALUES ($1, $2, $3, $4, $5, $6, $7)`, [
        this.measurement,
        this.sqlName,
        name,
        sqlName,
        isTag,
        type,
        position,
      ]);
    }
  }
}

/** All measurements. */
export class Catalogue {
  readonly tables = new Map<string, Table>();
  readonly #sqlNames = new Set<string>();
  readonly #seriesBudget = new SeriesBudget(limits.storeSeriesMax);

  /** Reads the catalogue of a database, which is new if it has none. */
  static async load(connection: DuckDBConnection): Promise<Catalogue> {
    await connection.run(
      `CREATE TABLE IF NOT EXISTS ${catalogueTable} (measurement VARCHAR, table_name VARCHAR,
       name VARCHAR, column_name VARCHAR, is_tag BOOLEAN, type VARCHAR, position INTEGER)`,
    );
    const result = await connection.runAndReadAll(
      `SELECT measurement, table_name, name, column_name, is_tag, type FROM ${catalogueTable}
       ORDER BY measurement, position`,
    );
    const catalogue = new Catalogue();
    for (const row of result.getRows()) {
      const [measurement, tableName, name, columnName, isTag, type] = row;
      let table = catalogue.tables.get(String(measurement));
      if (table === undefined) {
        const floorMs = await newestTimestamp(connection, String(tableName));
        table = catalogue.#add(String(measurement), String(tableName), floorMs);
      }
      table.add(String(name), isTag === true, type as ColumnType, String(columnName));
      table.markSaved();
    }
    return catalogue;
  }

  /** The measurement's table, new if need be; a string is why it cannot have one. */
  tableFor(measurement: string): Table | string {
    const table = this.tables.get(measurement);
    if (table) return table;
    if (this.tables.size >= limits.storeMeasurementsMax) return 'there are too many measurements';
    const problem = problemOfName(measurement);
    if (problem !== null) return problem;
    const reserved = measurement.toLowerCase().startsWith(reservedPrefix);
    const sqlName = freeName(reserved ? `~${measurement}` : measurement, this.#sqlNames);
    return this.#add(measurement, sqlName, Number.NEGATIVE_INFINITY);
  }

  #add(measurement: string, sqlName: string, floorMs: number): Table {
    const table = new Table(measurement, sqlName, new NewestTimes(floorMs, this.#seriesBudget));
    this.tables.set(measurement, table);
    this.#sqlNames.add(sqlName.toLowerCase());
    return table;
  }
}

/** -Infinity when the table is empty. DuckDB answers this from its statistics. */
async function newestTimestamp(connection: DuckDBConnection, sqlName: string): Promise<number> {
  const sql = `SELECT epoch_ms(max(time)) FROM ${quoted(sqlName)}`;
  const newest = (await connection.runAndReadAll(sql)).getRows()[0]?.[0];
  return newest === null || newest === undefined ? Number.NEGATIVE_INFINITY : Number(newest);
}
