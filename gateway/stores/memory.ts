/** A store in memory, bounded, for tests and simulations: what it holds ends with the process. */

import { z } from 'zod';
import { limits } from '../../model/limits.ts';
import { type ParsedLine, parseLines } from '../../model/line-protocol.ts';
import { eventMeasurement, genericProfileId } from '../../model/profile.ts';
import type { SignalValue } from '../../model/reading.ts';
import { SeqRanges } from './seq-ranges.ts';
import type {
  DeviceLedger,
  LedgerQuery,
  LineBatch,
  ReadingsQuery,
  RejectedLine,
  Store,
  StoredReading,
  StoreTotals,
  WriteResult,
} from './store.ts';
import { ownTags, readingsOf } from './stored-rows.ts';

export const memorySettings = z
  .strictObject({
    kind: z.literal('memory'),
    rowsMax: z
      .int()
      .min(1)
      .max(100_000_000)
      .default(1_000_000)
      .describe('Rows it holds. A full store takes no more; it never forgets what it stored.'),
  })
  .describe('In memory, for tests: everything is lost when the gateway stops.');

export type MemorySettings = z.infer<typeof memorySettings>;

interface Row {
  readonly timestampMs: number;
  readonly tags: ReadonlyMap<string, string>;
  readonly fields: Map<string, SignalValue>;
}

interface Measurement {
  readonly fieldTypes: Map<string, string>;
  /** By identity: tags and timestamp. */
  readonly rows: Map<string, Row>;
}

export class MemoryStore implements Store {
  readonly description = 'memory';
  readonly preference = { linesInitial: 5000, linesMax: limits.writeLinesMax, concurrencyMax: 1 };
  readonly #rowsMax: number;
  readonly #measurements = new Map<string, Measurement>();
  #rowCount = 0;

  constructor(settings: MemorySettings) {
    this.#rowsMax = settings.rowsMax;
  }

  async start(): Promise<void> {}

  async write(batch: LineBatch): Promise<WriteResult> {
    if (this.#rowCount + batch.lineCount > this.#rowsMax) {
      return { status: 'unavailable', reason: `the memory store is full (${this.#rowsMax} rows)` };
    }
    const rejected: RejectedLine[] = [];
    parseLines(batch.lines, {
      line: (line, index) => {
        const reason = this.#put(line);
        if (reason !== null) rejected.push({ index, reason });
      },
      bad: (reason, index) => rejected.push({ index, reason }),
    });
    return rejected.length === 0 ? { status: 'stored' } : { status: 'rejected', lines: rejected };
  }

  /** Null, or why the line is refused. A row that is there gets the fields it lacks. */
  #put(line: ParsedLine): string | null {
    let measurement = this.#measurements.get(line.measurement);
    if (!measurement) {
      measurement = { fieldTypes: new Map(), rows: new Map() };
      this.#measurements.set(line.measurement, measurement);
    }
    const { fieldTypes, rows } = measurement;
    for (const [name, value] of line.fields) {
      const type = fieldTypes.get(name);
      if (type !== undefined && type !== typeof value) {
        return `field ${name} is a ${typeof value}, but is stored as a ${type}`;
      }
    }
    for (const [name, value] of line.fields) fieldTypes.set(name, typeof value);
    const identity = JSON.stringify([line.timestampMs, ...line.tags]);
    const there = rows.get(identity);
    if (there !== undefined) {
      for (const [name, value] of line.fields) {
        if (!there.fields.has(name)) there.fields.set(name, value);
      }
      return null;
    }
    this.#rowCount += 1;
    rows.set(identity, {
      timestampMs: line.timestampMs,
      tags: new Map(line.tags),
      fields: new Map(line.fields),
    });
    return null;
  }

  async totals(fromMs: number): Promise<StoreTotals> {
    const enterprises = new Set<string>();
    const devices = new Set<string>();
    let rowCount = 0;
    for (const [name, measurement] of this.#measurements) {
      if (name === eventMeasurement) continue;
      for (const row of measurement.rows.values()) {
        if (row.timestampMs < fromMs) continue;
        enterprises.add(row.tags.get('enterprise') ?? '');
        devices.add(deviceOf(row));
        if (name !== genericProfileId) rowCount += 1;
      }
    }
    return { enterprises: enterprises.size, devices: devices.size, rows: rowCount };
  }

  async readings(query: ReadingsQuery): Promise<StoredReading[]> {
    const { enterprise, device, profile } = query;
    const fromMs = query.fromMs ?? Number.NEGATIVE_INFINITY;
    const toMs = query.toMs ?? Number.POSITIVE_INFINITY;
    const own = ownTags.get(profile) ?? [];
    const rows = [...(this.#measurements.get(profile)?.rows.values() ?? [])]
      .filter((row) => row.tags.get('enterprise') === enterprise)
      .filter((row) => row.tags.get('device') === device)
      .filter((row) => row.timestampMs >= fromMs && row.timestampMs < toMs)
      .sort((a, b) => b.timestampMs - a.timestampMs)
      .map((row) => ({
        timestampMs: row.timestampMs,
        fields: [...row.fields],
        tags: Object.fromEntries(own.map((tag) => [tag, row.tags.get(tag) ?? ''])),
      }));
    return readingsOf(profile, rows).slice(0, query.limit);
  }

  async ledger(query: LedgerQuery): Promise<DeviceLedger[]> {
    const devices = new Map<string, { row: Row; seqs: SeqRanges }>();
    for (const row of this.#measurements.get(query.profile)?.rows.values() ?? []) {
      const seq = row.fields.get('seq');
      if (row.timestampMs < query.fromMs || row.timestampMs >= query.toMs) continue;
      if (typeof seq !== 'number') continue;
      const key = deviceOf(row);
      const entry = devices.get(key) ?? { row, seqs: new SeqRanges() };
      entry.seqs.add(seq);
      devices.set(key, entry);
    }
    return [...devices.values()].map(({ row, seqs }) => ({
      enterprise: row.tags.get('enterprise') ?? '',
      device: row.tags.get('device') ?? '',
      rows: seqs.rows,
      distinctSeq: seqs.distinct,
      seqMin: seqs.min,
      seqMax: seqs.max,
    }));
  }

  async prune(beforeMs: number): Promise<void> {
    for (const { rows } of this.#measurements.values()) {
      for (const [identity, row] of rows) {
        if (row.timestampMs >= beforeMs) continue;
        rows.delete(identity);
        this.#rowCount -= 1;
      }
    }
  }

  async stop(): Promise<void> {}
}

const deviceOf = (row: Row): string =>
  JSON.stringify([row.tags.get('enterprise'), row.tags.get('device')]);
