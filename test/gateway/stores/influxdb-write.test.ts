/** What InfluxDB's answers to a write mean. The answers of 2.x and 3 are those of their documents. */

import { describe, expect, test } from 'vitest';
import type { HttpAnswer } from '../../../gateway/stores/http-client.ts';
import { resultOfWrite, writeRequest } from '../../../gateway/stores/influxdb/write.ts';
import { retryAfter } from '../../../gateway/stores/retry-after.ts';

const nowMs = Date.parse('2026-11-24T10:00:00Z');
const lines = Buffer.from(
  'home,room=Sunroom temp=96 1735545600000\nhome,room=Sunroom temp="hi" 1735549200000\ncpu,host=a val= 123\n',
);
const batch = { lines, lineCount: 3 };

function result(status: number, body: unknown = '', headers: HttpAnswer['headers'] = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return resultOfWrite({ status, headers, body: text }, batch, nowMs);
}

test('204 is stored', () => {
  expect(result(204)).toEqual({ status: 'stored' });
});

describe('1.x', () => {
  test.each([
    'partial write: field type conflict: input field "a" on measurement "m" is type float, already exists as type string dropped=1',
    "partial write: unable to parse 'garbage': missing fields dropped=0",
    "unable to parse 'garbage': missing fields",
    'partial write: points beyond retention policy dropped=1',
  ])('400 %s is refused', (error) => {
    expect(result(400, { error })).toEqual({ status: 'refused', reason: `400: ${error}` });
  });

  test.each([
    'max-values-per-tag limit exceeded (100000/100000): measurement="m" tag="device" value="x"',
    'max-series-per-database limit exceeded: (1000000)',
  ])('400 %s is no fault of a line', (limit) => {
    const answered = result(400, { error: `partial write: ${limit} dropped=1` });
    expect(answered).toMatchObject({
      status: 'unavailable',
      code: 'store.limits-too-small',
      reason: expect.stringContaining(limit),
    });
  });

  test('a missing database, an overload and a full cache are tried again', () => {
    for (const [status, error] of [
      [404, 'database not found: "onramp"'],
      [500, 'timeout'],
      [500, 'engine: cache-max-memory-size exceeded: (1073741909/1073741824)'],
      [503, 'Service unavailable'],
    ] as const) {
      expect(result(status, { error })).toEqual({
        status: 'unavailable',
        reason: `${status}: ${error}`,
      });
    }
  });
});

describe('2.x', () => {
  test('400 and 422 are refused', () => {
    const parse = { code: 'invalid', message: "unable to parse 'cpu': missing fields" };
    expect(result(400, parse)).toMatchObject({ status: 'refused' });
    const conflict = {
      code: 'unprocessable entity',
      message: 'failure writing points to database: partial write: field type conflict dropped=1',
    };
    expect(result(422, conflict)).toMatchObject({ status: 'refused' });
  });

  test('413 is too large', () => {
    const body = {
      code: 'request too large',
      message: 'cannot read data: points batch is too large',
    };
    expect(result(413, body)).toMatchObject({ status: 'too-large' });
  });

  test('429 and 503 wait as long as the server says, in seconds', () => {
    for (const status of [429, 503]) {
      expect(result(status, '', { 'retry-after': '7' })).toMatchObject({
        status: 'unavailable',
        retryAfterMs: 7000,
      });
    }
  });
});

describe('3', () => {
  const rejected = (entries: readonly [number, string][]) => ({
    error: 'partial write of line protocol occurred',
    data: entries.map(([line_number, original_line]) => ({
      original_line,
      line_number,
      error_message: 'invalid column type',
    })),
  });

  test('the lines it lists are rejected, numbered from 1, quoted as it pleases', () => {
    const body = rejected([
      [2, 'home,room=Sunroom temp=hi 1735549200'],
      [3, 'cpu,host=a val='],
    ]);
    expect(result(400, body)).toEqual({
      status: 'rejected',
      lines: [
        { index: 1, reason: 'invalid column type' },
        { index: 2, reason: 'invalid column type' },
      ],
    });
  });

  test.each<[string, unknown]>([
    ['a list that may be cut', rejected(Array.from({ length: 100 }, () => [2, 'home,room=S']))],
    ['a line that is not at its place', rejected([[1, 'cpu,host=a val= 123']])],
    ['a line beyond the batch', rejected([[4, 'cpu,host=a val= 123']])],
    ['a line without its text', rejected([[1, '']])],
    ['no list', { error: 'parsing failed for write_lp endpoint', data: { line_number: 1 } }],
  ])('%s is refused, so that no wrong line is given up', (_name, body) => {
    expect(result(400, body)).toMatchObject({ status: 'refused' });
  });
});

describe('any version', () => {
  test('401 and 403 say that it is about credentials', () => {
    for (const status of [401, 403]) {
      expect(result(status, { error: 'authorization failed' })).toEqual({
        status: 'unavailable',
        reason: `${status}: authorization failed`,
        code: 'store.unauthorized',
      });
    }
  });

  test('what is no answer of an InfluxDB is no verdict about lines', () => {
    for (const status of [301, 400, 405, 408, 418, 422, 502]) {
      const page = '<html>The plain HTTP request was sent to HTTPS port</html>';
      expect(result(status, page)).toMatchObject({ status: 'unavailable' });
    }
  });

  test('reasons are bounded', () => {
    const answer = result(400, { error: 'x'.repeat(50_000) });
    expect('reason' in answer && answer.reason.length).toBeLessThan(1100);
  });
});

test('Retry-After is seconds or a date, bounded', () => {
  expect(retryAfter(undefined, nowMs)).toBeNull();
  expect(retryAfter('30', nowMs)).toBe(30_000);
  expect(retryAfter('0', nowMs)).toBe(0);
  expect(retryAfter('Tue, 24 Nov 2026 10:00:10 GMT', nowMs)).toBe(10_000);
  expect(retryAfter('Tue, 24 Nov 2026 09:00:00 GMT', nowMs)).toBe(0);
  expect(retryAfter('soon', nowMs)).toBeNull();
  expect(retryAfter('99999999', nowMs)).toBe(300_000);
});

test('each version is written to at its own address', async () => {
  const target = { database: 'a b', org: 'o&1', gzip: false, timeoutMs: 1 };
  const path = async (major: 1 | 2 | 3) =>
    (await writeRequest({ ...target, server: { major, version: '' } }, batch)).path;
  expect(await path(1)).toBe('/write?db=a%20b&precision=ms');
  expect(await path(2)).toBe('/api/v2/write?org=o%261&bucket=a%20b&precision=ms');
  expect(await path(3)).toBe('/api/v3/write_lp?db=a%20b&precision=millisecond&accept_partial=true');
});
