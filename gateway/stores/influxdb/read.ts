/** Reading back through InfluxQL, one measurement and one time slice at a time. */

import { limits } from '../../../model/limits.ts';
import { eventMeasurement, genericProfileId } from '../../../model/profile.ts';
import type { SignalValue } from '../../../model/reading.ts';
import { SeqRanges } from '../seq-ranges.ts';
import type {
  DeviceLedger,
  LedgerQuery,
  ReadingsQuery,
  StoredReading,
  StoreTotals,
} from '../store.ts';
import { ownTags, readingsOf, type StoredRow } from '../stored-rows.ts';
import { type InfluxSeries, identifier, literal, type Querier, timeWindow } from './influxql.ts';

/** Beyond what InfluxDB can store, in milliseconds (2262-04-11). */
const endOfTimeMs = 9_223_372_036_854;
const rowsPerPage = 10_000;

/** Every row of ours has the field `quality`, so it counts rows. */
export async function readTotals(querier: Querier, fromMs: number): Promise<StoreTotals> {
  const enterprises = new Set<string>();
  const devices = new Set<string>();
  let rows = 0;
  for (const measurement of await measurements(querier)) {
    if (measurement === eventMeasurement) continue;
    const statement =
      `SELECT count("quality") FROM ${identifier(measurement)} ` +
      `WHERE ${timeWindow(fromMs, endOfTimeMs)} GROUP BY "enterprise", "device"`;
    await querier.run(statement, ({ tags, values }) => {
      const { enterprise, device } = tags ?? {};
      const count = Number(values[0]?.[1] ?? 0);
      if (!enterprise || !device || count === 0) return;
      enterprises.add(enterprise);
      devices.add(`${enterprise}.${device}`);
      if (measurement !== genericProfileId) rows += count;
    });
  }
  return { enterprises: enterprises.size, devices: devices.size, rows };
}

async function measurements(querier: Querier): Promise<string[]> {
  const names: string[] = [];
  await querier.run('SHOW MEASUREMENTS', ({ columns, values }) => {
    const at = columns.indexOf('name');
    for (const row of values) names.push(String(row[at]));
  });
  return names;
}

/**
 * Pages backwards through a device's rows. The last timestamp of a full page may have been cut, so
 * it is left for the next page.
 */
export async function readReadings(
  querier: Querier,
  query: ReadingsQuery,
): Promise<StoredReading[]> {
  const own = ownTags.get(query.profile) ?? [];
  const select = ['*::field', ...own.map((tag) => `${identifier(tag)}::tag`)].join(', ');
  const rowsPerReading = own.length === 0 ? 1 : limits.genericSignalsMax;
  const readings: StoredReading[] = [];
  let toMs = Math.min(query.toMs ?? endOfTimeMs, endOfTimeMs);
  while (readings.length < query.limit) {
    const missing = query.limit - readings.length + 1;
    const pageRows = Math.min(missing * rowsPerReading, rowsPerPage);
    const rows: StoredRow[] = [];
    const statement =
      `SELECT ${select} FROM ${identifier(query.profile)} ` +
      `WHERE "enterprise" = ${literal(query.enterprise)} AND "device" = ${literal(query.device)} ` +
      `AND ${timeWindow(query.fromMs ?? 0, toMs)} ORDER BY time DESC LIMIT ${pageRows}`;
    await querier.run(statement, (series) => {
      for (const row of rowsOf(series, own)) rows.push(row);
    });
    const oldestMs = rows.at(-1)?.timestampMs ?? 0;
    const whole = rows.filter((row) => row.timestampMs > oldestMs);
    const full = rows.length === pageRows && whole.length > 0;
    for (const reading of readingsOf(query.profile, full ? whole : rows)) readings.push(reading);
    if (rows.length < pageRows) break;
    toMs = full ? oldestMs + 1 : oldestMs;
  }
  return readings.slice(0, query.limit);
}

function* rowsOf(series: InfluxSeries, own: readonly string[]): Generator<StoredRow> {
  const timeAt = series.columns.indexOf('time');
  for (const values of series.values) {
    const fields: [string, SignalValue | null][] = [];
    const tags: Record<string, string> = {};
    for (const [at, name] of series.columns.entries()) {
      if (own.includes(name)) tags[name] = String(values[at]);
      else if (at !== timeAt) fields.push([name, values[at] as SignalValue | null]);
    }
    yield { timestampMs: Number(values[timeAt]), fields, tags };
  }
}

/**
 * Reads every `seq` of the window and counts distinct ones here, in slices of bounded size:
 * `count(distinct())` over 2 million rows takes InfluxDB 1.6.7 40 s and 2.6 GB.
 */
export async function readLedger(querier: Querier, query: LedgerQuery): Promise<DeviceLedger[]> {
  const devices = new Map<string, { enterprise: string; device: string; seqs: SeqRanges }>();
  const measurement = identifier(query.profile);

  const count = async (fromMs: number, toMs: number): Promise<number> => {
    let rows = 0;
    const where = timeWindow(fromMs, toMs);
    await querier.run(`SELECT count("seq") FROM ${measurement} WHERE ${where}`, ({ values }) => {
      rows += Number(values[0]?.[1] ?? 0);
    });
    return rows;
  };
  const readSlice = (fromMs: number, toMs: number): Promise<void> => {
    const where = timeWindow(fromMs, toMs);
    const statement = `SELECT "seq" FROM ${measurement} WHERE ${where} GROUP BY "enterprise", "device"`;
    return querier.run(statement, ({ tags, values }) => {
      const { enterprise = '', device = '' } = tags ?? {};
      const key = `${enterprise}.${device}`;
      const entry = devices.get(key) ?? { enterprise, device, seqs: new SeqRanges() };
      for (const value of values) entry.seqs.add(Number(value[1]));
      devices.set(key, entry);
    });
  };
  const read = async (fromMs: number, toMs: number, rows: number): Promise<void> => {
    if (rows === 0) return;
    if (rows <= limits.storeLedgerRowsMax || toMs - fromMs <= 1) return readSlice(fromMs, toMs);
    const middleMs = Math.floor((fromMs + toMs) / 2);
    const older = await count(fromMs, middleMs);
    await read(fromMs, middleMs, older);
    await read(middleMs, toMs, rows - older);
  };

  const fromMs = Math.max(0, Math.ceil(query.fromMs));
  const toMs = Math.min(Math.ceil(query.toMs), endOfTimeMs);
  await read(fromMs, toMs, await count(fromMs, toMs));
  return [...devices.values()].map(({ enterprise, device, seqs }) => ({
    enterprise,
    device,
    rows: seqs.rows,
    distinctSeq: seqs.distinct,
    seqMin: seqs.min,
    seqMax: seqs.max,
  }));
}
