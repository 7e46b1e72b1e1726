/** InfluxQL over HTTP: quoting, and queries whose answers are read as a stream. */

import { OnrampError } from '../../../model/errors.ts';
import { type HttpClient, orUnavailable } from '../http-client.ts';

/** One series of an answer, or a part of one. */
export interface InfluxSeries {
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

/** Runs statements against one database. */
export interface Querier {
  /**
   * Runs one statement; `take` gets the series of its answer in order. Timestamps are milliseconds.
   * @throws OnrampError `store.unavailable`, `store.unauthorized`
   */
  run(statement: string, take: (series: InfluxSeries) => void): Promise<void>;
}

/** A name in double quotes. */
export function identifier(name: string): string {
  return `"${escapeBackslashes(name).replaceAll('"', '\\"')}"`;
}

/** A string in single quotes. */
export function literal(text: string): string {
  return `'${escapeBackslashes(text).replaceAll("'", "\\'")}'`;
}

const escapeBackslashes = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** The part of a WHERE clause that holds for `fromMs` ≤ time < `toMs`. */
export function timeWindow(fromMs: number, toMs: number): string {
  return `time >= ${Math.ceil(fromMs)}ms AND time < ${Math.ceil(toMs)}ms`;
}

interface ElementOfAnswer {
  readonly error?: string;
  readonly results?: readonly { readonly error?: string; readonly series?: InfluxSeries[] }[];
}

/** Queries through `/query`, which every major version answers. */
export function influxQuerier(client: HttpClient, database: string, timeoutMs: number): Querier {
  return {
    async run(statement, take) {
      const parameters = { db: database, epoch: 'ms', chunked: 'true', q: statement };
      let error: string | undefined;
      const answer = await orUnavailable(
        client.sendForElements(
          {
            method: 'POST',
            path: '/query',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: new URLSearchParams(parameters).toString(),
            timeoutMs,
          },
          (element) => {
            const { results = [], error: whole } = element as ElementOfAnswer;
            error ??= whole;
            for (const result of results) {
              error ??= result.error;
              for (const series of result.series ?? []) take(series);
            }
          },
        ),
      );
      if (answer.status === 401 || answer.status === 403) {
        throw new OnrampError('store.unauthorized', answer.body.slice(0, 300));
      }
      if (answer.status !== 200) error ??= `${answer.status}: ${answer.body.slice(0, 300)}`;
      if (error !== undefined) throw new OnrampError('store.unavailable', error);
    },
  };
}
