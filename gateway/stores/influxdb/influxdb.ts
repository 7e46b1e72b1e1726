/** The store `influxdb`: 1.x, 2.x and 3 behind one face. */

import { OnrampError } from '../../../model/errors.ts';
import type { StoreContext } from '../context.ts';
import { readAuthorization } from '../credentials.ts';
import { HttpClient } from '../http-client.ts';
import type {
  DeviceLedger,
  LedgerQuery,
  LineBatch,
  ReadingsQuery,
  Store,
  StoredReading,
  StoreTotals,
  WriteResult,
} from '../store.ts';
import { unavailable } from '../unavailable.ts';
import { capacityProblems1 } from './capacity.ts';
import { detectServer } from './detect.ts';
import { influxQuerier } from './influxql.ts';
import { type Preparation, prepareDatabase } from './prepare.ts';
import { readLedger, readReadings, readTotals } from './read.ts';
import type { InfluxdbSettings } from './settings.ts';
import { resultOfWrite, type WriteTarget, writeRequest } from './write.ts';

/** Two writes, queries and something at start. */
const connectionsMax = 8;

interface Started extends Preparation {
  readonly target: WriteTarget;
}

export class InfluxdbStore implements Store {
  /**
   * Measured with 1.6 on a busy machine: two writes at once take half as many lines again as one,
   * four no more than two; lines of 20,000 a write cost more than those of 5,000 or 10,000.
   */
  readonly preference = { linesInitial: 5000, linesMax: 10_000, concurrencyMax: 2 };
  readonly #settings: InfluxdbSettings;
  readonly #context: StoreContext;
  #started: Started | null = null;

  constructor(settings: InfluxdbSettings, context: StoreContext) {
    this.#settings = settings;
    this.#context = context;
  }

  get description(): string {
    const version = this.#started?.server.version;
    return version === undefined ? 'influxdb' : `influxdb ${version}`;
  }

  async start(): Promise<void> {
    const { url, database, org = '', gzip, queryTimeoutMs, writeTimeoutMs } = this.#settings;
    const { logger } = this.#context;
    // 2.x wants the scheme Token, but answers /ping to anybody; 3 wants Bearer for /ping as well.
    const detection = await this.#client('Bearer');
    const server = await detectServer(detection).finally(() => detection.close());
    const client = await this.#client(server.major === 2 ? 'Token' : 'Bearer');
    const querier = influxQuerier(client, database, queryTimeoutMs);
    const target = {
      server,
      database,
      org,
      gzip: gzip ?? !isLoopback(url),
      timeoutMs: writeTimeoutMs,
    };
    const started = { client, querier, server, settings: this.#settings, logger, target };
    try {
      await prepareDatabase(started);
    } catch (error) {
      client.close();
      throw error;
    }
    await this.stop();
    this.#started = started;
    logger.info(`The store is InfluxDB ${server.version} at ${url}, database ${database}.`);
  }

  async #client(tokenScheme: 'Bearer' | 'Token'): Promise<HttpClient> {
    const { url } = this.#settings;
    const authorization = await readAuthorization(this.#settings, tokenScheme);
    return new HttpClient({ url, authorization, connectionsMax, clock: this.#context.clock });
  }

  async write(batch: LineBatch): Promise<WriteResult> {
    const started = this.#started;
    if (started === null) return { status: 'unavailable', reason: 'the store is not started' };
    try {
      const request = await writeRequest(started.target, batch);
      const answer = await started.client.send(request);
      if (answer.status === 404) await prepareDatabase(started);
      return resultOfWrite(answer, batch, this.#context.clock.nowMs());
    } catch (error) {
      return unavailable(error);
    }
  }

  async totals(fromMs: number): Promise<StoreTotals> {
    return readTotals(this.#running().querier, fromMs, this.#context.clock);
  }

  async readings(query: ReadingsQuery): Promise<StoredReading[]> {
    return readReadings(this.#running().querier, query);
  }

  async ledger(query: LedgerQuery): Promise<DeviceLedger[]> {
    return readLedger(this.#running().querier, query);
  }

  /** With `retentionHours` InfluxDB removes rows by itself; version 3 cannot delete by time. */
  async prune(beforeMs: number): Promise<void> {
    const { querier, server } = this.#running();
    if (this.#settings.retentionHours !== undefined || server.major === 3) return;
    await querier.run(`DELETE WHERE time < ${Math.floor(beforeMs)}ms`, () => {});
  }

  async problemsFor(devices: number): Promise<string[]> {
    const { querier, server } = this.#running();
    return server.major === 1 ? capacityProblems1(querier, devices) : [];
  }

  async stop(): Promise<void> {
    this.#started?.client.close();
    this.#started = null;
  }

  #running(): Started {
    if (this.#started) return this.#started;
    throw new OnrampError('store.unavailable', 'the store is not started');
  }
}

function isLoopback(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
