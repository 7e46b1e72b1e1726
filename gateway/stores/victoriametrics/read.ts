/** Reading back: rows are put together again from their series. */

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
import { measurement } from './lines.ts';
import type { FieldKinds } from './profile-book.ts';
import { beginningMs, selector, type VictoriaQuerier, type VictoriaSeries } from './query.ts';

export interface Reader {
  readonly querier: VictoriaQuerier;
  readonly database: string;
  /** Nothing is there before and from this time on. */
  readonly oldestMs: number;
  readonly endMs: number;
}

const nameOf = (field: string): string => `${measurement}_${field}`;

/** Every row of ours has the field `quality`, so it counts rows. */
export async function readTotals(reader: Reader, fromMs: number): Promise<StoreTotals> {
  const { database, endMs, querier } = reader;
  const from = Math.max(Math.ceil(fromMs), beginningMs);
  const quality = { __name__: nameOf('quality'), db: database };
  const rows = selector({ ...quality, profile: `!${eventMeasurement}` });
  const wide = rows.replace(/}$/, `,profile!=${JSON.stringify(genericProfileId)}}`);
  const distinct = (labels: string): Promise<number> =>
    querier.number(`count(count(count_over_time(${rows}$window)) by (${labels}))`, from, endMs);
  return {
    enterprises: await distinct('enterprise'),
    devices: await distinct('enterprise,device'),
    rows: await querier.number(`sum(count_over_time(${wide}$window))`, from, endMs),
  };
}

/** Where the search for the newest rows begins; each further step looks as far again as all before. */
const firstStepMs = 600_000;

/** Looks for the times of the newest rows, going back in steps, then reads what is there. */
export async function readReadings(
  reader: Reader,
  query: ReadingsQuery,
  kinds: FieldKinds,
): Promise<StoredReading[]> {
  const { database, querier } = reader;
  const { device, enterprise, limit, profile } = query;
  const labels = { db: database, profile, enterprise, device };
  const quality = selector({ __name__: nameOf('quality'), ...labels });
  const toMs = Math.min(Math.ceil(query.toMs ?? reader.endMs), reader.endMs);
  const fromMs = Math.max(Math.ceil(query.fromMs ?? 0), reader.oldestMs, beginningMs);
  let timesMs: number[] = [];
  let startMs = toMs;
  for (let stepMs = firstStepMs; startMs > fromMs && timesMs.length < limit; stepMs *= 2) {
    const endMs = startMs;
    startMs = Math.max(fromMs, toMs - stepMs);
    const found: number[] = [];
    await querier.series(quality, startMs, endMs, (series) => {
      for (const timestampMs of series.timestampsMs) found.push(timestampMs);
    });
    found.sort((a, b) => b - a);
    const moments =
      profile === genericProfileId ? found.filter((t, at) => t !== found[at - 1]) : found;
    timesMs = [...timesMs, ...moments].slice(0, limit);
  }
  const oldestMs = timesMs.at(-1);
  if (oldestMs === undefined) return [];
  const rows = new RowBuilder(profile, kinds);
  await querier.series(selector(labels), oldestMs, toMs, (series) => rows.add(series));
  return readingsOf(profile, rows.newestFirst()).slice(0, limit);
}

interface RowParts {
  readonly timestampMs: number;
  readonly fields: [string, SignalValue | null][];
  readonly tags: Readonly<Record<string, string>>;
}

/** Rows are told apart by their time and every label but the name. */
class RowBuilder {
  readonly #own: readonly string[];
  readonly #kinds: FieldKinds;
  readonly #rows = new Map<string, RowParts>();

  constructor(profile: string, kinds: FieldKinds) {
    this.#own = ownTags.get(profile) ?? [];
    this.#kinds = kinds;
  }

  add({ labels, timestampsMs, values }: VictoriaSeries): void {
    const { __name__: name = '', ...tags } = labels;
    const field = name.slice(nameOf('').length);
    const kind = this.#kinds.get(field);
    const identity = JSON.stringify(tags);
    const own = Object.fromEntries(this.#own.map((tag) => [tag, tags[tag] ?? '']));
    for (const [at, timestampMs] of timestampsMs.entries()) {
      const key = `${timestampMs}${identity}`;
      let row = this.#rows.get(key);
      if (row === undefined) {
        row = { timestampMs, fields: [], tags: own };
        this.#rows.set(key, row);
      }
      const value = values[at] ?? null;
      if (value === null || kind === undefined || typeof kind === 'string') {
        row.fields.push([field, kind === 'bool' && value !== null ? value !== 0 : value]);
      } else {
        row.fields.push([field, kind.values[value] ?? value]);
      }
    }
  }

  newestFirst(): StoredRow[] {
    return [...this.#rows.values()].sort((a, b) => b.timestampMs - a.timestampMs);
  }
}

/** Reads every `seq` of the window as a stream; distinct ones are counted here. */
export function readLedger(reader: Reader, query: LedgerQuery): Promise<DeviceLedger[]> {
  const { database, querier } = reader;
  const match = selector({ __name__: nameOf('seq'), db: database, profile: query.profile });
  const slices: SliceReader = {
    rowsMax: limits.storeExportRowsMax,
    count: (fromMs, toMs) => querier.number(`sum(count_over_time(${match}$window))`, fromMs, toMs),
    read: (fromMs, toMs, add) =>
      querier.series(match, fromMs, toMs, ({ labels, values }) => {
        add(
          labels,
          values.filter((value) => value !== null),
        );
      }),
  };
  const fromMs = Math.max(Math.ceil(query.fromMs), reader.oldestMs, beginningMs);
  return readSlicedLedger(slices, fromMs, Math.min(Math.ceil(query.toMs), reader.endMs));
}
