/** The store `victoriametrics`: a single-node server, written to in line protocol. */

import { OnrampError } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import { builtInProfiles } from '../../../model/profiles/index.ts';
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
import { LeftOut } from './left-out.ts';
import { type Translation, translateLines } from './lines.ts';
import { ProfileBook } from './profile-book.ts';
import { aheadMsMax, beginningMs, victoriaQuerier } from './query.ts';
import { type Reader, readLedger, readReadings, readTotals } from './read.ts';
import { askServer, checkFlags, flagNumber, retentionMs, type VictoriaServer } from './server.ts';
import type { VictoriametricsSettings } from './settings.ts';
import { Writer } from './writer.ts';

/** Two writes, a query and something at start. */
const connectionsMax = 8;
/** Rows this close to the end of what is kept may be dropped before they are read. */
const retentionMarginMs = 60_000;
const hourMs = 3_600_000;

interface Started {
  readonly client: HttpClient;
  readonly server: VictoriaServer;
  readonly writer: Writer;
  readonly querier: ReturnType<typeof victoriaQuerier>;
  readonly retentionMs: number | null;
}

export class VictoriametricsStore implements Store {
  readonly preference = { linesInitial: 5000, linesMax: limits.writeLinesMax, concurrencyMax: 2 };
  readonly #settings: VictoriametricsSettings;
  readonly #context: StoreContext;
  readonly #book: ProfileBook;
  readonly #leftOut: LeftOut;
  #started: Started | null = null;

  constructor(settings: VictoriametricsSettings, context: StoreContext) {
    this.#settings = settings;
    this.#context = context;
    const lookUp = context.profile ?? (async (id: string) => builtInProfiles.get(id) ?? null);
    this.#book = new ProfileBook(lookUp, context.clock);
    this.#leftOut = new LeftOut(context.logger);
  }

  /** Debian's build does not say its version. */
  get description(): string {
    const version = this.#started?.server.version ?? '';
    return version === '' ? 'victoriametrics' : `victoriametrics ${version}`;
  }

  get fieldsLeftOut(): number {
    return this.#leftOut.total;
  }

  async start(): Promise<void> {
    const { database, queryTimeoutMs, url, writeTimeoutMs } = this.#settings;
    const { clock, logger } = this.#context;
    const authorization = await readAuthorization(this.#settings, 'Bearer');
    const client = new HttpClient({ url, authorization, connectionsMax, clock });
    try {
      const server = await askServer(client);
      checkFlags(server);
      const querier = victoriaQuerier(client, queryTimeoutMs);
      await querier.flush();
      await this.stop();
      const writer = new Writer({
        ...{ client, clock, database, logger, querier, server },
        timeoutMs: writeTimeoutMs,
      });
      this.#started = { client, server, querier, writer, retentionMs: retentionMs(server) };
    } catch (error) {
      client.close();
      throw error;
    }
    this.#compareRetention(this.#started.retentionMs);
    logger.info(
      `The store is ${this.description} at ${url}, rows have the label db="${database}".`,
    );
  }

  #compareRetention(keptMs: number | null): void {
    const { retentionHours } = this.#settings;
    if (retentionHours === undefined || keptMs === retentionHours * hourMs) return;
    const kept = keptMs === null ? 'for a time it does not say' : `${keptMs / hourMs} hours`;
    this.#context.logger.warn(
      `VictoriaMetrics keeps rows ${kept}, not ${retentionHours} hours: only its flag -retentionPeriod decides.`,
    );
  }

  async write(batch: LineBatch): Promise<WriteResult> {
    const started = this.#started;
    if (started === null) return { status: 'unavailable', reason: 'the store is not started' };
    try {
      const { body, leftOut, rejected } = await this.#translate(started, batch.lines);
      const result = await started.writer.write(body);
      if (result.status !== 'stored') return result;
      this.#leftOut.add(leftOut);
      return rejected.length === 0 ? result : { status: 'rejected', lines: rejected };
    } catch (error) {
      return unavailable(error);
    }
  }

  /** A profile that is not known yet is read, and the lines are looked at once more. */
  async #translate({ server, retentionMs }: Started, lines: Buffer): Promise<Translation> {
    const nowMs = this.#context.clock.nowMs();
    const oldestMs = retentionMs === null ? 0 : nowMs - retentionMs + retentionMarginMs;
    const options = {
      kindsOf: (profile: string) => this.#book.kindsOf(profile),
      oldestMs: Math.max(oldestMs, beginningMs),
      newestMs: nowMs + aheadMsMax - retentionMarginMs,
      lineBytesMax: flagNumber(server, 'influx.maxLineSize') ?? limits.packetBytesMax,
    };
    const translation = translateLines(lines, options);
    if (!(await this.#book.refresh(translation.wanted))) return translation;
    return translateLines(lines, options);
  }

  async totals(fromMs: number): Promise<StoreTotals> {
    return readTotals(await this.#reader(), fromMs);
  }

  async readings(query: ReadingsQuery): Promise<StoredReading[]> {
    await this.#book.refresh([query.profile]);
    const kinds = this.#book.kindsOf(query.profile) ?? new Map();
    return readReadings(await this.#reader(), query, kinds);
  }

  async ledger(query: LedgerQuery): Promise<DeviceLedger[]> {
    return readLedger(await this.#reader(), query);
  }

  /** Nothing: VictoriaMetrics removes rows by its own flag -retentionPeriod, and only by it. */
  async prune(_beforeMs: number): Promise<void> {}

  async problemsFor(devices: number): Promise<string[]> {
    const flag = 'search.maxUniqueTimeseries';
    const most = flagNumber(this.#running().server, flag);
    if (most === null || most === 0 || most >= devices) return [];
    return [
      `-${flag} is ${most}: rows can be stored, but not be counted; start it with ${devices}`,
    ];
  }

  async stop(): Promise<void> {
    this.#started?.client.close();
    this.#started = null;
  }

  /** What others have written becomes visible only after a while, unless it is asked for. */
  async #reader(): Promise<Reader> {
    const { querier, retentionMs, writer } = this.#running();
    await querier.flush();
    await writer.repair();
    const nowMs = this.#context.clock.nowMs();
    return {
      querier,
      database: this.#settings.database,
      oldestMs: retentionMs === null ? beginningMs : nowMs - retentionMs,
      endMs: nowMs + aheadMsMax,
    };
  }

  #running(): Started {
    if (this.#started) return this.#started;
    throw new OnrampError('store.unavailable', 'the store is not started');
  }
}
