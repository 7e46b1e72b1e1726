/** The supervisor's side of an import: rows go to the import's thread in batches. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Clock, sleep } from '../../../model/clock.ts';
import { OnrampError } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import type {
  CityDirectory,
  ImportProgress,
  ImportReport,
  ImportRow,
  IssuedCredential,
  NewDevice,
  RowError,
} from '../registry.ts';
import { generateSecret } from '../secrets.ts';
import type { StagedRow, StagingReport } from './import-staging.ts';
import type { ImportAnswer, ImportMessage, ImportThreadData } from './import-thread.ts';

const batchRows = 500;
/** So that others, who try every few milliseconds, come between two steps. */
const tidyPauseMs = 20;

/** A running import. `close` ends it at once, without changing anything not yet merged. */
export class ImportRun {
  readonly #thread: Worker;
  readonly #ended = new AbortController();
  #failure: unknown = null;
  #rows = 0;
  #merged = false;
  #phase: ImportProgress['phase'] = 'reading';

  constructor(data: ImportThreadData) {
    this.#thread = new Worker(new URL('./import-thread.ts', import.meta.url), {
      workerData: data,
      name: 'import',
    });
    this.#thread.on('error', (error) => {
      this.#failure = error;
    });
    this.#thread.once('exit', () => this.#ended.abort());
  }

  /** What it is doing. */
  get progress(): ImportProgress {
    return { phase: this.#phase, rows: this.#rows };
  }

  /** Imports rows as they come; generates the secrets that are missing. */
  async devices(rows: AsyncIterable<ImportRow | RowError>): Promise<ImportReport> {
    const generated = new Map<number, IssuedCredential>();
    let batch: (StagedRow | RowError)[] = [];
    for await (const row of rows) {
      this.#rows += 1;
      if (this.#rows > limits.importRowsMax) {
        throw new OnrampError('registry.import-invalid', `over ${limits.importRowsMax} rows`);
      }
      batch.push(withSecret(row, generated));
      if (batch.length < batchRows) continue;
      await this.#call({ type: 'rows', rows: batch });
      batch = [];
    }
    await this.#call({ type: 'rows', rows: batch });
    return withCredentials(await this.#finish(), generated);
  }

  /** Imports a city, whose secrets the thread derives, with a `gateway` in each enterprise. */
  async city(city: CityDirectory, gateway: string | undefined): Promise<ImportReport> {
    const { enterprises } = city;
    for (let i = 0; i < enterprises.length; i += batchRows) {
      const part = enterprises.slice(i, i + batchRows);
      await this.#call({ type: 'enterprises', enterprises: part });
    }
    let batch: StagedRow[] = [];
    for (const device of cityDevices(city, gateway)) {
      this.#rows += 1;
      batch.push(cityRow(this.#rows, device));
      if (batch.length < batchRows) continue;
      await this.#call({ type: 'rows', rows: batch });
      batch = [];
    }
    await this.#call({ type: 'rows', rows: batch });
    return withCredentials(await this.#finish(), new Map());
  }

  /**
   * After an import that was merged: makes searching fast again, in steps that let others write.
   */
  async tidy(clock: Clock): Promise<void> {
    for (let first = true; this.#merged; first = false) {
      const answer = await this.#call({ type: 'tidy', first });
      if (answer.type !== 'tidied') throw new Error(`import thread answered ${answer.type}`);
      if (!answer.more) return;
      await sleep(clock, tidyPauseMs);
    }
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  async #finish(): Promise<StagingReport> {
    this.#phase = 'merging';
    const answer = await this.#call({ type: 'finish' });
    if (answer.type !== 'report') throw new Error(`import thread answered ${answer.type}`);
    this.#merged = answer.report.committed;
    return answer.report;
  }

  async #call(message: ImportMessage): Promise<ImportAnswer> {
    this.#thread.postMessage(message);
    let answer: ImportAnswer;
    try {
      const signal = this.#ended.signal;
      [answer] = (await once(this.#thread, 'message', { signal })) as [ImportAnswer];
    } catch (error) {
      throw new OnrampError('database.unavailable', 'the import was ended', this.#failure ?? error);
    }
    if (answer.type === 'failed') throw new OnrampError(answer.code, answer.details);
    return answer;
  }
}

function withSecret(
  row: ImportRow | RowError,
  generated: Map<number, IssuedCredential>,
): StagedRow | RowError {
  if ('code' in row || row.secret !== undefined) return row;
  const secret = generateSecret();
  generated.set(row.row, { enterprise: row.enterprise, device: row.device, secret });
  return { ...row, secret, generated: true };
}

function withCredentials(
  report: StagingReport,
  generated: ReadonlyMap<number, IssuedCredential>,
): ImportReport {
  const { credited, ...rest } = report;
  const credentials: IssuedCredential[] = [];
  for (const row of credited) {
    const credential = generated.get(row);
    if (credential !== undefined) credentials.push(credential);
  }
  return { ...rest, credentials };
}

/** A city's gateways and devices. */
function* cityDevices(city: CityDirectory, gateway: string | undefined): Iterable<NewDevice> {
  if (gateway === undefined) {
    yield* city.devices();
    return;
  }
  for (const { id } of city.enterprises) {
    yield { enterprise: id, device: gateway, kind: 'gateway' };
  }
  for (const device of city.devices()) yield { ...device, gateway };
}

/** Only what the registry keeps: a city's devices may carry more. */
function cityRow(row: number, device: NewDevice): StagedRow {
  const { enterprise, kind, profile, district, industry, gateway, serial } = device;
  return {
    row,
    enterprise,
    device: device.device,
    kind,
    profile,
    district,
    industry,
    gateway,
    serial,
  };
}
