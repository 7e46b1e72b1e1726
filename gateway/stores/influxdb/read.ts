/** Reading back through InfluxQL, one measurement and one time slice at a time. */

import { type Clock, sleep } from '../../../model/clock.ts';
import { limits } from '../../../model/limits.ts';
import { eventMeasurement, genericProfileId } from '../../../model/profile.ts';
import type { SignalValue } from '../../../model/reading.ts';
import { readSlicedLedger, type SliceReader } from '../sliced-ledger.ts';
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

/** Beyond this a count of one measurement is felt by whoever writes. */
const countFeltMs = 50;

/**
 * Every row of ours has the field `quality`, so it counts rows. Over 100,000 series that is 6 to
 * 10 s of the server's CPU, on all its cores; so it is asked one measurement at a time and left
 * alone as long as each took. Rows that come meanwhile may be counted.
 */
export async function readTotals(
  querier: Querier,
  fromMs: number,
  clock: Clock,
): Promise<StoreTotals> {
  const enterprises = new Set<string>();
  const devices = new Set<string>();
  let rows = 0;
  for (const measurement of await measurements(querier)) {
    if (measurement === eventMeasurement) continue;
    const statement =
      `SELECT count("quality") FROM ${identifier(measurement)} ` +
      `WHERE ${timeWindow(fromMs, endOfTimeMs)} GROUP BY "enterprise", "device"`;
    const startedMs = clock.monotonicMs();
    await querier.run(statement, ({ tags, values }) => {
      const { enterprise, device } = tags ?? {};
      const count = Number(values[0]?.[1] ?? 0);
      if (!enterprise || !device || count === 0) return;
      enterprises.add(enterprise);
      devices.add(`${enterprise}.${device}`);
      if (measurement !== genericProfileId) rows += count;
    });
    const tookMs = clock.monotonicMs() - startedMs;
    if (tookMs > countFeltMs) await sleep(clock, tookMs);
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
export function readLedger(querier: Querier, query: LedgerQuery): Promise<DeviceLedger[]> {
  const measurement = identifier(query.profile);
  const reader: SliceReader = {
    rowsMax: limits.storeLedgerRowsMax,
    async count(fromMs, toMs) {
      let rows = 0;
      const where = timeWindow(fromMs, toMs);
      await querier.run(`SELECT count("seq") FROM ${measurement} WHERE ${where}`, ({ values }) => {
        rows += Number(values[0]?.[1] ?? 0);
      });
      return rows;
    },
    read(fromMs, toMs, add) {
      const where = timeWindow(fromMs, toMs);
      const statement = `SELECT "seq" FROM ${measurement} WHERE ${where} GROUP BY "enterprise", "device"`;
      return querier.run(statement, ({ tags, values }) => {
        add(
          tags,
          values.map((value) => Number(value[1])),
        );
      });
    },
  };
  const fromMs = Math.max(0, Math.ceil(query.fromMs));
  return readSlicedLedger(reader, fromMs, Math.min(Math.ceil(query.toMs), endOfTimeMs));
}
