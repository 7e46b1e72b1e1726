/** Reading back, on a connection of its own beside the writes. */

import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { eventMeasurement, genericProfileId } from '../../../model/profile.ts';
import type { SignalValue } from '../../../model/reading.ts';
import type {
  DeviceLedger,
  LedgerQuery,
  ReadingsQuery,
  StoredReading,
  StoreTotals,
} from '../store.ts';
import { ownTags, readingsOf, type StoredRow } from '../stored-rows.ts';
import { type Catalogue, type Column, quoted, type Table } from './catalogue.ts';
import { timestamp } from './insert.ts';

/** Far beyond any reading, and within TIMESTAMP_MS. */
const endOfTimeMs = 8_640_000_000_000_000;

/** The quoted columns `names` of a table; null when it lacks one. */
function columnsOf<Name extends string>(
  table: Table,
  ...names: Name[]
): Record<Name, string> | null {
  const columns: Partial<Record<Name, string>> = {};
  const saved = table.savedColumns.length;
  for (const name of names) {
    const column = table.column(name);
    if (column === undefined || column.position >= saved) return null;
    columns[name] = quoted(column.sqlName);
  }
  return columns as Record<Name, string>;
}

export async function queryTotals(
  connection: DuckDBConnection,
  catalogue: Catalogue,
  fromMs: number,
): Promise<StoreTotals> {
  const parts: string[] = [];
  for (const table of catalogue.tables.values()) {
    const columns = columnsOf(table, 'enterprise', 'device');
    if (columns === null || table.measurement === eventMeasurement) continue;
    const rows = table.measurement === genericProfileId ? '0' : 'count(*)';
    parts.push(
      `SELECT ${columns.enterprise} AS enterprise, ${columns.device} AS device, ${rows} AS n
       FROM ${quoted(table.sqlName)} WHERE time >= $from GROUP BY ALL`,
    );
  }
  if (parts.length === 0) return { enterprises: 0, devices: 0, rows: 0 };
  const result = await connection.runAndReadAll(
    `SELECT count(DISTINCT enterprise), count(DISTINCT (enterprise, device)), sum(n)
     FROM (${parts.join(' UNION ALL ')})`,
    { from: timestamp(Math.ceil(fromMs)) },
  );
  const [enterprises, devices, rows] = (result.getRows()[0] ?? []).map(Number);
  return { enterprises: enterprises ?? 0, devices: devices ?? 0, rows: rows ?? 0 };
}

export async function queryReadings(
  connection: DuckDBConnection,
  catalogue: Catalogue,
  query: ReadingsQuery,
): Promise<StoredReading[]> {
  const table = catalogue.tables.get(query.profile);
  const columns = table ? columnsOf(table, 'enterprise', 'device') : null;
  if (table === undefined || columns === null) return [];
  const selected = table.savedColumns;
  const where =
    `${columns.enterprise} = $enterprise AND ${columns.device} = $device ` +
    'AND time >= $from AND time < $to';
  // A timestamp may have several rows, so the newest are chosen by timestamp, not by row.
  const newest = `SELECT DISTINCT time FROM ${quoted(table.sqlName)} WHERE ${where} ORDER BY time DESC LIMIT $limit`;
  const result = await connection.runAndReadAll(
    `SELECT epoch_ms(time), ${selected.map(({ sqlName }) => quoted(sqlName)).join(', ')}
     FROM ${quoted(table.sqlName)}
     WHERE ${where} AND time IN (${newest}) ORDER BY time DESC`,
    {
      enterprise: query.enterprise,
      device: query.device,
      from: timestamp(Math.ceil(query.fromMs ?? 0)),
      to: timestamp(Math.min(Math.ceil(query.toMs ?? endOfTimeMs), endOfTimeMs)),
      limit: query.limit,
    },
  );
  const own = ownTags.get(query.profile) ?? [];
  const rows = result.getRows().map((row) => storedRow(selected, row, own));
  return readingsOf(query.profile, rows).slice(0, query.limit);
}

function storedRow(
  columns: readonly Column[],
  row: readonly DuckDBValue[],
  own: readonly string[],
): StoredRow {
  const fields: [string, SignalValue | null][] = [];
  const tags: Record<string, string> = {};
  for (const { name, isTag, position } of columns) {
    const value = row[position + 1] as SignalValue | null;
    if (!isTag) fields.push([name, value]);
    else if (own.includes(name)) tags[name] = String(value);
  }
  return { timestampMs: Number(row[0]), fields, tags };
}

export async function queryLedger(
  connection: DuckDBConnection,
  catalogue: Catalogue,
  query: LedgerQuery,
): Promise<DeviceLedger[]> {
  const table = catalogue.tables.get(query.profile);
  const columns = table ? columnsOf(table, 'enterprise', 'device', 'seq') : null;
  if (table === undefined || columns === null) return [];
  const { enterprise, device, seq } = columns;
  const result = await connection.runAndReadAll(
    `SELECT ${enterprise}, ${device}, count(${seq}), count(DISTINCT ${seq}), min(${seq}), max(${seq})
     FROM ${quoted(table.sqlName)}
     WHERE time >= $from AND time < $to AND ${seq} IS NOT NULL GROUP BY ALL`,
    {
      from: timestamp(Math.ceil(query.fromMs)),
      to: timestamp(Math.min(Math.ceil(query.toMs), endOfTimeMs)),
    },
  );
  return result.getRows().map(([enterprise, device, rows, distinctSeq, seqMin, seqMax]) => ({
    enterprise: String(enterprise),
    device: String(device),
    rows: Number(rows),
    distinctSeq: Number(distinctSeq),
    seqMin: Number(seqMin),
    seqMax: Number(seqMax),
  }));
}
