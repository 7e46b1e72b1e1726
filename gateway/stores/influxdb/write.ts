/**
 * Writing to the three major versions, and what their answers mean.
 *
 * Sources: InfluxDB 1.x `/write`, 2.x `/api/v2/write`, 3 `/api/v3/write_lp` API references.
 * In 1.x a 400 with `partial write` or `unable to parse` has stored the good lines; in 2.x a 400
 * has stored nothing and a 422 the good lines; in 3 a 400 has stored the good lines and lists the
 * bad ones.
 */

import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { splitLines } from '../../../model/line-protocol.ts';
import type { HttpAnswer, HttpRequest } from '../http-client.ts';
import { retryAfter } from '../retry-after.ts';
import type { LineBatch, RejectedLine, WriteResult } from '../store.ts';
import { limitExceeded } from './capacity.ts';
import type { InfluxServer } from './detect.ts';

const compress = promisify(gzip);

export interface WriteTarget {
  readonly server: InfluxServer;
  readonly database: string;
  /** 2.x only. */
  readonly org: string;
  readonly gzip: boolean;
  readonly timeoutMs: number;
}

/** The request that writes `batch`. */
export async function writeRequest(target: WriteTarget, batch: LineBatch): Promise<HttpRequest> {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  const request = { method: 'POST', path: writePath(target), timeoutMs: target.timeoutMs } as const;
  if (!target.gzip) return { ...request, headers, body: batch.lines };
  // The lines repeat themselves so much that the fastest level gets most of the gain.
  const body = await compress(batch.lines, { level: constants.Z_BEST_SPEED });
  return { ...request, headers: { ...headers, 'content-encoding': 'gzip' }, body };
}

function writePath({ server, database, org }: WriteTarget): string {
  const db = encodeURIComponent(database);
  if (server.major === 1) return `/write?db=${db}&precision=ms`;
  if (server.major === 2) {
    return `/api/v2/write?org=${encodeURIComponent(org)}&bucket=${db}&precision=ms`;
  }
  return `/api/v3/write_lp?db=${db}&precision=millisecond&accept_partial=true`;
}

/** What `answer` says of `batch`. `nowMs` is wall time, for a Retry-After that is a date. */
export function resultOfWrite(answer: HttpAnswer, batch: LineBatch, nowMs: number): WriteResult {
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return { status: 'stored' };
  const error = errorOf(answer);
  const reason = `${status}: ${error?.message ?? answer.body.slice(0, 300)}`.trim();
  if (status === 413) return { status: 'too-large', reason };
  if (status === 401 || status === 403) {
    return { status: 'unavailable', reason, code: 'store.unauthorized' };
  }
  // Only an InfluxDB says it in JSON: a proxy's 400 is no verdict about our lines.
  if ((status === 400 || status === 422) && error !== null) {
    const limited = limitExceeded(error.message);
    if (limited !== null) return limited;
    const lines = rejectedLines(error.data, batch);
    return lines === null ? { status: 'refused', reason } : { status: 'rejected', lines };
  }
  const retryAfterMs = retryAfter(headers['retry-after'], nowMs);
  return { status: 'unavailable', reason, ...(retryAfterMs === null ? {} : { retryAfterMs }) };
}

interface InfluxError {
  readonly message: string;
  readonly data: unknown;
}

/** 1.x and 3 say `{"error": …}` (3 with `data`), 2.x `{"code": …, "message": …}`. */
function errorOf(answer: HttpAnswer): InfluxError | null {
  const header = answer.headers['x-influxdb-error'];
  try {
    const parsed = JSON.parse(answer.body) as Record<string, unknown>;
    const message = parsed.error ?? parsed.message;
    if (typeof message === 'string') return { message: message.slice(0, 1000), data: parsed.data };
  } catch {
    // Fall through: cut bodies and other people's pages are not JSON.
  }
  return header === undefined ? null : { message: header.slice(0, 1000), data: undefined };
}

/** Version 3 lists this many bad lines at most; a list this long may be cut. */
const listedLinesMax = 100;

/**
 * The lines version 3 lists, numbered from 1 and quoted in part. Null when there is no complete
 * list, or when it does not match the batch: a wrong line must never be given up.
 */
function rejectedLines(data: unknown, batch: LineBatch): RejectedLine[] | null {
  if (!Array.isArray(data) || data.length === 0 || data.length >= listedLinesMax) return null;
  const lines = splitLines(batch.lines);
  const rejected: RejectedLine[] = [];
  for (const entry of data as Record<string, unknown>[]) {
    const { line_number: number, original_line: original, error_message: reason } = entry;
    if (typeof number !== 'number' || typeof original !== 'string') return null;
    const line = lines[number - 1]?.toString('utf8');
    if (line === undefined) return null;
    const plain = /^[^\s\\"]*/.exec(original)?.[0] ?? '';
    if (plain === '' || !line.startsWith(plain)) return null;
    rejected.push({ index: number - 1, reason: String(reason ?? 'refused by the store') });
  }
  return rejected;
}
