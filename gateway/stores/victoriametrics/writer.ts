/** Writes to one VictoriaMetrics, and writes again what it may have lost when it was started again. */

import type { Clock } from '../../../model/clock.ts';
import { OnrampError } from '../../../model/errors.ts';
import type { StoreLogger } from '../context.ts';
import { type HttpAnswer, type HttpClient, orUnavailable } from '../http-client.ts';
import { retryAfter } from '../retry-after.ts';
import type { WriteResult } from '../store.ts';
import type { VictoriaQuerier } from './query.ts';
import { RecentWrites } from './recent-writes.ts';
import { askServer, flushIntervalMs, type VictoriaServer } from './server.ts';

export interface WriterOptions {
  readonly client: HttpClient;
  readonly querier: Pick<VictoriaQuerier, 'flush'>;
  readonly server: VictoriaServer;
  readonly database: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly logger: StoreLogger;
}

export class Writer {
  readonly #options: WriterOptions;
  readonly #recent: RecentWrites;
  #startedAtS: number;
  /** Connections that were opened when the server was last known to be the same. */
  #opened: number;
  #checking: Promise<void> | null = null;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#recent = new RecentWrites(options.clock, flushIntervalMs(options.server));
    this.#startedAtS = options.server.startedAtS;
    this.#opened = options.client.opened;
  }

  /**
   * Writes lines that the server can read. `stored` means that queries see them.
   * @throws OnrampError `store.unavailable`, `store.unauthorized`
   */
  async write(body: Buffer): Promise<WriteResult> {
    const { clock, querier } = this.#options;
    if (body.length > 0) {
      const { body: text, headers, status } = await orUnavailable(this.#post(body));
      const reason = `${status}: ${text.slice(0, 300)}`;
      if (status === 413) return { status: 'too-large', reason };
      if (status === 401 || status === 403) {
        return { status: 'unavailable', reason, code: 'store.unauthorized' };
      }
      // A 400 is no verdict about a line: the server skips what it cannot read and answers 204.
      if (status < 200 || status >= 300) {
        const retryAfterMs = retryAfter(headers['retry-after'], clock.nowMs());
        return { status: 'unavailable', reason, ...(retryAfterMs !== null && { retryAfterMs }) };
      }
      await querier.flush();
      this.#recent.add(body);
    }
    await this.repair();
    return { status: 'stored' };
  }

  /**
   * Writes the last rows again if the server was started again since. Only over a new connection
   * can another server answer than the one that took the last write.
   * @throws OnrampError `store.unavailable`, `store.unauthorized`
   */
  async repair(): Promise<void> {
    while (this.#opened !== this.#options.client.opened) {
      this.#checking ??= this.#checkServer().finally(() => {
        this.#checking = null;
      });
      await this.#checking;
    }
  }

  #post(body: Buffer): Promise<HttpAnswer> {
    const { client, database, timeoutMs } = this.#options;
    const path = `/write?db=${encodeURIComponent(database)}&precision=ms`;
    const headers = { 'content-type': 'text/plain; charset=utf-8' };
    return client.send({ method: 'POST', path, headers, body, timeoutMs });
  }

  async #checkServer(): Promise<void> {
    const { client, logger, querier } = this.#options;
    const { opened } = client;
    const { startedAtS } = await askServer(client);
    if (startedAtS !== this.#startedAtS) {
      const bodies = this.#recent.bodies();
      for (const body of bodies) {
        const { body: text, status } = await orUnavailable(this.#post(body));
        if (status >= 200 && status < 300) continue;
        throw new OnrampError('store.unavailable', `${status}: ${text.slice(0, 300)}`);
      }
      await querier.flush();
      logger.info(
        `VictoriaMetrics was started again: the last ${bodies.length} writes were repeated, for it may have lost them.`,
      );
      this.#startedAtS = startedAtS;
    }
    this.#opened = opened;
  }
}
