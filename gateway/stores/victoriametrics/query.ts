/**
 * Asking VictoriaMetrics: samples as they are (`/api/v1/export`, a stream) and MetricsQL.
 *
 * Source: VictoriaMetrics documentation, "How to export data in JSON line format",
 * "Prometheus querying API enhancements", "MetricsQL".
 */

import { OnrampError } from '../../../model/errors.ts';
import { type HttpAnswer, type HttpClient, orUnavailable } from '../http-client.ts';

/** A part of one series; the same series may come in several parts, its samples in order of time. */
export interface VictoriaSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly timestampsMs: readonly number[];
  /** Null for what is no number. */
  readonly values: readonly (number | null)[];
}

export interface VictoriaQuerier {
  /**
   * Makes everything written so far visible to queries.
   * @throws OnrampError `store.unavailable`, `store.unauthorized`
   */
  flush(): Promise<void>;
  /** Samples with `fromMs` ≤ time < `toMs`; one with a timestamp of its series twice comes once. */
  series(
    selector: string,
    fromMs: number,
    toMs: number,
    take: (series: VictoriaSeries) => void,
  ): Promise<void>;
  /** The number that `expression` has, 0 for none; `$window` stands for `fromMs` ≤ time < `toMs`. */
  number(expression: string, fromMs: number, toMs: number): Promise<number>;
}

/** No row is older (2000-01-01): ranges from 1970 make some functions answer nothing. */
export const beginningMs = 946_684_800_000;

/** The server takes no timestamp further ahead than this. */
export const aheadMsMax = 2 * 86_400_000;

const rowsPerElement = 10_000;

/** `{label="value",…}`; a value that begins with `!` must not be. */
export function selector(labels: Readonly<Record<string, string>>): string {
  const filters = Object.entries(labels).map(([key, value]) =>
    value.startsWith('!')
      ? `${key}!=${JSON.stringify(value.slice(1))}`
      : `${key}=${JSON.stringify(value)}`,
  );
  return `{${filters.join(',')}}`;
}

/** In seconds, half a millisecond late: the server cuts to whole milliseconds. */
const time = (ms: number): string => ((ms + 0.5) / 1000).toFixed(4);

export function victoriaQuerier(client: HttpClient, timeoutMs: number): VictoriaQuerier {
  const form = (path: string, parameters: Record<string, string>) => ({
    method: 'POST' as const,
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(parameters).toString(),
    timeoutMs,
  });
  return {
    async flush() {
      const path = '/internal/force_flush';
      failUnlessOk(await orUnavailable(client.send({ method: 'GET', path, timeoutMs })), path);
    },
    async series(match, fromMs, toMs, take) {
      if (toMs <= fromMs) return;
      const request = form('/api/v1/export', {
        'match[]': match,
        start: time(fromMs),
        end: time(toMs - 1),
        max_rows_per_line: String(rowsPerElement),
      });
      const answer = await orUnavailable(
        client.sendForElements(request, (element) => take(seriesOf(element as ExportedSeries))),
      );
      failUnlessOk(answer, request.path);
    },
    async number(expression, fromMs, toMs) {
      if (toMs <= fromMs) return 0;
      // A window is open at its beginning; nocache also turns -search.latencyOffset off.
      const query = expression.replaceAll('$window', `[${toMs - fromMs}ms]`);
      const request = form('/api/v1/query', { query, time: time(toMs - 1), nocache: '1' });
      const answer = await orUnavailable(client.send(request));
      failUnlessOk(answer, request.path);
      const parsed = JSON.parse(answer.body) as InstantAnswer;
      return Number(parsed.data?.result?.[0]?.value?.[1] ?? 0);
    },
  };
}

interface ExportedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (number | string | null)[];
  readonly timestamps: readonly number[];
}

interface InstantAnswer {
  readonly data?: { readonly result?: readonly { readonly value?: readonly unknown[] }[] };
}

function seriesOf({ metric, timestamps, values }: ExportedSeries): VictoriaSeries {
  return {
    labels: metric,
    timestampsMs: timestamps,
    values: values.map((value) => (typeof value === 'number' ? value : null)),
  };
}

function failUnlessOk({ body, status }: HttpAnswer, path: string): void {
  if (status >= 200 && status < 300) return;
  const code = status === 401 || status === 403 ? 'store.unauthorized' : 'store.unavailable';
  throw new OnrampError(code, `${status} on ${path}: ${body.slice(0, 300)}`);
}
